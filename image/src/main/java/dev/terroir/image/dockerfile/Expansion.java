package dev.terroir.image.dockerfile;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Replaces variables, quotes and escapes in the words of instructions.
///
/// Spec: Dockerfile reference, "Environment replacement": `$name`, `${name}`, and in braces the
/// modifiers `:-word`, `-word`, `:+word`, `+word`, `:?word`, `?word`, `#pattern`, `##pattern`,
/// `%pattern`, `%%pattern`, `/pattern/text`, `//pattern/text`.
final class Expansion {
  /// A word that breaks the rules, or a variable that must be set and is not.
  static final class Failure extends Exception {
    private final int offset;

    Failure(String message, int offset) {
      super(message);
      this.offset = offset;
    }

    /// 0-based position in the word.
    int offset() {
      return offset;
    }

    String what() {
      return String.valueOf(getMessage());
    }
  }

  /// Looks variables up; null means unset.
  @FunctionalInterface
  interface Variables {
    @Nullable String get(String name);
  }

  private static final char NO_STOP = '\0';

  private final String text;
  private final char escape;
  private final Variables variables;
  private final boolean checking;
  private final List<String> words = new ArrayList<>();
  private @Nullable StringBuilder word;
  private boolean hasQuotes = true;
  private int at;

  private Expansion(String text, char escape, Variables variables, boolean checking) {
    this.text = text;
    this.escape = escape;
    this.variables = variables;
    this.checking = checking;
  }

  /// The final text of one word.
  static String word(String text, char escape, Variables variables) throws Failure {
    return new Expansion(text, escape, variables, false).until(NO_STOP, false, true);
  }

  /// The final words: what is replaced is split at white space, what is quoted is not.
  static List<String> words(String text, char escape, Variables variables) throws Failure {
    var expansion = new Expansion(text, escape, variables, false);
    expansion.until(NO_STOP, false, true);
    expansion.endWord();
    return expansion.words;
  }

  /// The content of a here-document: variables are replaced, and a backslash gives way to what
  /// follows it, a line's end as well; quotes are like any other character, in modifiers too.
  static String content(String text, Variables variables) throws Failure {
    // Spec: BuildKit takes the backslash whatever the escape directive says.
    var expansion = new Expansion(text, '\\', variables, false);
    expansion.hasQuotes = false;
    return expansion.until(NO_STOP, false, false);
  }

  /// Checks the form of a word; variables need not be set.
  static void check(String text, char escape) throws Failure {
    new Expansion(text, escape, _ -> null, true).until(NO_STOP, false, true);
  }

  private void endWord() {
    var ended = word;
    if (ended != null && !ended.isEmpty()) {
      words.add(ended.toString());
    }
    word = null;
  }

  private void keep(String part, boolean splitting) {
    for (var c : part.toCharArray()) {
      if (splitting && Words.isSpace(c)) {
        endWord();
      } else {
        var current = word == null ? new StringBuilder() : word;
        word = current.append(c);
      }
    }
  }

  private String until(char stop, boolean keepsEscapes, boolean outermost) throws Failure {
    var out = new StringBuilder();
    var start = at;
    while (at < text.length()) {
      var c = text.charAt(at);
      if (stop != NO_STOP && c == stop) {
        at++;
        return out.toString();
      }
      String part;
      var splitting = false;
      if (c == '\'' && hasQuotes) {
        part = singleQuoted();
      } else if (c == '"' && hasQuotes) {
        part = doubleQuoted(keepsEscapes);
      } else if (c == '$') {
        part = dollar();
        splitting = true;
      } else if (c == escape) {
        at++;
        // An escape character at the end of a word is dropped.
        part = keepsEscapes ? String.valueOf(c) : "";
        if (at < text.length()) {
          part += text.charAt(at++);
        }
      } else {
        part = String.valueOf(c);
        at++;
        splitting = true;
      }
      out.append(part);
      if (outermost) {
        keep(part, splitting);
      }
    }
    if (stop != NO_STOP) {
      throw new Failure("`${` has no closing `" + stop + "`", Math.min(start, text.length()));
    }
    return out.toString();
  }

  private String singleQuoted() throws Failure {
    var start = at;
    var end = text.indexOf('\'', start + 1);
    if (end < 0) {
      throw new Failure("the quote `'` is not closed", start);
    }
    at = end + 1;
    return text.substring(start + 1, end);
  }

