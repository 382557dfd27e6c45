package dev.terroir.image.license;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.archive.fetch.ArchiveStore;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.Locked;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// The licences of a lock's packages. Immutable.
///
/// @param byLicense the packages of each licence, as the packages spell it, sorted without regard
///   to case
/// @param unknown packages that tell none
/// @since 0.1
public record Licenses(Map<String, List<Locked>> byLicense, List<Locked> unknown) {
  /// Copies the collections.
  public Licenses {
    var copy = new TreeMap<String, List<Locked>>(Licenses::order);
    byLicense.forEach((license, packages) -> copy.put(license, List.copyOf(packages)));
    byLicense = Collections.unmodifiableMap(copy);
    unknown = List.copyOf(unknown);
  }

  private static int order(String a, String b) {
    var folded = a.toLowerCase(Locale.ROOT).compareTo(b.toLowerCase(Locale.ROOT));
    return folded != 0 ? folded : a.compareTo(b);
  }

  /// Reads them. Wheels that are not in the store are fetched into it.
  ///
  /// @throws dev.terroir.image.ImageException as [ArchiveStore#wheels]
  public static Licenses of(Lock lock, ArchiveStore store, Progress progress) {
    var found = new TreeMap<String, List<Locked>>();
    var unknown = new ArrayList<Locked>();
    for (CondaPackage item : lock.conda().packages()) {
      var license = item.license();
      if (license == null || license.isBlank()) {
        unknown.add(item);
      } else {
        found.computeIfAbsent(license.strip(), _ -> new ArrayList<>()).add(item);
      }
    }
    var wheels = store.wheels(lock, progress);
    for (int i = 0; i < wheels.size(); i++) {
      var item = lock.packages().get(i);
      try (var wheel = WheelArchive.open(wheels.get(i).file(), wheels.get(i).fileName())) {
        WheelLicense.of(wheel.metadata())
            .ifPresentOrElse(
                license -> found.computeIfAbsent(license, _ -> new ArrayList<>()).add(item),
                () -> unknown.add(item));
      }
    }
    return new Licenses(found, unknown);
  }
}
