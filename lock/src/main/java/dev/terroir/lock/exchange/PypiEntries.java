package dev.terroir.lock.exchange;

import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.web.Percent;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the packages of a document that come from Python indexes, by URL, or are built of sources.
///
/// @param refusals told what cannot be read
/// @param indexes of the environment
record PypiEntries(Refusals refusals, List<String> indexes) {
  private static final Set<String> DIRECT = Set.of("direct+https", "direct+http", "direct+file");
  private static final Pattern ARCHIVE = Pattern.compile(".*\\.(?:zip|tar\\.[a-z0-9]+)");
  private static final Pattern CHECKOUT = Pattern.compile("(?:git|hg|svn|bzr)\\+.*");
  private static final Pattern LOGIN = Pattern.compile("^(https?://)[^/@]*@");

  /// What a package is built of.
  sealed interface Origin {
    /// A commit of a repository.
    record Commit(RepositoryCommit commit) implements Origin {}

    /// A directory of this machine.
    record Directory(Path path) implements Origin {}
  }

  /// Whether an entry names no archive, so that its wheel has to be built.
  static boolean isSource(LockEntry.Pypi item) {
    if (item.location().isEmpty()) {
      return false;
    }
    var file = fileName(location(item));
    return CHECKOUT.matcher(item.location()).matches()
        || item.more().optionalBoolean("editable").orElse(false)
        || (WheelFileName.parse(file).isEmpty()
            && SdistFileName.parse(file).isEmpty()
            && !ARCHIVE.matcher(file).matches());
  }

  private static boolean isDirect(LockEntry.Pypi item) {
    return DIRECT.contains(item.location().replaceFirst("://.*", ""));
  }

  private static String location(LockEntry.Pypi item) {
    return isDirect(item) ? item.location().substring(7) : item.location();
  }

  private static String fileName(String location) {
    return Percent.decoded(LockEntry.Conda.fileName(location.replaceFirst("[#?].*", "")));
  }

  /// What a package is built of, or null when it is refused.
  @Nullable Origin origin(LockEntry.Pypi item, Place place) {
    return origin(item.location(), location(item), item.name(), place);
  }

  /// What a conda package of sources is built of here, as far as it is a project of Python; null
  /// when it is refused.
  @Nullable Origin origin(LockEntry.Source item, Place place) {
    var at = item.location().indexOf(" @ ");
    var location = at < 0 ? item.location() : item.location().substring(at + 3);
    return origin(location, location, item.name(), place);
  }

  private @Nullable Origin origin(String written, String location, String name, Place place) {
    if (CHECKOUT.matcher(written).matches()) {
      var commit =
          RepositoryCommit.parse(written)
              .or(() -> RepositoryCommit.parsePixi(written))
              .orElse(null);
      if (commit == null) {
        refusals.refuse(
            "`" + name + "` is a checkout of a repository, and of no commit of git",
            place,
            "only a commit of git names the same files ever after");
        return null;
      }
      return new Origin.Commit(
          new RepositoryCommit(
              LOGIN.matcher(commit.url()).replaceFirst("$1"),
              commit.commit(),
              commit.subdirectory()));
    }
    if (location.contains("://") && !location.startsWith("file:")) {
      refusals.refuse("`" + name + "` is no archive", place);
      return null;
    }
    var path =
        location.startsWith("file:") ? ofUrl(location) : refusals.path(location, name, place);
    if (path != null && !Files.isDirectory(path)) {
      refusals.refuse(
          "`" + name + "` is built of a folder that is not there",
          place,
          "there is no folder " + path,
          "lay the project's files beside the lock, or choose an environment without it with"
              + " --environment");
      return null;
    }
    if (path != null
        && !Files.isRegularFile(path.resolve("pyproject.toml"))
        && !Files.isRegularFile(path.resolve("setup.py"))) {
      refusals.refuse(
          "`" + name + "` is built of a folder that holds no project of Python",
          place,
          path
              + " has neither `pyproject.toml` nor `setup.py`; what pixi builds there by another"
              + " tool is not built here",
          "lay the project's files beside the lock, or choose an environment without it with"
              + " --environment");
      return null;
    }
    return path == null ? null : new Origin.Directory(path);
  }

  private static Path ofUrl(String url) {
    try {
      return Path.of(URI.create(url.replaceFirst("^file:/*", "file:///"))).normalize();
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return Path.of("/", url);
    }
  }

  /// Reads a package that has an archive; null when it is refused.
  @Nullable LockedPackage read(LockEntry.Pypi item, Place place) {
    var name = DistributionName.normalized(item.name());
    if (item.location().isEmpty()) {
      refusals.refuse("`" + name + "` has no place where it is fetched", place);
      return null;
    }
    var isDirect = isDirect(item);
    var location = location(item);
    var file = fileName(location);
    var wheel = WheelFileName.parse(file);
    var sdist = SdistFileName.parse(file);
    var url = refusals.url(location, name, place);
    if (url == null) {
      return null;
    }
    var told = refusals.digest(item.sha256(), 64, name, place);
    var sha256 = told == null ? Refusals.localDigest(url) : told;
    if (sha256 == null) {
      refusals.refuse(
          "`" + name + "` has no SHA-256",
          place,
          "nothing says that the archive that is fetched is the one that was locked");
      return null;
    }
    var version =
        item.version() != null
            ? item.version()
            : wheel
                .map(WheelFileName::version)
                .or(() -> sdist.map(SdistFileName::version))
                .orElse(null);
    if (version == null) {
      refusals.refuse("`" + name + "` has no version", place);
      return null;
    }
    var kind =
        isDirect || url.startsWith("file:")
            ? "archive"
            : wheel.isPresent() ? "wheel" : sdist.isPresent() ? "sdist" : "archive";
    return new LockedPackage(
        name,
        version,
        new LockedPackage.Artifact(
            kind, url, file, sha256, Math.max(-1, Fields.number(item.more(), "size"))),
        kind.equals("archive") || indexes.isEmpty() ? null : Fields.anonymous(indexes.getFirst()),
        List.of());
  }

  /// The packages with who requires them.
  static List<LockedPackage> required(
      Map<String, LockedPackage> packages, Map<String, List<String>> requirements) {
    var by = new HashMap<String, List<String>>();
    for (var item : packages.values()) {
      for (var requirement : requirements.getOrDefault(item.name(), List.of())) {
        var name = DistributionName.normalized(LockDocuments.specName(requirement));
        if (packages.containsKey(name) && !name.equals(item.name())) {
          by.computeIfAbsent(name, _ -> new ArrayList<>()).add(item.name());
        }
      }
    }
    return packages.values().stream()
        .map(item -> item.withRequiredBy(CondaEntries.requirers(by.get(item.name()))))
        .toList();
  }
}
