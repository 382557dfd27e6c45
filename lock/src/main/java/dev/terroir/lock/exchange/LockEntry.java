package dev.terroir.lock.exchange;

import dev.terroir.environment.conda.CondaFileName;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.web.Percent;
import dev.terroir.lock.RepositoryCommit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One package in the lock of another tool. Immutable.
///
/// @since 0.1
public sealed interface LockEntry {
  /// URL or path, as the file has it, without credentials.
  String location();

  /// Its name, as the file has it.
  String name();

  /// What the format says of it and the other components do not hold, as read.
  JsonObject more();

  /// The archive of a conda package.
  ///
  /// @param location URL or path of the archive
  /// @param name lower case
  /// @param version a version of conda's scheme
  /// @param build the build string, or null when neither the file nor the archive's name tells it
  /// @param subdir such as `linux-64`, or null likewise
  /// @param sha256 64 hex digits, or null
  /// @param md5 32 hex digits, or null
  /// @param sizeBytes -1 when it is not told
  /// @param depends match specs
  /// @param constrains match specs
  /// @param noarch `python` or `generic`, or null
  /// @param license as the channel has it, or null
  /// @param timestampMillis milliseconds since 1970, or -1
  /// @param purls package URLs of what it is elsewhere, or null when that was not looked up
  /// @param more see [LockEntry#more]
  record Conda(
      String location,
      String name,
      String version,
      @Nullable String build,
      @Nullable String subdir,
      @Nullable String sha256,
      @Nullable String md5,
      long sizeBytes,
      List<String> depends,
      List<String> constrains,
      @Nullable String noarch,
      @Nullable String license,
      long timestampMillis,
      @Nullable List<String> purls,
      JsonObject more)
      implements LockEntry {
    /// Copies the lists.
    public Conda {
      depends = List.copyOf(depends);
      constrains = List.copyOf(constrains);
      purls = purls == null ? null : List.copyOf(purls);
    }

    /// The archive's file name.
    public String fileName() {
      return fileName(location);
    }

    static String fileName(String location) {
      return location.substring(
          Math.max(location.lastIndexOf('/'), location.lastIndexOf('\\')) + 1);
    }

    /// What the archive's name tells.
    static Optional<CondaFileName> parts(String location) {
      var file = fileName(location);
      return CondaFileName.parse(location.contains("://") ? Percent.decoded(file) : file);
    }

    /// The folder that the archive lies in, when it is one of a channel.
    static Optional<String> folder(String location) {
      var parts = location.split("/");
      return parts.length > 1 && Subdirs.isKnown(parts[parts.length - 2])
          ? Optional.of(parts[parts.length - 2])
          : Optional.empty();
    }
  }

  /// A distribution of a Python index, a direct URL or a path.
  ///
  /// @param location URL or path
  /// @param name as written
  /// @param version PEP 440 version, or null when the project tells it only when it is built
  /// @param sha256 64 hex digits, or null
  /// @param md5 32 hex digits, or null
  /// @param requires requirements, each a name and what follows it
  /// @param requiresPython versions of Python, or null
  /// @param more see [LockEntry#more]
  record Pypi(
      String location,
      String name,
      @Nullable String version,
      @Nullable String sha256,
      @Nullable String md5,
      List<String> requires,
      @Nullable String requiresPython,
      JsonObject more)
      implements LockEntry {
    /// Copies the list.
    public Pypi {
      requires = List.copyOf(requires);
    }

    /// The commit of a repository that it is built of, when that is its location.
    Optional<RepositoryCommit> commit() {
      return RepositoryCommit.parse(location).or(() -> RepositoryCommit.parsePixi(location));
    }
  }

  /// A conda package that is built of its source when the environment is made.
  ///
  /// @param key the key that names it in the file, `conda` or `conda_source`
  /// @param location where the source lies, as the file has it
  /// @param name its name
  /// @param more see [LockEntry#more]
  record Source(String key, String location, String name, JsonObject more) implements LockEntry {}
}
