package dev.terroir.image.dockerfile;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A pattern of paths. Immutable.
///
/// Spec: Go's `filepath.Match`: `*` and `?` within a name, `[a-z]`, `[^a-z]`, a backslash takes a
/// special character's meaning away; with `**` for any number of directories as in `.dockerignore`.
///
/// @param text as written
/// @param regex what it means
record PathPattern(String text, Pattern regex) {

  /// Whether a text has special characters at all.
  static boolean isPattern(String text) {
    return text.chars().anyMatch(c -> c == '*' || c == '?' || c == '[' || c == '\\');
  }

  /// Reads one; empty if it is malformed.
  ///
  /// @param deep whether `**` has a meaning
  static Optional<PathPattern> parse(String text, boolean deep) {
    var regex = new StringBuilder();
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      switch (c) {
        case '*' -> {
          if (deep && text.startsWith("**", i)) {
            i++;
            if (i + 1 < text.length() && text.charAt(i + 1) == '/') {
              i++;
              regex.append("(?:.*/)?");
            } else {
              regex.append(".*");
            }
          } else {
            regex.append("[^/]*");
          }
        }
        case '?' -> regex.append("[^/]");
        case '\\' -> {
          if (++i >= text.length()) {
            return Optional.empty();
          }
          regex.append(Pattern.quote(text.substring(i, i + 1)));
        }
        case '[' -> {
          var end = characterClass(text, i, regex);
          if (end < 0) {
            return Optional.empty();
          }
          i = end;
        }
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    try {
      return Optional.of(new PathPattern(text, Pattern.compile(regex.toString(), Pattern.DOTALL)));
    } catch (PatternSyntaxException e) {
      return Optional.empty();
    }
  }

  /// @return the index of the closing bracket, or -1
  private static int characterClass(String text, int open, StringBuilder regex) {
    var i = open + 1;
    regex.append("(?!/)[");
    if (i < text.length() && text.charAt(i) == '^') {
      regex.append('^');
      i++;
    }
    var isEmpty = true;
    while (i < text.length() && (text.charAt(i) != ']' || isEmpty)) {
      var c = text.charAt(i);
      if (c == '\\') {
        if (++i >= text.length()) {
          return -1;
        }
        c = text.charAt(i);
      } else if (c == '-' && !isEmpty) {
        regex.append('-');
        i++;
        continue;
      }
      regex.append(Character.isLetterOrDigit(c) ? "" : "\\").append(c);
      isEmpty = false;
      i++;
    }
    regex.append(']');
    return i < text.length() ? i : -1;
  }

  boolean matches(String path) {
    return regex.matcher(path).matches();
  }

  /// Whether it matches a path or a directory above it.
  boolean matchesOrHolds(String path) {
    for (var end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (matches(path.substring(0, end))) {
        return true;
      }
    }
    return false;
  }

  /// A path without `.`, `..`, doubled slashes, and a slash at either end.
  static String clean(String path) {
    var parts = new ArrayList<String>();
    for (var part : List.of(path.split("/"))) {
      if (part.equals("..") && !parts.isEmpty() && !parts.getLast().equals("..")) {
        parts.removeLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }
}
