package dev.terroir.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/// What changed between two locks, sorted by name. Immutable.
///
/// @param added packages that only the second has
/// @param removed packages that only the first has
/// @param changed packages whose version or artifact differs
/// @since 0.1
public record LockDifference(
    List<LockedPackage> added, List<LockedPackage> removed, List<Change> changed) {

  /// A package in two shapes.
  public record Change(LockedPackage before, LockedPackage after) {}

  /// Copies the lists.
  public LockDifference {
    added = List.copyOf(added);
    removed = List.copyOf(removed);
    changed = List.copyOf(changed);
  }

  /// Compares two locks.
  public static LockDifference between(Lock before, Lock after) {
    var added = new ArrayList<LockedPackage>();
    var removed = new ArrayList<LockedPackage>();
    var changed = new ArrayList<Change>();
    var names = new TreeSet<String>();
    before.packages().forEach(item -> names.add(item.name()));
    after.packages().forEach(item -> names.add(item.name()));
    for (var name : names) {
      var left = before.find(name);
      var right = after.find(name);
      if (left.isEmpty()) {
        added.add(right.orElseThrow());
      } else if (right.isEmpty()) {
        removed.add(left.orElseThrow());
      } else if (!left.get().version().equals(right.get().version())
          || !left.get().artifact().sha256().equals(right.get().artifact().sha256())) {
        changed.add(new Change(left.get(), right.get()));
      }
    }
    return new LockDifference(added, removed, changed);
  }

  /// Whether both install the same.
  public boolean isEmpty() {
    return added.isEmpty() && removed.isEmpty() && changed.isEmpty();
  }
}
