package dev.terroir.image.build;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Locked;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Spreads the packages of a lock over layers, so that equal packages meet in equal layers in as
/// many images as possible, and engines' limit of 127 layers is kept.
///
/// Each package stands alone while there are few. When there are more than [#MAX_ALONE], those
/// whose archives are smaller than a threshold share [#BUCKETS] layers, chosen by a hash of the
/// name, so that one package more or less changes one bucket; the threshold is the first of a fixed
/// row that leaves few enough alone. Where a lock has packages of both kinds, each kind has its own
/// shared layers, and so many fewer stand alone.
///
/// The largest come first: an engine keeps unpacked layers by the chain of all below, and the large
/// ones are those that images share. Conda packages come before those of the index, which win where
/// both bring a path.
///
/// @since 0.1
public final class Buckets {
  /// At most so many layers of one package each.
  public static final int MAX_ALONE = 80;

  /// So many layers share the rest.
  public static final int BUCKETS = 20;

  /// Archives of unknown size count as this many bytes.
  private static final long UNKNOWN_BYTES = 1 << 20;

  /// The first threshold that is tried when there are too many packages, in bytes; it doubles until
  /// few enough stand alone.
  private static final long FIRST_THRESHOLD_BYTES = 128 << 10;

  private Buckets() {}

  /// The packages of one layer, sorted by name.
  ///
  /// @param packages at least one
  public record Bucket(List<Locked> packages) {
    /// Copies the list.
    public Bucket {
      packages = packages.stream().sorted(Comparator.comparing(Locked::name)).toList();
    }

    /// Whether its packages are conda's.
    public boolean isConda() {
      return packages.getFirst() instanceof CondaPackage;
    }

    /// Names and versions, as a history entry shows them.
    public String title() {
      return String.join(", ", packages.stream().map(Locked::title).toList());
    }
  }

  /// The layers of a lock's packages, in the order of the image.
  public static List<Bucket> of(List<? extends Locked> packages) {
    var conda = packages.stream().filter(CondaPackage.class::isInstance).toList();
    var wheels = packages.stream().filter(LockedPackage.class::isInstance).toList();
    var maxAlone = conda.isEmpty() || wheels.isEmpty() ? MAX_ALONE : MAX_ALONE - BUCKETS;
    var threshold = 0L;
    while (count(packages, threshold) > maxAlone) {
      threshold = threshold == 0 ? FIRST_THRESHOLD_BYTES : threshold * 2;
    }
    var buckets = new ArrayList<Bucket>();
    add(conda, threshold, buckets);
    add(wheels, threshold, buckets);
    return List.copyOf(buckets);
  }

  private static void add(List<? extends Locked> packages, long threshold, List<Bucket> buckets) {
    var alone = new ArrayList<Locked>();
    Map<Integer, List<Locked>> shared = new TreeMap<>();
    for (var item : packages) {
      if (size(item) >= threshold) {
        alone.add(item);
      } else {
        shared.computeIfAbsent(bucketOf(item.name()), _ -> new ArrayList<>()).add(item);
      }
    }
    alone.sort(Comparator.comparingLong(Buckets::size).reversed().thenComparing(Locked::name));
    alone.forEach(item -> buckets.add(new Bucket(List.of(item))));
    shared.values().forEach(items -> buckets.add(new Bucket(items)));
  }

  private static long count(List<? extends Locked> packages, long threshold) {
    return packages.stream().filter(item -> size(item) >= threshold).count();
  }

  private static long size(Locked item) {
    return item.sizeBytes() < 0 ? UNKNOWN_BYTES : item.sizeBytes();
  }

  private static int bucketOf(String name) {
    return Integer.parseInt(Sha256.of(name).hex().substring(0, 6), 16) % BUCKETS;
  }
}
