package dev.terroir.environment.requirement;

import java.util.ArrayList;
import java.util.List;

/// The words of an option line, as a POSIX shell separates them.
///
/// Spec: pip reads the options of a line with Python's `shlex.split`.
final class Words {
  /// A word.
  ///
  /// @param written with its quotes
  /// @param value without them
  /// @param offset where it begins in the text
  record Word(String written, String value, int offset) {}

  private Words() {}

  /// The words of a text from an offset on; a quote that is not closed reaches to the end.
  static List<Word> of(String text, int from) {
    var words = new ArrayList<Word>();
    var at = from;
    while (at < text.length()) {
      if (Character.isWhitespace(text.charAt(at))) {
        at++;
        continue;
      }
      var begin = at;
      var value = new StringBuilder();
      var quote = '\0';
      for (; at < text.length(); at++) {
        var c = text.charAt(at);
        if (quote != '\0') {
          if (c == quote) {
            quote = '\0';
          } else {
            value.append(c);
          }
        } else if (c == '"' || c == '\'') {
          quote = c;
        } else if (Character.isWhitespace(c)) {
          break;
        } else {
          value.append(c);
        }
      }
      words.add(new Word(text.substring(begin, at), value.toString(), begin));
    }
    return words;
  }
}
