package dev.terroir.resolve.artifact;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.platform.Platform;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// The compatibility tags of CPython on Linux with glibc, best first. Immutable.
///
/// Spec: Python packaging, "Platform compatibility tags"; the order is that of pip.
///
/// @since 0.1
public final class WheelTags {
  /// The newest glibc whose wheels are taken, `manylinux_2_28`: Debian 10, RHEL 8 and later.
  public static final int GLIBC_MINOR = 28;

  private final Map<String, Integer> ranks = new HashMap<>();

  /// @param pythonVersion `major.minor`
  public WheelTags(String pythonVersion, Platform platform) {
    var parts = pythonVersion.split("\\.");
    var major = parts[0];
    var minor = Integer.parseInt(parts[1]);
    var platforms = platforms(platform);
    var interpreter = "cp" + major + minor;
    for (var system : platforms) {
      add(interpreter, interpreter + (minor < 8 ? "m" : ""), system);
    }
    for (var system : platforms) {
      add(interpreter, "abi3", system);
    }
    for (var system : platforms) {
      add(interpreter, "none", system);
    }
    for (int older = minor - 1; older >= 2; older--) {
      for (var system : platforms) {
        add("cp" + major + older, "abi3", system);
      }
    }
    var generic = new ArrayList<String>();
    generic.add("py" + major + minor);
    generic.add("py" + major);
    for (int older = minor - 1; older >= 0; older--) {
      generic.add("py" + major + older);
    }
    for (var python : generic) {
      for (var system : platforms) {
        add(python, "none", system);
      }
    }
    add(interpreter, "none", "any");
    for (var python : generic) {
      add(python, "none", "any");
    }
  }

  private static List<String> platforms(Platform platform) {
    var machine = platform.architecture().equals("arm64") ? "aarch64" : "x86_64";
    var oldest = machine.equals("x86_64") ? 5 : 17;
    var platforms = new ArrayList<String>();
    for (int minor = GLIBC_MINOR; minor >= oldest; minor--) {
      platforms.add("manylinux_2_" + minor + "_" + machine);
      switch (minor) {
        case 17 -> platforms.add("manylinux2014_" + machine);
        case 12 -> platforms.add("manylinux2010_" + machine);
        case 5 -> platforms.add("manylinux1_" + machine);
        default -> {}
      }
    }
    platforms.add("linux_" + machine);
    return platforms;
  }

  private void add(String python, String abi, String platform) {
    ranks.putIfAbsent(python + "-" + abi + "-" + platform, ranks.size());
  }

  /// How well a wheel fits, 0 best; empty when it does not.
  ///
  /// @param fileName `{name}-{version}(-{build})?-{python}-{abi}-{platform}.whl`, tags may be sets
  public OptionalInt rank(String fileName) {
    var wheel = WheelFileName.parse(fileName);
    if (wheel.isEmpty()) {
      return OptionalInt.empty();
    }
    var best = Integer.MAX_VALUE;
    for (var tag : wheel.get().tags()) {
      best = Math.min(best, ranks.getOrDefault(tag, Integer.MAX_VALUE));
    }
    return best == Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of(best);
  }

  /// uv's name of the platform whose wheels these are.
  public static String uvPlatform(Platform platform) {
    return (platform.architecture().equals("arm64") ? "aarch64" : "x86_64")
        + "-manylinux_2_"
        + GLIBC_MINOR;
  }
}
