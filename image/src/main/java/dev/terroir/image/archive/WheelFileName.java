package dev.terroir.image.archive;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The file name of a wheel, taken apart. Immutable.
///
/// Spec: Python packaging, "Binary distribution format", "File name convention":
/// `{distribution}-{version}(-{build tag})?-{python tag}-{abi tag}-{platform tag}.whl`.
///
/// @param distribution the project's name as written
/// @param version as written
/// @param build the build tag, or null
/// @param pythonTags compressed set, in order
/// @param abiTags likewise
/// @param platformTags likewise
/// @since 0.1
public record WheelFileName(
    String distribution,
    String version,
    @Nullable String build,
    List<String> pythonTags,
    List<String> abiTags,
    List<String> platformTags) {
  private static final Pattern DISTRIBUTION =
      Pattern.compile("[\\w.]+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern BUILD = Pattern.compile("[0-9][A-Za-z0-9_.]*");
  private static final Pattern PYTHON_TAG = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_]+");

  /// Copies the lists.
  public WheelFileName {
    pythonTags = List.copyOf(pythonTags);
    abiTags = List.copyOf(abiTags);
    platformTags = List.copyOf(platformTags);
  }

  /// Reads a file name.
  ///
  /// @throws dev.terroir.image.ImageException code `invalid-archive`
  public static WheelFileName parse(String fileName) {
    if (!fileName.endsWith(".whl")) {
      throw invalid(fileName, "it does not end with `.whl`");
    }
    var parts = List.of(fileName.substring(0, fileName.length() - 4).split("-", -1));
    if (parts.size() != 5 && parts.size() != 6) {
      throw invalid(fileName, "it has " + parts.size() + " parts between hyphens, not 5 or 6");
    }
    var distribution = parts.get(0);
    if (!DISTRIBUTION.matcher(distribution).matches() || distribution.contains("__")) {
      throw invalid(fileName, "`" + distribution + "` is no name of a distribution");
    }
    var version = parts.get(1);
    if (!DistributionVersion.isValid(version)) {
      throw invalid(fileName, "`" + version + "` is no version (PEP 440)");
    }
    var build = parts.size() == 6 ? parts.get(2) : null;
    if (build != null && !BUILD.matcher(build).matches()) {
      throw invalid(fileName, "the build tag `" + build + "` does not begin with a digit");
    }
    int tags = parts.size() - 3;
    return new WheelFileName(
        distribution,
        version,
        build,
        tags(fileName, parts.get(tags), PYTHON_TAG),
        tags(fileName, parts.get(tags + 1), TAG),
        tags(fileName, parts.get(tags + 2), TAG));
  }

  private static List<String> tags(String fileName, String text, Pattern pattern) {
    var tags = Arrays.asList(text.split("\\.", -1));
    for (var tag : tags) {
      if (!pattern.matcher(tag).matches()) {
        throw invalid(fileName, "`" + tag + "` is no tag");
      }
    }
    return tags;
  }

  private static RuntimeException invalid(String fileName, String why) {
    return ZipArchive.refused(fileName, null, "its file name is no wheel's: " + why);
  }

  /// The project's normalised name.
  public String name() {
    return normalized(distribution);
  }

  /// A project's name in lower case with runs of `-`, `_` and `.` folded to one `-`.
  static String normalized(String distribution) {
    return distribution.toLowerCase(Locale.ROOT).replaceAll("[-_.]+", "-");
  }

  /// Every tag triple, sorted, in lower case.
  public List<String> tags() {
    var all = new TreeSet<String>();
    for (var python : pythonTags) {
      for (var abi : abiTags) {
        for (var platform : platformTags) {
          all.add((python + "-" + abi + "-" + platform).toLowerCase(Locale.ROOT));
        }
      }
    }
    return List.copyOf(all);
  }

  /// Whether each compressed set is sorted, as the specification wants of writers; readers take
  /// others too.
  public boolean isSorted() {
    return List.of(pythonTags, abiTags, platformTags).stream()
        .allMatch(tags -> tags.equals(tags.stream().sorted().toList()));
  }
}
