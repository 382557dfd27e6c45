package dev.terroir.image.dockerfile;

import java.util.ArrayList;
import java.util.List;

/// Splits the text after an instruction's name.
final class Words {
  /// Flags and where the rest begins.
  record Flags(List<Flag> flags, int end) {}

  /// One flag.
  ///
  /// @param text without the dashes, quotes taken away
  /// @param start where it begins
  record Flag(String text, int start) {}

  private Words() {}

  static boolean isSpace(int c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == 0x0B;
  }

  static int skipSpaces(String text, int from) {
    var at = from;
    while (at < text.length() && isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  /// Splits at white space and nothing else.
  static List<String> plain(String text) {
    var words = new ArrayList<String>();
    var at = skipSpaces(text, 0);
    while (at < text.length()) {
      var start = at;
      while (at < text.length() && !isSpace(text.charAt(at))) {
        at++;
      }
      words.add(text.substring(start, at));
      at = skipSpaces(text, at);
    }
    return words;
  }

  /// Splits at white space outside of quotes; quotes and escapes stay.
  static List<String> quoted(String text, char escape) {
    var words = new ArrayList<String>();
    var at = skipSpaces(text, 0);
    while (at < text.length()) {
      var start = at;
      var quote = '\0';
      while (at < text.length() && (quote != '\0' || !isSpace(text.charAt(at)))) {
        var c = text.charAt(at);
        if (c == escape && quote != '\'' && at + 1 < text.length()) {
          at++;
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
          quote = c;
        } else if (c == quote) {
          quote = '\0';
        }
        at++;
      }
      words.add(text.substring(start, at));
      at = skipSpaces(text, at);
    }
    return words;
  }

  /// The flags at the front. A backslash escapes in them whatever the escape directive says.
  static Flags flags(String text) {
    var flags = new ArrayList<Flag>();
    var at = skipSpaces(text, 0);
    while (text.startsWith("--", at)) {
      var start = at;
      var word = new StringBuilder();
      var quote = '\0';
      while (at < text.length() && (quote != '\0' || !isSpace(text.charAt(at)))) {
        var c = text.charAt(at);
        if (c == '\\' && at + 1 < text.length()) {
          at++;
          word.append(text.charAt(at));
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
          quote = c;
        } else if (c == quote) {
          quote = '\0';
        } else {
          word.append(c);
        }
        at++;
      }
      at = skipSpaces(text, at);
      if (word.toString().equals("--")) {
        break;
      }
      flags.add(new Flag(word.substring(2), start));
    }
    return new Flags(flags, at);
  }
}
