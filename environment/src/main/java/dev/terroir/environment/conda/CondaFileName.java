package dev.terroir.environment.conda;

import java.util.Optional;

/// The name of a conda package's archive: `{name}-{version}-{build}.conda`, or `.tar.bz2` of the
/// first format. Immutable.
///
/// Spec: conda, "Package specification", "Package naming"; taken apart from the right, since a name
/// may hold `-` and neither a version nor a build may.
///
/// @param name as written
/// @param version as written
/// @param build the build string
/// @param extension `.conda` or `.tar.bz2`
/// @since 0.1
public record CondaFileName(String name, String version, String build, String extension) {

  /// The ending that makes a file a conda package; empty when it has none of them.
  public static Optional<String> extensionOf(String fileName) {
    return fileName.endsWith(".conda")
        ? Optional.of(".conda")
        : fileName.endsWith(".tar.bz2") ? Optional.of(".tar.bz2") : Optional.empty();
  }

  /// Takes a name apart; empty when it is none of a conda package.
  public static Optional<CondaFileName> parse(String fileName) {
    var extension = extensionOf(fileName);
    if (extension.isEmpty()) {
      return Optional.empty();
    }
    var stem = fileName.substring(0, fileName.length() - extension.get().length());
    var build = stem.lastIndexOf('-');
    var version = build < 0 ? -1 : stem.lastIndexOf('-', build - 1);
    if (version < 1 || build == version + 1 || build == stem.length() - 1) {
      return Optional.empty();
    }
    return Optional.of(
        new CondaFileName(
            stem.substring(0, version),
            stem.substring(version + 1, build),
            stem.substring(build + 1),
            extension.get()));
  }

  /// The build number that the build string ends with, 0 when it has none.
  public long buildNumber() {
    var digits = build.substring(build.lastIndexOf('_') + 1);
    return digits.matches("[0-9]{1,18}") ? Long.parseLong(digits) : 0;
  }
}
