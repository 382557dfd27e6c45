package dev.terroir.server.contents;

import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.nio.file.Path;
import java.util.Arrays;

/// Paths that come from callers, which must stay below the folder that they belong to.
///
/// @since 0.1
public final class RelativePaths {
  private static final int MAX_LENGTH = 4096;
  private static final int MAX_PART = 255;

  private RelativePaths() {}

  /// The same path, when it is relative, has no empty, `.` or `..` part and nothing that a file
  /// system takes otherwise.
  ///
  /// @throws ServerException code `invalid-path`
  public static String check(String path) {
    var isSound =
        !path.isEmpty()
            && path.length() <= MAX_LENGTH
            && path.chars().noneMatch(c -> c < 0x20 || c == 0x7f || c == '\\')
            && Arrays.stream(path.split("/", -1))
                .noneMatch(part ->
                    part.isEmpty()
                        || part.equals(".")
                        || part.equals("..")
                        || part.getBytes(java.nio.charset.StandardCharsets.UTF_8).length
                            > MAX_PART);
    if (!isSound) {
      throw ServerException.of(
          ServerCode.INVALID_PATH,
          "`"
              + (path.length() > 200 ? path.substring(0, 200) + "…" : path)
              + "` is no path of a"
              + " file below a folder",
          "write it relative, with `/` between its parts, without `..`");
    }
    return path;
  }

  /// The file that such a path means.
  ///
  /// @param folder that it is below of
  public static Path resolve(Path folder, String path) {
    return folder.resolve(check(path));
  }
}
