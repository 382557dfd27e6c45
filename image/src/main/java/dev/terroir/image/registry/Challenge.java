package dev.terroir.image.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One way in that a server offers with status 401. Immutable.
///
/// Spec: RFC 9110, section 11.6.1.
///
/// @param scheme lower case: `bearer`, `basic`
/// @param parameters by lower-case name
record Challenge(String scheme, Map<String, String> parameters) {

  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  /// Reads the values of the header `WWW-Authenticate`; what does not follow the grammar ends the
  /// reading of its value.
  static List<Challenge> parse(List<String> headers) {
    var challenges = new ArrayList<Challenge>();
    headers.forEach(header -> new Reader(header).read(challenges));
    return List.copyOf(challenges);
  }

  private static final class Reader {
    private final String text;
    private int at;

    Reader(String text) {
      this.text = text;
    }

    /// ```
    /// challenges := challenge *( "," challenge )
    /// challenge  := token 1*SP [ auth-param *( "," auth-param ) ]
    /// auth-param := token "=" ( token | quoted-string )
    /// ```
    ///
    /// A token after a comma is a parameter when `=` follows, else the next scheme.
    void read(List<Challenge> into) {
      var scheme = "";
      Map<String, String> parameters = new LinkedHashMap<>();
      while (true) {
        skip(" \t,");
        var word = token();
        if (word.isEmpty()) {
          break;
        }
        var before = at;
        skip(" \t");
        if (at < text.length() && text.charAt(at) == '=' && !scheme.isEmpty()) {
          at++;
          skip(" \t");
          var value = at < text.length() && text.charAt(at) == '"' ? quoted() : token();
          parameters.putIfAbsent(word.toLowerCase(Locale.ROOT), value);
        } else {
          at = before;
          if (!scheme.isEmpty()) {
            into.add(new Challenge(scheme, parameters));
          }
          scheme = word.toLowerCase(Locale.ROOT);
          parameters = new LinkedHashMap<>();
        }
      }
      if (!scheme.isEmpty()) {
        into.add(new Challenge(scheme, parameters));
      }
    }

    private void skip(String characters) {
      while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private String token() {
      int start = at;
      while (at < text.length() && " \t,=\"".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(start, at);
    }

    private String quoted() {
      var value = new StringBuilder();
      at++;
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at++));
      }
      // A quote that is not closed ends with the text.
      at = Math.min(text.length(), at + 1);
      return value.toString();
    }
  }
}
