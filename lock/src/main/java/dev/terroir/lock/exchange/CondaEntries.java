package dev.terroir.lock.exchange;

import dev.terroir.environment.conda.CondaFileName;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.problem.Place;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the conda packages of a document.
///
/// @param refusals told what cannot be read
record CondaEntries(Refusals refusals) {
  private static final Pattern PURL = Pattern.compile("pkg:pypi/([^@?#]+)(?:@([^?#]+))?.*");

  @Nullable CondaPackage read(LockEntry.Conda item, Place place, String platform) {
    var url = refusals.url(item.location(), item.name(), place);
    if (url == null) {
      return null;
    }
    var parts = LockEntry.Conda.parts(url);
    var build = item.build();
    // rattler's first locks give the platform of the environment for packages of `noarch`.
    var subdir = LockEntry.Conda.folder(url).orElse(item.subdir());
    if (build == null || subdir == null) {
      refusals.refuse(
          "`"
              + item.name()
              + "` has no "
              + (build == null ? "build" : "platform folder in its location"),
          place);
      return null;
    }
    var sha256 = refusals.digest(item.sha256(), 64, item.name(), place);
    var md5 = refusals.digest(item.md5(), 32, item.name(), place);
    if (sha256 == null && md5 == null) {
      sha256 = Refusals.localDigest(url);
    }
    if (sha256 == null && md5 == null) {
      refusals.refuse(
          "`" + item.name() + "` has no digest",
          place,
          "nothing says that the archive that is fetched is the one that was locked");
      return null;
    }
    if (!subdir.equals(platform) && !subdir.equals("noarch")) {
      refusals.refuse("`" + item.name() + "` is for " + subdir + ", not " + platform, place);
      return null;
    }
    var number = Fields.number(item.more(), "build_number");
    var folder = url.substring(0, url.lastIndexOf('/'));
    return new CondaPackage(
        item.name().toLowerCase(java.util.Locale.ROOT),
        item.version(),
        build,
        number >= 0 ? number : parts.map(CondaFileName::buildNumber).orElse(0L),
        subdir,
        folder.endsWith("/" + subdir)
            ? folder.substring(0, folder.length() - subdir.length() - 1)
            : folder,
        url,
        sha256,
        md5,
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        noarch(item, subdir, build),
        Fields.text(item.more(), "python_site_packages_path"),
        item.license(),
        item.timestampMillis(),
        distributions(item),
        List.of());
  }

  // As rattler guesses it for locks that do not say.
  private static @Nullable String noarch(LockEntry.Conda item, String subdir, String build) {
    if (item.noarch() != null || !subdir.equals("noarch")) {
      return item.noarch();
    }
    return build.startsWith("py") ? "python" : "generic";
  }

  private static List<CondaPackage.Distribution> distributions(LockEntry.Conda item) {
    var found = new ArrayList<CondaPackage.Distribution>();
    for (var purl : item.purls() == null ? List.<String>of() : item.purls()) {
      var matcher = PURL.matcher(purl);
      if (matcher.matches()) {
        found.add(
            new CondaPackage.Distribution(
                DistributionName.normalized(matcher.group(1)),
                matcher.group(2) == null ? item.version() : matcher.group(2)));
      }
    }
    return found;
  }

  /// The packages with who requires them.
  static List<CondaPackage> required(Map<String, CondaPackage> packages) {
    var by = new HashMap<String, List<String>>();
    for (var item : packages.values()) {
      for (var spec : item.depends()) {
        var name = LockDocuments.specName(spec);
        if (packages.containsKey(name) && !name.equals(item.name())) {
          by.computeIfAbsent(name, _ -> new ArrayList<>()).add(item.name());
        }
      }
    }
    return packages.values().stream()
        .map(item -> item.withRequiredBy(requirers(by.get(item.name()))))
        .toList();
  }

  // Who requires what is not in every file; the definition names every package anyway.
  static List<String> requirers(@Nullable List<String> names) {
    return names == null
        ? List.of(LockedPackage.DEFINITION)
        : names.stream().distinct().sorted().toList();
  }
}
