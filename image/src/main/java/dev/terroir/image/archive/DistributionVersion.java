package dev.terroir.image.archive;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whether two spellings are one version.
///
/// Spec: Python packaging, "Version specifiers" (PEP 440), "Normalization".
final class DistributionVersion {
  // v? (epoch!)? release (pre)? (post)? (dev)? (+local)?
  private static final Pattern VALID =
      Pattern.compile(
          "v?(?:(?<epoch>[0-9]+)!)?(?<release>[0-9]+(?:\\.[0-9]+)*)"
              + "(?:[-_.]?(?<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?<preN>[0-9]+)?)?"
              + "(?<post>-(?<post1>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?<post2>[0-9]+)?)?"
              + "(?<dev>[-_.]?dev[-_.]?(?<devN>[0-9]+)?)?"
              + "(?:\\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
          Pattern.CASE_INSENSITIVE);

  private DistributionVersion() {}

  static boolean isValid(String text) {
    return VALID.matcher(text).matches();
  }

  /// Whether both are the same version; text that is no version is the same only as itself.
  static boolean isSame(String one, String other) {
    return one.equals(other) || normalized(one).equals(normalized(other));
  }

  private static String normalized(String text) {
    // In names of files and folders, `_` stands for the `-` of a post release or a local version.
    var matcher = VALID.matcher(text.strip().toLowerCase(Locale.ROOT).replace('_', '-'));
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
    var local = matcher.group("local");
    if (local != null) {
      out.append('+').append(local.replace('-', '.'));
    }
    return out.toString();
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
