package dev.terroir.environment.requirement;

import java.util.regex.Pattern;

/// Tells whether a text holds a URL with a secret in it.
///
/// A name alone (`git@`) is none, and neither is what pip replaces from the environment
/// (`${NAME}`). Every URL of the text is looked at.
///
/// Spec: RFC 3986, section 3.2.1; pip, "Requirements File Format", "Using environment variables".
///
/// @since 0.1
public final class Credentials {
  // Up to the last `@` before the path, because passwords are often written without escapes.
  private static final Pattern USER =
      Pattern.compile("(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/\\s]*)@");
  // A port that is no number is the first half of a password with a slash in it.
  private static final Pattern SPLIT_PASSWORD =
      Pattern.compile("//[^/\\s@:\\[]*:(?!\\$\\{)[^\\s@/]*[^\\s@/0-9][^\\s@/]*/\\S*@");
  private static final Pattern VARIABLES = Pattern.compile("(\\$\\{[A-Za-z0-9_]+\\})+");
  private static final Pattern TOKEN =
      Pattern.compile(
          "(gh[pousr]_|github_pat_|glpat-|pypi-|hf_).+"
              + "|(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_~.-]{20,}");

  private Credentials() {}

  /// Whether a URL in the text holds a password, or a token in the place of the name.
  public static boolean isIn(String text) {
    var matcher = USER.matcher(text);
    while (matcher.find()) {
      var scheme = matcher.group(1);
      if (isSecret(scheme == null ? "" : scheme, matcher.group(2))) {
        return true;
      }
    }
    return SPLIT_PASSWORD.matcher(text).find();
  }

  private static boolean isSecret(String scheme, String user) {
    var colon = user.indexOf(':');
    var name = colon < 0 ? user : user.substring(0, colon);
    var password = colon < 0 ? "" : user.substring(colon + 1);
    // The forge takes the name for a token when the password is this word.
    if (password.equals("x-oauth-basic")) {
      return !VARIABLES.matcher(name).matches();
    }
    if (!password.isEmpty() && !VARIABLES.matcher(password).matches()) {
      return true;
    }
    // The name of an account at a shell is often long and never a secret.
    return !scheme.endsWith("ssh") && TOKEN.matcher(name).matches();
  }
}
