package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// One build of a wheel by uv, in isolation, as much the same everywhere as the build backend heeds
/// `SOURCE_DATE_EPOCH`.
///
/// @since 0.1
public final class WheelBuild {
  /// Midnight of the first day that a zip archive can name; build tools put it into their archives.
  private static final String EPOCH = "315532800";

  private WheelBuild() {}

  /// Builds a wheel.
  ///
  /// @param source a directory or a source distribution
  /// @param python `major.minor` to build with
  /// @param folder of this build alone; the wheel lies there afterwards
  /// @param failure the sentence that says what cannot be built
  /// @return empty when the build went well and made no wheel
  /// @throws dev.terroir.resolve.ResolveException code `build-failed`, or one of the surroundings
  public static Optional<Path> run(
      Uv uv, Path source, String python, Path folder, String failure, Progress progress)
      throws IOException {
    uv.with("SOURCE_DATE_EPOCH", EPOCH)
        .run(
            List.of(
                "build",
                "--wheel",
                "--no-create-gitignore",
                "--python",
                uv.python(python, progress).toString(),
                "--out-dir",
                folder.toString(),
                source.toString()),
            folder,
            failure,
            progress);
    return in(folder);
  }

  /// The wheel that lies in a folder.
  public static Optional<Path> in(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> WheelFileName.parse(String.valueOf(file.getFileName())).isPresent())
          .findFirst();
    }
  }
}
