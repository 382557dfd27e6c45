package dev.terroir.resolve.artifact;

import com.electronwill.nightconfig.core.UnmodifiableConfig;
import com.electronwill.nightconfig.toml.TomlParser;
import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Percent;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Reads the `pylock.toml` that uv writes and keeps one artifact of each package.
///
/// @since 0.1
public final class Pylock {
  private final WheelTags tags;
  private final Path directory;
  private final Map<String, Set<String>> hashes;
  private final Sources sources;

  /// Makes wheels of what is no archive.
  ///
  /// @since 0.1
  public interface Sources {
    /// The wheel of a commit.
    Path ofCommit(RepositoryCommit commit);

    /// The wheel of a directory.
    Path ofDirectory(Path directory);
  }

  /// @param tags what fits
  /// @param directory what relative paths are relative to
  /// @param hashes for packages whose artifacts the user chose by hash, the SHA-256 that are
  ///   allowed
  /// @param sources asked for what other packages require by repository or directory
  public Pylock(WheelTags tags, Path directory, Map<String, Set<String>> hashes, Sources sources) {
    this.sources = sources;
    this.hashes = hashes;
    this.tags = tags;
    this.directory = directory;
  }

  /// The packages of a lock; who requires them is not said in the file.
  ///
  /// @throws ResolveException code `requirement-not-lockable` for what has no hash, as the checkout
  ///   of another version control system than git
  public List<LockedPackage> read(String toml) {
    var packages = new ArrayList<LockedPackage>();
    for (var table : tables(new TomlParser().parse(toml), "packages")) {
      packages.add(entry(table));
    }
    return packages;
  }

  private LockedPackage entry(UnmodifiableConfig table) {
    var name = text(table, "name");
    var artifact = chosen(name, table);
    var index = string(table, "index");
    var version = string(table, "version");
    return new LockedPackage(
        name,
        version == null ? versionOf(artifact.fileName()) : version,
        artifact,
        index == null ? null : Redaction.of(index),
        List.of());
  }

  // Wheels before source distributions, and only what the user's own hashes allow.
  private LockedPackage.Artifact chosen(String name, UnmodifiableConfig table) {
    var allowed = hashes.get(name);
    if (allowed == null) {
      return best(name, table, artifact -> true);
    }
    try {
      return best(name, table, artifact -> allowed.contains(artifact.sha256()));
    } catch (ResolveException e) {
      var offered = best(name, table, artifact -> true);
      throw new ResolveException(
          Problem.of(
                  ResolveCode.HASH_MISMATCH,
                  "no archive of `" + name + "` that fits has one of the hashes asked for")
              .at(Place.of(offered.fileName()))
              .because(
                  allowed.isEmpty()
                      ? "its lines have hashes, but no SHA-256, which is the one that a lock keeps"
                      : "its SHA-256 is " + offered.sha256())
              .hint("add `--hash=sha256:" + offered.sha256() + "` to the line if you trust it"));
    }
  }

  private LockedPackage.Artifact best(
      String name, UnmodifiableConfig table, Predicate<LockedPackage.Artifact> allowed) {
    var best = (UnmodifiableConfig) null;
    var rank = Integer.MAX_VALUE;
    for (var wheel : tables(table, "wheels")) {
      var fits = tags.rank(fileName(wheel));
      if (fits.isPresent() && fits.getAsInt() < rank && allowed.test(artifact("wheel", wheel))) {
        rank = fits.getAsInt();
        best = wheel;
      }
    }
    if (best != null) {
      return artifact("wheel", best);
    }
    var sdist = table(table, "sdist");
    if (sdist != null && allowed.test(artifact("sdist", sdist))) {
      return artifact("sdist", sdist);
    }
    var archive = table(table, "archive");
    if (archive != null && allowed.test(artifact("archive", archive))) {
      return artifact("archive", archive);
    }
    var built = built(table);
    if (built != null) {
      return built;
    }
    throw new ResolveException(
        Problem.of(
                ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                "`" + name + "` comes from a checkout that is not of git, and has no hash")
            .at(Place.of("package `" + name + "`"))
            .hint("build a wheel of it and give the wheel's path or URL"));
  }

