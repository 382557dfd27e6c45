package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.SdistFileName;
import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.Redaction;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlTable;

/// Reads the `pylock.toml` that uv writes and keeps one artifact of each package.
///
/// @since 0.1
public final class Pylock {
  private final WheelTags tags;
  private final Path directory;
  private final Map<String, Set<String>> hashes;

  /// @param tags what fits
  /// @param directory what relative paths are relative to
  /// @param hashes for packages whose artifacts the user chose by hash, the SHA-256 that are
  ///   allowed
  public Pylock(WheelTags tags, Path directory, Map<String, Set<String>> hashes) {
    this.hashes = hashes;
    this.tags = tags;
    this.directory = directory;
  }

  /// The packages of a lock; who requires them is not said in the file.
  ///
  /// @throws ResolveException code `requirement-not-lockable` for a version-control checkout or a
  ///   source directory, which has no hash
  public List<LockedPackage> read(String toml) {
    var packages = new ArrayList<LockedPackage>();
    var array = Toml.parse(toml).getArrayOrEmpty("packages");
    for (int i = 0; i < array.size(); i++) {
      packages.add(entry(array.getTable(i)));
    }
    return packages;
  }

  private LockedPackage entry(TomlTable table) {
    var name = text(table, "name");
    var artifact = chosen(name, table);
    var index = table.getString("index");
    var version = table.getString("version");
    return new LockedPackage(
        name,
        version == null ? versionOf(artifact.fileName()) : version,
        artifact,
        index == null ? null : Redaction.of(index),
        List.of());
  }

  // Wheels before source distributions, and only what the user's own hashes allow.
  private LockedPackage.Artifact chosen(String name, TomlTable table) {
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
      String name, TomlTable table, Predicate<LockedPackage.Artifact> allowed) {
    var best = (TomlTable) null;
    var rank = Integer.MAX_VALUE;
    var wheels = table.getArrayOrEmpty("wheels");
    for (int i = 0; i < wheels.size(); i++) {
      var wheel = wheels.getTable(i);
      var fits = tags.rank(fileName(wheel));
      if (fits.isPresent() && fits.getAsInt() < rank && allowed.test(artifact("wheel", wheel))) {
        rank = fits.getAsInt();
        best = wheel;
      }
    }
    if (best != null) {
      return artifact("wheel", best);
    }
    var sdist = table.getTable("sdist");
    if (sdist != null && allowed.test(artifact("sdist", sdist))) {
      return artifact("sdist", sdist);
    }
    var archive = table.getTable("archive");
    if (archive != null && allowed.test(artifact("archive", archive))) {
      return artifact("archive", archive);
    }
    throw new ResolveException(
        Problem.of(
                ResolveCode.REQUIREMENT_NOT_LOCKABLE,
                "`" + name + "` comes from a checkout or a source directory, which has no hash")
            .at(Place.of("package `" + name + "`"))
            .hint("build a wheel of it and give the wheel's path or URL"));
  }

  private LockedPackage.Artifact artifact(String kind, TomlTable table) {
    var url = table.getString("url");
    var path = table.getString("path");
    var location =
        url != null
            ? url
            : directory
                .resolve(String.valueOf(path))
                .toAbsolutePath()
                .normalize()
                .toUri()
                .toString();
    var hashes = table.getTable("hashes");
    var sha256 = hashes == null ? null : hashes.getString("sha256");
    var size = table.getLong("size");
    return new LockedPackage.Artifact(
        kind,
        Redaction.of(location),
        fileName(table),
        sha256 == null ? localHash(location) : sha256,
        size == null ? -1 : size);
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

  private static String fileName(TomlTable table) {
    var name = table.getString("name");
    if (name != null) {
      return name;
    }
    var url = table.getString("url");
    var place = url == null ? String.valueOf(table.getString("path")) : url;
    var path = place.split("[?#]", 2)[0];
    return URLDecoder.decode(
        path.substring(path.lastIndexOf('/') + 1).replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static String versionOf(String fileName) {
    return WheelFileName.parse(fileName)
        .map(WheelFileName::version)
        .or(() -> SdistFileName.parse(fileName).map(SdistFileName::version))
        .orElse("0");
  }

  private static String text(TomlTable table, String key) {
    @Nullable String value = table.getString(key);
    return value == null ? "" : value;
  }
}
