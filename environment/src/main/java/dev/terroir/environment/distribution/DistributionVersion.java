package dev.terroir.environment.distribution;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The texts that are versions, in every spelling that is accepted.
///
/// Spec: Python packaging, "Version specifiers" (PEP 440), "Normalization" and appendix B.
///
/// @since 0.1
public final class DistributionVersion {
  // v? (epoch!)? release (pre)? (post)? (dev)?
  private static final String PARTS =
      "v?(?:(?<epoch>[0-9]+)!)?(?<release>[0-9]+(?:\\.[0-9]+)*)"
          + "(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preN>[0-9]+)?)?"
          + "(?<post>-(?<post1>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?<post2>[0-9]+)?)?"
          + "(?<dev>[-_.]?dev[-_.]?(?<devN>[0-9]+)?)?";

  /// A public version identifier; to be matched without regard to case.
  public static final String PUBLIC = PARTS.replaceAll("\\(\\?<[A-Za-z0-9]+>", "(?:");

  /// A local version label, or nothing; to be matched without regard to case.
  public static final String LOCAL = "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?";

  private static final Pattern VERSION =
      Pattern.compile("(?i)" + PARTS + "(?<local>" + LOCAL + ")");

  private DistributionVersion() {}

  /// Whether a text is a version.
  public static boolean isValid(String text) {
    return VERSION.matcher(text).matches();
  }

  /// Whether two texts spell one version: case, separators, the long names of phases, leading and
  /// trailing zeros say nothing. Text that is no version is the same only as itself.
  public static boolean isSame(String one, String other) {
    return one.equals(other) || normalized(one).equals(normalized(other));
  }

  private static String normalized(String text) {
    // In names of files and folders, `_` stands for the `-` of a post release or a local version.
    var matcher = VERSION.matcher(text.strip().toLowerCase(Locale.ROOT).replace('_', '-'));
    if (!matcher.matches()) {
      return text;
    }
    var out = new StringBuilder();
    out.append(number(matcher.group("epoch"))).append('!');
    var release = new StringBuilder();
    for (var part : matcher.group("release").split("\\.")) {
      release.append('.').append(number(part));
    }
    out.append(release.toString().replaceAll("(\\.0)+$", ""));
    var pre = matcher.group("pre");
    if (pre != null) {
      out.append(
          switch (pre) {
            case "alpha" -> "a";
            case "beta" -> "b";
            case "c", "pre", "preview" -> "rc";
            default -> pre;
          });
      out.append(number(matcher.group("preN")));
    }
    if (matcher.group("post") != null) {
      out.append(".post").append(postNumber(matcher));
    }
    if (matcher.group("dev") != null) {
      out.append(".dev").append(number(matcher.group("devN")));
    }
    return out.append(matcher.group("local").replace('-', '.')).toString();
  }

  private static String postNumber(Matcher matcher) {
    var implicit = matcher.group("post1");
    return number(implicit == null ? matcher.group("post2") : implicit);
  }

  private static String number(@Nullable String digits) {
    if (digits == null) {
      return "0";
    }
    var stripped = digits.replaceFirst("^0+", "");
    return stripped.isEmpty() ? "0" : stripped;
  }
}
