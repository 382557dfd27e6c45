package dev.terroir.image.conda;

import java.util.Optional;

/// The file name of a conda package, `name-version-build` and an extension. Immutable.
///
/// @param name as spelled
/// @param version text without a dash
/// @param build text without a dash
/// @param extension `.conda` or `.tar.bz2`
/// @since 0.1
public record CondaFileName(String name, String version, String build, String extension) {
  /// The extension of a file name; empty when it is no conda package.
  public static Optional<String> extension(String fileName) {
    for (var extension : new String[] {".tar.bz2", ".conda"}) {
      if (fileName.endsWith(extension)) {
        return Optional.of(extension);
      }
    }
    return Optional.empty();
  }

  /// Takes a file name apart, from the right; empty when it is no conda package's.
  public static Optional<CondaFileName> parse(String fileName) {
    return extension(fileName)
        .flatMap(extension -> {
          var stem = fileName.substring(0, fileName.length() - extension.length());
          int build = stem.lastIndexOf('-');
          int version = build < 0 ? -1 : stem.lastIndexOf('-', build - 1);
          return version < 1
              ? Optional.empty()
              : Optional.of(
                  new CondaFileName(
                      stem.substring(0, version),
                      stem.substring(version + 1, build),
                      stem.substring(build + 1),
                      extension));
        });
  }
}