  private LockedPackage.@Nullable Artifact built(UnmodifiableConfig table) {
    var vcs = table(table, "vcs");
    if (vcs != null && "git".equals(string(vcs, "type")) && string(vcs, "commit-id") != null) {
      var url = string(vcs, "url");
      var place =
          url != null
              ? url
              : directory
                  .resolve(text(vcs, "path"))
                  .toAbsolutePath()
                  .normalize()
                  .toUri()
                  .toString();
      return wheel(
          sources.ofCommit(
              new RepositoryCommit(place, text(vcs, "commit-id"), string(vcs, "subdirectory"))));
    }
    var folder = table(table, "directory");
    return folder == null
        ? null
        : wheel(
            sources.ofDirectory(
                directory.resolve(text(folder, "path")).toAbsolutePath().normalize()));
  }

  private static LockedPackage.Artifact wheel(Path wheel) {
    var url = wheel.toUri().toString();
    return new LockedPackage.Artifact(
        "archive", url, String.valueOf(wheel.getFileName()), localHash(url), localSize(url));
  }

  private LockedPackage.Artifact artifact(String kind, UnmodifiableConfig table) {
    var url = string(table, "url");
    var path = string(table, "path");
    var location =
        url != null
            ? url
            : directory
                .resolve(String.valueOf(path))
                .toAbsolutePath()
                .normalize()
                .toUri()
                .toString();
    var hashes = table(table, "hashes");
    var sha256 = hashes == null ? null : string(hashes, "sha256");
    var size = table.getRaw(List.of("size")) instanceof Number number ? number.longValue() : -1;
    return new LockedPackage.Artifact(
        kind,
        Redaction.of(location),
        fileName(table),
        sha256 == null ? localHash(location) : sha256,
        size < 0 ? localSize(location) : size);
  }

  private static long localSize(String location) {
    try {
      return location.startsWith("file:") ? Files.size(Path.of(URI.create(location))) : -1;
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "an archive cannot be read", Path.of(URI.create(location)), e);
    }
  }

  private static String localHash(String location) {
    if (location.startsWith("file:")) {
      try {
        return Sha256.of(Path.of(URI.create(location))).hex();
      } catch (IOException e) {
        throw dev.terroir.foundation.FoundationException.ofFile(
            "an archive cannot be read", Path.of(URI.create(location)), e);
      }
    }
    throw new ResolveException(
        Problem.of(
                ResolveCode.REQUIREMENT_NOT_LOCKABLE, "the index gives no SHA-256 for an archive")
            .at(Place.of(Redaction.of(location)))
            .hint("use an index that publishes hashes"));
  }

  private static String fileName(UnmodifiableConfig table) {
    var name = string(table, "name");
    if (name != null) {
      return name;
    }
    var url = string(table, "url");
    var place = url == null ? String.valueOf(string(table, "path")) : url;
    return Percent.fileName(place);
  }

  private static String versionOf(String fileName) {
    return WheelFileName.parse(fileName)
        .map(WheelFileName::version)
        .or(() -> SdistFileName.parse(fileName).map(SdistFileName::version))
        .orElse("0");
  }

  private static String text(UnmodifiableConfig table, String key) {
    var value = string(table, key);
    return value == null ? "" : value;
  }

  private static @Nullable String string(UnmodifiableConfig table, String key) {
    return table.getRaw(List.of(key)) instanceof String value ? value : null;
  }

  private static @Nullable UnmodifiableConfig table(UnmodifiableConfig table, String key) {
    return table.getRaw(List.of(key)) instanceof UnmodifiableConfig value ? value : null;
  }

  private static List<UnmodifiableConfig> tables(UnmodifiableConfig table, String key) {
    return table.getRaw(List.of(key)) instanceof List<?> items
        ? items.stream()
            .filter(UnmodifiableConfig.class::isInstance)
            .map(UnmodifiableConfig.class::cast)
            .toList()
        : List.of();
  }
}
