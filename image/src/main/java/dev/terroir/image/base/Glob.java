package dev.terroir.image.base;

import java.util.regex.Pattern;

/// Patterns in data: `*` is any text, `?` one character; letter case does not count.
final class Glob {
  private Glob() {}

  static boolean matches(String pattern, String text) {
    var regex = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      var c = pattern.charAt(i);
      regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
    }
    return Pattern.compile(regex.toString(), Pattern.CASE_INSENSITIVE).matcher(text).matches();
  }
}