  private String doubleQuoted(boolean keepsEscapes) throws Failure {
    var start = at++;
    var out = new StringBuilder();
    while (at < text.length()) {
      var c = text.charAt(at);
      if (c == '"') {
        at++;
        return out.toString();
      }
      if (c == '$') {
        out.append(dollar());
      } else if (c == escape) {
        at++;
        if (keepsEscapes) {
          out.append(c);
        }
        if (at < text.length()) {
          var next = text.charAt(at);
          if (next == '"' || next == '$' || next == escape) {
            out.append(next);
            at++;
          } else if (!keepsEscapes) {
            out.append(c);
          }
        }
      } else {
        out.append(c);
        at++;
      }
    }
    throw new Failure("the quote `\"` is not closed", start);
  }

  private String dollar() throws Failure {
    var start = at++;
    if (at >= text.length() || text.charAt(at) != '{') {
      var name = name();
      return name.isEmpty() ? "$" : valueOf(name);
    }
    at++;
    if (at >= text.length()) {
      throw new Failure("`${` has no closing `}`", start);
    }
    var name = name();
    if (name.isEmpty()) {
      throw new Failure("`${` is not followed by the name of a variable", start);
    }
    if (at >= text.length()) {
      throw new Failure("`${` has no closing `}`", start);
    }
    var modifier = text.charAt(at++);
    if (modifier == '}') {
      return valueOf(name);
    }
    if (modifier == '/') {
      return replaced(name, start);
    }
    var emptyIsUnset = modifier == ':';
    if (emptyIsUnset) {
      modifier = at < text.length() ? text.charAt(at++) : '\0';
    }
    if (emptyIsUnset ? "-+?".indexOf(modifier) < 0 : "-+?#%".indexOf(modifier) < 0) {
      throw new Failure(
          "`${"
              + name
              + "` is followed by `"
              + (emptyIsUnset ? ":" : "")
              + modifier
              + "`, which is no modifier",
          Math.min(at - 1, text.length() - 1));
    }
    var argument = until('}', modifier == '#' || modifier == '%', false);
    var value = variables.get(name);
    var isSet = value != null && !(emptyIsUnset && value.isEmpty());
    return switch (modifier) {
      case '-' -> value != null && isSet ? value : argument;
      case '+' -> isSet ? argument : "";
      case '?' -> {
        if (!isSet && !checking) {
          throw new Failure(
              "the variable `"
                  + name
                  + "` is not set"
                  + (argument.isEmpty() ? "" : ": " + argument),
              start);
        }
        yield value == null ? "" : value;
      }
      default -> trimmed(value == null ? "" : value, modifier, argument, start);
    };
  }

  private String replaced(String name, int start) throws Failure {
    var everywhere = at < text.length() && text.charAt(at) == '/';
    if (everywhere) {
      at++;
    }
    var pattern = until('/', true, false);
    var replacement = Matcher.quoteReplacement(until('}', true, false));
    var matcher = shellPattern(pattern, start).matcher(valueOf(name));
    return everywhere ? matcher.replaceAll(replacement) : matcher.replaceFirst(replacement);
  }

  private static String trimmed(String value, char side, String argument, int start)
      throws Failure {
    var longest = argument.startsWith(String.valueOf(side));
    var pattern = shellPattern(longest ? argument.substring(1) : argument, start);
    for (var step = 0; step <= value.length(); step++) {
      var length = longest ? value.length() - step : step;
      var cut = side == '#' ? length : value.length() - length;
      var part = side == '#' ? value.substring(0, cut) : value.substring(cut);
      if (pattern.matcher(part).matches()) {
        return side == '#' ? value.substring(cut) : value.substring(0, cut);
      }
    }
    return value;
  }

  /// `*` and `?` as in a shell; a backslash takes their meaning away.
  private static Pattern shellPattern(String pattern, int offset) throws Failure {
    var regex = new StringBuilder();
    for (var i = 0; i < pattern.length(); i++) {
      var c = pattern.charAt(i);
      switch (c) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        case '\\' -> {
          var next = i + 1 < pattern.length() ? pattern.charAt(i + 1) : '\0';
          if ("*?\\}/".indexOf(next) < 0 || next == '\0') {
            throw new Failure(
                "the pattern `" + pattern + "` has a backslash before no special" + " character",
                offset);
          }
          regex.append(Pattern.quote(String.valueOf(next)));
          i++;
        }
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return Pattern.compile(regex.toString());
  }

  private String valueOf(String name) {
    var value = variables.get(name);
    return value == null ? "" : value;
  }

  /// A name, a number, or one of the shell's special parameters.
  private String name() {
    var start = at;
    if (at < text.length() && "@*#?-$!".indexOf(text.charAt(at)) >= 0) {
      at++;
    } else if (at < text.length() && Character.isDigit(text.charAt(at))) {
      while (at < text.length() && Character.isDigit(text.charAt(at))) {
        at++;
      }
    } else {
      while (at < text.length()
          && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
        at++;
      }
    }
    return text.substring(start, at);
  }
}
