package dev.terroir.environment.distribution;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The name of a wheel's file: `{name}-{version}(-{build})?-{python}-{abi}-{platform}.whl`.
/// Immutable.
///
/// Spec: Python packaging, "Binary distribution format", "File name convention".
///
/// @param name the project's normalized name
/// @param version as written
/// @param build digits and what follows them, or empty
/// @param pythons python tags in the order written
/// @param abis ABI tags in the order written
/// @param platforms platform tags in the order written
/// @since 0.1
public record WheelFileName(
    String name,
    String version,
    String build,
    List<String> pythons,
    List<String> abis,
    List<String> platforms) {
  // Other letters than ASCII are in use; `__` is what an escaped `-` and `_` would both give.
  private static final Pattern NAME = Pattern.compile("(?U)(?!.*__)[\\w.]+");
  private static final Pattern BUILD = Pattern.compile("[0-9].*");
  private static final Pattern PYTHON = Pattern.compile("[A-Za-z]\\w*");
  private static final Pattern TAG = Pattern.compile("\\w+");

  /// Copies the lists.
  public WheelFileName {
    pythons = List.copyOf(pythons);
    abis = List.copyOf(abis);
    platforms = List.copyOf(platforms);
  }

  /// Takes a name apart; empty when it is none of a wheel.
  public static Optional<WheelFileName> parse(String fileName) {
    if (!fileName.endsWith(".whl")) {
      return Optional.empty();
    }
    var parts = fileName.substring(0, fileName.length() - 4).split("-", -1);
    var count = parts.length;
    if (count < 5
        || count > 6
        || !NAME.matcher(parts[0]).matches()
        || !DistributionVersion.isValid(parts[1])
        || (count == 6 && !BUILD.matcher(parts[2]).matches())) {
      return Optional.empty();
    }
    var pythons = List.of(parts[count - 3].split("\\.", -1));
    var abis = List.of(parts[count - 2].split("\\.", -1));
    var platforms = List.of(parts[count - 1].split("\\.", -1));
    if (!pythons.stream().allMatch(tag -> PYTHON.matcher(tag).matches())
        || !abis.stream().allMatch(tag -> TAG.matcher(tag).matches())
        || !platforms.stream().allMatch(tag -> TAG.matcher(tag).matches())) {
      return Optional.empty();
    }
    return Optional.of(
        new WheelFileName(
            DistributionName.normalized(parts[0]),
            parts[1],
            count == 6 ? parts[2] : "",
            pythons,
            abis,
            platforms));
  }

  /// Every `python-abi-platform` that the sets stand for, in the order written.
  public List<String> tags() {
    var tags = new ArrayList<String>();
    for (var python : pythons) {
      for (var abi : abis) {
        for (var platform : platforms) {
          tags.add(python + "-" + abi + "-" + platform);
        }
      }
    }
    return tags;
  }

  /// Whether each set of tags is sorted, as the specification asks of those who write wheels.
  public boolean hasSortedTags() {
    return List.of(pythons, abis, platforms).stream()
        .allMatch(tags -> List.copyOf(new TreeSet<>(tags)).equals(tags));
  }

  /// Whether it installs on every machine that has Python.
  public boolean isPure() {
    return abis.equals(List.of("none")) && platforms.equals(List.of("any"));
  }
}
