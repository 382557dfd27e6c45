package dev.terroir.image.base;

import org.jspecify.annotations.Nullable;

/// A Python interpreter in a base image. Immutable.
///
/// @param executable its path in the image, links resolved
/// @param version `major.minor`
/// @param fullVersion with the patch level where it could be found, else the same as `version`
/// @param standardLibrary the folder of the standard library, or null when there is none
/// @param isComplete whether the standard library is whole, which it is not in Debian's
///   `python3-minimal`
/// @param library path of `libpython`, or null when the interpreter holds it
/// @param architecture of the program, as OCI names it, or null when it is no ELF file
/// @since 0.1
public record BasePython(
    String executable,
    String version,
    String fullVersion,
    @Nullable String standardLibrary,
    boolean isComplete,
    @Nullable String library,
    @Nullable String architecture) {

  /// The folder of the program, which is the `home` of an environment that stands on it.
  public String home() {
    return executable.substring(0, Math.max(1, executable.lastIndexOf('/')));
  }
}
