package dev.terroir.compute.snapshot;

import dev.terroir.foundation.FoundationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The patterns of `.amlignore`, else `.gitignore`, of a source directory. Immutable.
///
/// Spec: gitignore(5). `.git` is always left out.
///
/// @since 0.1
public final class IgnoreRules {
  private record Rule(Pattern pattern, boolean isNegated, boolean directoriesOnly) {}

  private final List<Rule> rules;

  private IgnoreRules(List<Rule> rules) {
    this.rules = List.copyOf(rules);
  }

  /// The rules of a directory; if both files are there, `.amlignore` wins.
  public static IgnoreRules read(Path directory) {
    for (var name : List.of(".amlignore", ".gitignore")) {
      var file = directory.resolve(name);
      if (Files.isRegularFile(file)) {
        try {
          return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (IOException e) {
          throw FoundationException.ofFile(name + " cannot be read", file, e);
        }
      }
    }
    return new IgnoreRules(List.of());
  }

  /// The rules of a text.
  public static IgnoreRules parse(String text) {
    var rules = new ArrayList<Rule>();
    var clean = text.startsWith("\ufeff") ? text.substring(1) : text;
    for (var line : Arrays.asList(clean.split("\r?\n", -1))) {
      var rule = rule(line);
      if (rule != null) {
        rules.add(rule);
      }
    }
    return new IgnoreRules(rules);
  }

  /// Whether a path is left out. A file below a directory that is left out is left out too; the
  /// caller does not go into one.
  ///
  /// @param path relative to the source directory, with `/`
  public boolean isIgnored(String path, boolean isDirectory) {
    if (path.equals(".git") || path.startsWith(".git/")) {
      return true;
    }
    for (int i = rules.size() - 1; i >= 0; i--) {
      var rule = rules.get(i);
      if ((isDirectory || !rule.directoriesOnly()) && rule.pattern().matcher(path).matches()) {
        return !rule.isNegated();
      }
    }
    return false;
  }

  private static @Nullable Rule rule(String line) {
    var pattern = stripTrailingSpaces(line);
    if (pattern.isEmpty() || pattern.startsWith("#")) {
      return null;
    }
    var negated = pattern.startsWith("!");
    if (negated) {
      pattern = pattern.substring(1);
    }
    var directoriesOnly = pattern.endsWith("/");
    if (directoriesOnly) {
      pattern = pattern.substring(0, pattern.length() - 1);
    }
    if (pattern.isEmpty()) {
      return null;
    }
    var anchored = pattern.contains("/");
    if (pattern.startsWith("/")) {
      pattern = pattern.substring(1);
    }
    var regex = (anchored ? "" : "(?:.*/)?") + translate(pattern);
    return new Rule(Pattern.compile(regex, Pattern.DOTALL), negated, directoriesOnly);
  }

  private static String stripTrailingSpaces(String line) {
    var end = line.length();
    while (end > 0 && line.charAt(end - 1) == ' ' && !(end > 1 && line.charAt(end - 2) == '\\')) {
      end--;
    }
    return line.substring(0, end);
  }

  private static String translate(String glob) {
    var out = new StringBuilder();
    var i = 0;
    while (i < glob.length()) {
      var c = glob.charAt(i);
      if (glob.startsWith("**/", i) && (i == 0 || glob.charAt(i - 1) == '/')) {
        out.append("(?:.*/)?");
        i += 3;
      } else if (glob.startsWith("/**", i) && i + 3 == glob.length()) {
        out.append("/.+");
        i += 3;
      } else if (glob.equals("**")) {
        out.append(".*");
        i += 2;
      } else if (c == '*') {
        while (i < glob.length() && glob.charAt(i) == '*') {
          i++;
        }
        out.append("[^/]*");
      } else if (c == '?') {
        out.append("[^/]");
        i++;
      } else if (c == '[') {
        var end = closing(glob, i);
        if (end < 0) {
          // An unclosed class matches nothing, as in git.
          return "(?!)";
        }
        out.append(characterClass(glob.substring(i + 1, end)));
        i = end + 1;
      } else if (c == '\\' && i + 1 < glob.length()) {
        out.append(Pattern.quote(String.valueOf(glob.charAt(i + 1))));
        i += 2;
      } else {
        out.append(Pattern.quote(String.valueOf(c)));
        i++;
      }
    }
    return out.toString();
  }

  private static int closing(String glob, int open) {
    var i = open + 1;
    if (i < glob.length() && (glob.charAt(i) == '!' || glob.charAt(i) == '^')) {
      i++;
    }
    if (i < glob.length() && glob.charAt(i) == ']') {
      i++;
    }
    while (i < glob.length() && glob.charAt(i) != ']') {
      if (glob.startsWith("[:", i)) {
        var end = glob.indexOf(":]", i + 2);
        i = end < 0 ? i + 1 : end + 2;
      } else {
        i += glob.charAt(i) == '\\' ? 2 : 1;
      }
    }
    return i < glob.length() ? i : -1;
  }

  private static String characterClass(String body) {
    var negated = body.startsWith("!") || body.startsWith("^");
    var out = new StringBuilder(negated ? "(?!/)[^" : "(?!/)[");
    var rest = negated ? body.substring(1) : body;
    var i = 0;
    while (i < rest.length()) {
      if (rest.startsWith("[:", i) && rest.indexOf(":]", i) > 0) {
        var end = rest.indexOf(":]", i);
        out.append(posix(rest.substring(i + 2, end)));
        i = end + 2;
      } else if (rest.charAt(i) == '\\' && i + 1 < rest.length()) {
        // A letter with a backslash is that letter, where Java has classes such as `\d`.
        var c = rest.charAt(i + 1);
        out.append(Character.isLetterOrDigit(c) ? "" : "\\").append(c);
        i += 2;
      } else {
        var c = rest.charAt(i);
        out.append("[]&^\\".indexOf(c) >= 0 ? "\\" + c : String.valueOf(c));
        i++;
      }
    }
    var text = out.append(']').toString();
    try {
      Pattern.compile(text);
      return text;
    } catch (java.util.regex.PatternSyntaxException e) {
      return "(?!)";
    }
  }

  private static String posix(String name) {
    return switch (name) {
      case "alpha" -> "\\p{Alpha}";
      case "digit" -> "\\p{Digit}";
      case "alnum" -> "\\p{Alnum}";
      case "upper" -> "\\p{Upper}";
      case "lower" -> "\\p{Lower}";
      case "space" -> "\\s";
      case "punct" -> "\\p{Punct}";
      case "xdigit" -> "\\p{XDigit}";
      default -> "";
    };
  }
}
