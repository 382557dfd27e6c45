package dev.terroir.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// What changed between two locks: conda packages, then those of the index, each sorted by name. A
/// name of one kind is compared with the same name of that kind only. Immutable.
///
/// @param added packages that only the second has
/// @param removed packages that only the first has
/// @param changed packages whose version, build or archive differs
/// @since 0.1
public record LockDifference(List<Locked> added, List<Locked> removed, List<Change> changed) {

  /// A package in two shapes, both of one kind.
  public record Change(Locked before, Locked after) {}

  /// Copies the lists.
  public LockDifference {
    added = List.copyOf(added);
    removed = List.copyOf(removed);
    changed = List.copyOf(changed);
  }

  /// Compares two locks.
  public static LockDifference between(Lock before, Lock after) {
    var added = new ArrayList<Locked>();
    var removed = new ArrayList<Locked>();
    var changed = new ArrayList<Change>();
    compare(before.conda().packages(), after.conda().packages(), added, removed, changed);
    compare(before.packages(), after.packages(), added, removed, changed);
    return new LockDifference(added, removed, changed);
  }

  private static void compare(
      List<? extends Locked> before,
      List<? extends Locked> after,
      List<Locked> added,
      List<Locked> removed,
      List<Change> changed) {
    var left = byName(before);
    var right = byName(after);
    var names = new TreeSet<>(left.keySet());
    names.addAll(right.keySet());
    for (var name : names) {
      var one = left.get(name);
      var other = right.get(name);
      if (one == null) {
        if (other != null) {
          added.add(other);
        }
      } else if (other == null) {
        removed.add(one);
      } else if (!isSame(one, other)) {
        changed.add(new Change(one, other));
      }
    }
  }

  private static Map<String, Locked> byName(List<? extends Locked> packages) {
    var map = new TreeMap<String, Locked>();
    packages.forEach(item -> map.put(item.name(), item));
    return map;
  }

  // A channel that tells SHA-256 today told only MD5 before; the archive is the same.
  private static boolean isSame(Locked one, Locked other) {
    return one.title().equals(other.title())
        && (one.digest().equals(other.digest())
            || (one instanceof CondaPackage before
                && other instanceof CondaPackage after
                && before.md5() != null
                && before.md5().equals(after.md5())
                && before.fileName().equals(after.fileName())));
  }

  /// Whether both install the same.
  public boolean isEmpty() {
    return added.isEmpty() && removed.isEmpty() && changed.isEmpty();
  }
}
