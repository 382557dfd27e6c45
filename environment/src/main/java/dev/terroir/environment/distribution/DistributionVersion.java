package dev.terroir.environment.distribution;

import java.util.Locale;
import java.util.regex.Pattern;

/// The texts that are versions, in every spelling that is accepted.
///
/// Spec: Python packaging, "Version specifiers" (PEP 440), appendix B.
///
/// @since 0.1
public final class DistributionVersion {
  /// A public version identifier; to be matched without regard to case.
  public static final String PUBLIC =
      "v?(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)*"
          + "(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"
          + "(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
          + "(?:[-_.]?dev[-_.]?[0-9]*)?";

  /// A local version label, or nothing; to be matched without regard to case.
  public static final String LOCAL = "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?";

  private static final Pattern VERSION = Pattern.compile("(?i)" + PUBLIC + LOCAL);
  private static final Pattern ZEROS = Pattern.compile("(\\.0+)+(?=$|[^0-9.])");

  private DistributionVersion() {}

  /// Whether a text is a version.
  public static boolean isValid(String text) {
    return VERSION.matcher(text).matches();
  }

  /// Whether two texts spell one version: case, separators, the long names of phases, leading and
  /// trailing zeros say nothing.
  public static boolean isSame(String one, String other) {
    return key(one).equals(key(other));
  }

  private static String key(String text) {
    var lower =
        text.strip().toLowerCase(Locale.ROOT).replaceFirst("^v", "").replaceFirst("^0+!", "");
    var plus = lower.indexOf('+');
    var local = plus < 0 ? "" : lower.substring(plus).replaceAll("[-_]", ".");
    var version =
        (plus < 0 ? lower : lower.substring(0, plus))
            .replaceAll("[-_.]?(?:alpha|a)[-_.]?", "a")
            .replaceAll("[-_.]?(?:beta|b)[-_.]?", "b")
            .replaceAll("[-_.]?(?:preview|pre|rc|c)[-_.]?", "rc")
            .replaceAll("[-_.]?(?:post|rev|(?<![a-z])r(?!c))[-_.]?|-(?=[0-9])", ".post")
            .replaceAll("[-_.]?dev[-_.]?", ".dev")
            .replaceAll("(?<=[a-z])(?=$|\\.)", "0")
            .replaceAll("(?<![0-9])0+(?=[0-9])", "");
    var release = version.split("(?<=[0-9])(?=a|b|rc|\\.post|\\.dev)", 2);
    return ZEROS.matcher(release[0]).replaceAll("")
        + (release.length > 1 ? release[1] : "")
        + local;
  }
}
