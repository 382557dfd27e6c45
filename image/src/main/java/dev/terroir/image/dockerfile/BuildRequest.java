package dev.terroir.image.dockerfile;

import dev.terroir.foundation.platform.Platform;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is built of a Dockerfile. Immutable.
///
/// @param arguments values of build arguments
/// @param platform what the image is for
/// @param target the stage to build, by name or number, or null for the last
/// @since 0.1
public record BuildRequest(
    Map<String, String> arguments, Platform platform, @Nullable String target) {
  /// The last stage, for Linux on x86-64, without arguments.
  public static final BuildRequest DEFAULT = new BuildRequest(Map.of(), Platform.LINUX_AMD64, null);

  /// Copies the arguments, sorted.
  public BuildRequest {
    arguments = Collections.unmodifiableSortedMap(new TreeMap<>(arguments));
  }

  /// The arguments about platforms that every build has.
  ///
  /// Spec: Dockerfile reference, "Automatic platform ARGs in the global scope".
  SortedMap<String, String> platformArguments() {
    var values = new TreeMap<String, String>();
    for (var side : new String[] {"TARGET", "BUILD"}) {
      values.put(side + "PLATFORM", platform.toString());
      values.put(side + "OS", platform.os());
      values.put(side + "ARCH", platform.architecture());
      values.put(side + "VARIANT", "");
    }
    return values;
  }
}
