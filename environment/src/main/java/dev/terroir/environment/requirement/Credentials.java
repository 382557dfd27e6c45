package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.foundation.problem.Problem;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tells whether a text holds a URL with a secret in it.
///
/// A name alone (`git@`) is none, and neither is what pip replaces from the environment
/// (`${NAME}`). Every URL of the text is looked at: the user part, and the parameters of its query
/// that storage services and forges take instead of a login (`?sig=…`, `?access_token=…`).
///
/// Spec: RFC 3986, sections 3.2.1 and 3.4; pip, "Requirements File Format", "Using environment
/// variables".
///
/// @since 0.1
public final class Credentials {
  // Up to the last `@` before the path, because passwords are often written without escapes.
  private static final Pattern USER =
      Pattern.compile("(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/\\s]*)@");
  private static final Pattern USER_INFO =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)[^/@\\s]+@");
  // A port that is no number is the first half of a password with a slash in it.
  private static final Pattern SPLIT_PASSWORD =
      Pattern.compile("//[^/\\s@:\\[]*:(?!\\$\\{)[^\\s@/]*[^\\s@/0-9][^\\s@/]*/\\S*@");
  private static final Pattern VARIABLES = Pattern.compile("(\\$\\{[A-Za-z0-9_]+\\})+");
  private static final Pattern TOKEN =
      Pattern.compile(
          "(gh[pousr]_|github_pat_|glpat-|pypi-|hf_).+"
              + "|(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_~.-]{20,}");
  // Signatures of storage services, and the names under which forges and registries take tokens.
  private static final Pattern PARAMETER =
      Pattern.compile(
          "(?i)([?&;#])(?:x-(?:amz|goog|oss|cos|ms)-(?:signature|security-token|credential)"
              + "|sig|signature|[a-z0-9._-]*(?:token|password|passwd|secret|api[_-]?key|access[_-]?key"
              + "|account[_-]?key|subscription[_-]?key)|pwd|sas|jwt|auth)=([^&;#\\s\"'`]+)");

  private static final Pattern CHANNEL_TOKEN =
      Pattern.compile(
          "([A-Za-z][A-Za-z0-9+.-]*://[^\\s\"'/]*)(/[^\\s\"']*?)?/t/(?!\\$\\{)[^/\\s\"')]+");

  private Credentials() {}

  /// Whether the URL of a conda channel holds a token in its path, `https://HOST/t/TOKEN/CHANNEL`,
  /// or a secret in any other place.
  ///
  /// Spec: conda, "Managing channels"; Anaconda's servers and Quetz take tokens so.
  public static boolean isInChannel(String text) {
    return CHANNEL_TOKEN.matcher(text).find() || isIn(text);
  }

  /// The text without what [#without] takes out, and without tokens in the paths of channels.
  public static String withoutInChannel(String text) {
    return CHANNEL_TOKEN
        .matcher(without(text))
        .replaceAll(match ->
            Matcher.quoteReplacement(
                match.group(1) + (match.group(2) == null ? "" : match.group(2))));
  }

  /// The problem of a secret in a definition, without a place.
  ///
  /// @param where what holds it, such as `a URL`
  public static Problem problem(String where) {
    return Problem.of(EnvironmentCode.SECRET_IN_DEFINITION, where + " holds a password or token")
        .because("a definition is shared, locked and logged, so it may hold no secret")
        .hint(
            "take it out of the URL and put it into ~/.netrc, the keyring or UV_INDEX_…_PASSWORD,"
                + " or write `${VARIABLE}` in its place")
        .hint("fetch what a signed URL points to and give the file's path");
  }

  /// The text without the user part of its URLs and without the parameters of their queries that
  /// hold secrets, so that it can be kept or shown.
  public static String without(String text) {
    var bare = USER_INFO.matcher(text).replaceAll("$1");
    var matcher = PARAMETER.matcher(bare);
    var out = new StringBuilder();
    var end = 0;
    while (matcher.find(end)) {
      out.append(bare, end, matcher.start());
      end = matcher.end();
      // The first parameter's mark stays for the next one.
      var next = end < bare.length() ? bare.charAt(end) : ' ';
      if (next == '&' || next == ';') {
        bare = bare.substring(0, end) + matcher.group(1) + bare.substring(end + 1);
        matcher.reset(bare);
      }
    }
    return out.append(bare.substring(end)).toString();
  }

  /// Whether a URL in the text holds a password, or a token in the place of the name.
  public static boolean isIn(String text) {
    var matcher = USER.matcher(text);
    while (matcher.find()) {
      var scheme = matcher.group(1);
      if (isSecret(scheme == null ? "" : scheme, matcher.group(2))) {
        return true;
      }
    }
    return SPLIT_PASSWORD.matcher(text).find() || hasSecretParameter(text);
  }

  private static boolean hasSecretParameter(String text) {
    var url = text.indexOf("//");
    if (url < 0) {
      return false;
    }
    var matcher = PARAMETER.matcher(text).region(url, text.length());
    while (matcher.find()) {
      if (!VARIABLES.matcher(matcher.group(2)).matches()) {
        return true;
      }
    }
    return false;
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
