package dev.terroir.samples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// One path of a package.
///
/// @param path inside the package, with `/`; not judged, so that escaping ones can be made
/// @param content its bytes; empty for links
/// @param mode permissions such as 0644
/// @param symlink where a symbolic link points, or null
/// @param hardlink the path of the package that a hard link of the archive points to, or null
/// @param placeholder the prefix that installing replaces, or null
/// @param isBinary whether the placeholder is replaced at constant length
/// @since 0.1
public record SampleFile(
    String path,
    Content content,
    int mode,
    @Nullable String symlink,
    @Nullable String hardlink,
    @Nullable String placeholder,
    boolean isBinary) {

  /// Bytes that are read when the package is written.
  @FunctionalInterface
  public interface Content {
    /// All of them.
    byte[] bytes() throws IOException;
  }

  /// A plain file.
  public static SampleFile of(String path, byte[] content, int mode) {
    return new SampleFile(path, () -> content, mode, null, null, null, false);
  }

  /// A plain text file, mode 0644.
  public static SampleFile of(String path, String content) {
    return of(path, content.getBytes(StandardCharsets.UTF_8), 0644);
  }

  /// A file of this machine.
  public static SampleFile of(String path, Path file, int mode) {
    return new SampleFile(path, () -> Files.readAllBytes(file), mode, null, null, null, false);
  }

  /// A symbolic link.
  public static SampleFile symlink(String path, String target) {
    return new SampleFile(path, () -> new byte[0], 0777, target, null, null, false);
  }

  /// A hard link of the archive to another path of the package, which has to come before.
  public static SampleFile hardlink(String path, String target) {
    return new SampleFile(path, () -> new byte[0], 0644, null, target, null, false);
  }

  /// The same as a text file whose placeholder installing replaces.
  public SampleFile withTextPlaceholder(String placeholder) {
    return new SampleFile(path, content, mode, symlink, hardlink, placeholder, false);
  }

  /// The same as a binary file whose placeholder installing replaces, padded with NUL.
  public SampleFile withBinaryPlaceholder(String placeholder) {
    return new SampleFile(path, content, mode, symlink, hardlink, placeholder, true);
  }
}
