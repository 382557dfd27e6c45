package dev.terroir.image.archive;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Paths that come from archives, or are made of what one says.
///
/// @since 0.1
public final class ArchivePath {
  /// Bytes of a member's path in UTF-8; with a prefix before it, it must stay under Linux's 4096.
  public static final int MAX_PATH_BYTES = 2048;

  /// Bytes of one component, the limit of Linux's file systems.
  public static final int MAX_COMPONENT_BYTES = 255;

  /// Components of a path.
  public static final int MAX_DEPTH = 64;

  private ArchivePath() {}

  /// What is wrong with a relative path; empty when it surely names a place below the folder that
  /// it is relative to, on every system.
  public static Optional<String> problem(String path) {
    if (path.isEmpty()) {
      return Optional.of("its path is empty");
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\') {
        return Optional.of("its path has a backslash");
      }
      if (c < ' ' || c == 0x7f) {
        return Optional.of("its path has a control character");
      }
    }
    if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      return Optional.of("its path is longer than " + MAX_PATH_BYTES + " bytes");
    }
    if (path.startsWith("/")) {
      return Optional.of("its path is absolute");
    }
    if (path.length() >= 2 && path.charAt(1) == ':' && Character.isLetter(path.charAt(0))) {
      return Optional.of("its path begins with a drive letter");
    }
    var components = path.split("/", -1);
    if (components.length > MAX_DEPTH) {
      return Optional.of("its path has more than " + MAX_DEPTH + " components");
    }
    for (var component : components) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        return Optional.of("its path has the component `" + component + "`");
      }
      if (component.length() > MAX_COMPONENT_BYTES / 4
          && component.getBytes(StandardCharsets.UTF_8).length > MAX_COMPONENT_BYTES) {
        return Optional.of(
            "a component of its path is longer than " + MAX_COMPONENT_BYTES + " bytes");
      }
    }
    return Optional.empty();
  }

  /// Orders paths by code point, as their UTF-8 bytes are ordered.
  public static int compare(String one, String other) {
    int length = Math.min(one.length(), other.length());
    for (int i = 0; i < length; i++) {
      char a = one.charAt(i);
      char b = other.charAt(i);
      if (a != b) {
        boolean surrogateA = Character.isSurrogate(a);
        boolean surrogateB = Character.isSurrogate(b);
        return surrogateA == surrogateB ? a - b : surrogateA ? 1 : -1;
      }
    }
    return one.length() - other.length();
  }
}
