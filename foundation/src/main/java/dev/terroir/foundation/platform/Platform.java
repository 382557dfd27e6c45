package dev.terroir.foundation.platform;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import java.util.Locale;

/// An operating system and a processor architecture, named as OCI does.
///
/// Spec: OCI image index, "platform" (values of GOOS and GOARCH).
///
/// @param os `linux` or `darwin`
/// @param architecture `amd64` or `arm64`
/// @since 0.1
public record Platform(String os, String architecture) {
  /// Linux on x86-64.
  public static final Platform LINUX_AMD64 = new Platform("linux", "amd64");

  /// Linux on AArch64.
  public static final Platform LINUX_ARM64 = new Platform("linux", "arm64");

  /// Reads `os/architecture`; the usual other names of the architectures are understood.
  ///
  /// @throws FoundationException if either part is none that Terroir knows
  public static Platform parse(String text) {
    var parts = text.toLowerCase(Locale.ROOT).split("[/-]", 2);
    if (parts.length == 2) {
      var os =
          switch (parts[0]) {
            case "linux" -> "linux";
            case "darwin", "macos", "macosx", "osx" -> "darwin";
            default -> "";
          };
      var architecture =
          switch (parts[1]) {
            case "amd64", "x86_64", "x64", "64" -> "amd64";
            case "arm64", "aarch64", "arm64/v8" -> "arm64";
            default -> "";
          };
      if (!os.isEmpty() && !architecture.isEmpty()) {
        return new Platform(os, architecture);
      }
    }
    throw new FoundationException(
        Problem.of(FoundationCode.UNKNOWN_PLATFORM, "`" + text + "` names no known platform")
            .hint("use one of linux/amd64, linux/arm64, darwin/amd64, darwin/arm64"));
  }

  /// The machine this process runs on.
  public static Platform current() {
    return parse(
        (System.getProperty("os.name").startsWith("Mac") ? "darwin" : "linux")
            + "/"
            + System.getProperty("os.arch"));
  }

  @Override
  public String toString() {
    return os + "/" + architecture;
  }
}
