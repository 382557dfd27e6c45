package dev.terroir.lock.exchange;

import dev.terroir.foundation.platform.Platform;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The platform folders of channels.
///
/// Spec: conda, `KNOWN_SUBDIRS`, and those that rattler adds.
///
/// @since 0.1
public final class Subdirs {
  private static final Set<String> KNOWN =
      Set.of(
          "noarch",
          "emscripten-32",
          "emscripten-wasm32",
          "freebsd-32",
          "freebsd-64",
          "freebsd-arm64",
          "linux-32",
          "linux-64",
          "linux-aarch64",
          "linux-armv6l",
          "linux-armv7l",
          "linux-loong64",
          "linux-loongarch64",
          "linux-ppc64",
          "linux-ppc64le",
          "linux-riscv32",
          "linux-riscv64",
          "linux-s390x",
          "netbsd-64",
          "openbsd-64",
          "osx-64",
          "osx-arm64",
          "wasi-wasm32",
          "win-32",
          "win-64",
          "win-arm64",
          "zos-z");

  private static final Map<String, Platform> PLATFORMS =
      Map.of(
          "linux-64",
          Platform.LINUX_AMD64,
          "linux-aarch64",
          Platform.LINUX_ARM64,
          "osx-64",
          new Platform("darwin", "amd64"),
          "osx-arm64",
          new Platform("darwin", "arm64"));

  private Subdirs() {}

  /// Whether a word names a platform folder.
  public static boolean isKnown(String word) {
    return KNOWN.contains(word);
  }

  /// The folder of a platform's packages.
  ///
  /// @throws IllegalArgumentException for a platform without one
  public static String of(Platform platform) {
    return find(platform).orElseThrow(() -> new IllegalArgumentException(platform.toString()));
  }

  /// The folder of a platform's packages; empty for a platform without one.
  public static Optional<String> find(Platform platform) {
    return PLATFORMS.entrySet().stream()
        .filter(entry -> entry.getValue().equals(platform))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /// The platform of a folder's packages; empty for those that Terroir does not lock for.
  public static Optional<Platform> platform(String subdir) {
    return Optional.ofNullable(PLATFORMS.get(subdir));
  }
}
