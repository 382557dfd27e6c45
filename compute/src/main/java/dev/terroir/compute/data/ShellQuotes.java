package dev.terroir.compute.data;

import java.util.regex.Pattern;

/// Texts as words of a POSIX shell (2.2 Quoting).
final class ShellQuotes {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

  private ShellQuotes() {}

  /// A text as it is written after the beginning of a line, whose quotes may be open.
  static String quoted(String before, String text) {
    if (PLAIN.matcher(text).matches()) {
      return text;
    }
    return switch (open(before)) {
      case '\'' -> text.replace("'", "'\\''");
      case '"' -> text.replaceAll("[\\\\\"$`]", "\\\\$0");
      default -> "'" + text.replace("'", "'\\''") + "'";
    };
  }

  private static char open(String before) {
    var open = ' ';
    for (int i = 0; i < before.length(); i++) {
      var c = before.charAt(i);
      if (c == '\\' && open != '\'') {
        i++;
      } else if (open == ' ' && (c == '\'' || c == '"')) {
        open = c;
      } else if (c == open) {
        open = ' ';
      }
    }
    return open;
  }
}
