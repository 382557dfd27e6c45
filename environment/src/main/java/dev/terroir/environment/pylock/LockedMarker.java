package dev.terroir.environment.pylock;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// The marker of a locked package, of which a choice of extras and groups leaves what depends on
/// the machine.
///
/// Spec: Python packaging, "Dependency specifiers", environment markers with `extras` and
/// `dependency_groups`. For one thread.
final class LockedMarker {
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s*(\"[^\"]*\"|'[^']*'|[()]|===|[=!<>~]=|[<>]|not\\s+in\\b|[A-Za-z_][A-Za-z0-9_.]*)");
  private static final Set<String> OPERATORS =
      Set.of("===", "==", "!=", "<=", ">=", "~=", "<", ">", "in", "not in");

  private final List<String> tokens = new ArrayList<>();
  private final Predicate<String> isChosen;
  private int at;

  private LockedMarker(String text, Predicate<String> isChosen) {
    this.isChosen = isChosen;
    var matcher = TOKEN.matcher(text);
    int end = 0;
    while (end < text.length() && matcher.region(end, text.length()).lookingAt()) {
      tokens.add(matcher.group(1).replaceAll("^not\\s+in$", "not in"));
      end = matcher.end();
    }
    if (!text.substring(end).isBlank()) {
      throw new IllegalArgumentException("`" + text.substring(end).strip() + "` fits nothing here");
    }
  }

  /// What is left of a marker.
  ///
  /// @param isChosen whether an extra or a group is chosen
  /// @return empty when it never holds, an empty text when it always does
  /// @throws IllegalArgumentException when it is no marker
  static Optional<String> left(String marker, Predicate<String> isChosen) {
    var parser = new LockedMarker(marker, isChosen);
    var term = parser.or();
    if (parser.at < parser.tokens.size()) {
      throw new IllegalArgumentException(
          "`" + parser.tokens.get(parser.at) + "` fits nothing here");
    }
    return switch (term) {
      case Term.Known(var holds) -> holds ? Optional.of("") : Optional.empty();
      case Term.Open(var text, _) -> Optional.of(text);
    };
  }

  private sealed interface Term {
    /// One that the choice decides.
    record Known(boolean holds) implements Term {}

    /// One that depends on the machine.
    record Open(String text, boolean isOr) implements Term {}
  }

  private Term or() {
    return joined("or", true);
  }

  private Term and() {
    return joined("and", false);
  }

  /// @param winning what decides the whole when one part is it
  private Term joined(String word, boolean winning) {
    var open = new ArrayList<Term.Open>();
    var isDecided = false;
    do {
      switch (word.equals("or") ? and() : comparison()) {
        case Term.Known(var holds) -> isDecided |= holds == winning;
        case Term.Open part -> open.add(part);
      }
    } while (takes(word));
    if (isDecided || open.isEmpty()) {
      return new Term.Known(isDecided == winning);
    }
    if (open.size() == 1) {
      return open.getFirst();
    }
    var parts =
        open.stream().map(it -> it.isOr() && !winning ? "(" + it.text() + ")" : it.text()).toList();
    return new Term.Open(String.join(" " + word + " ", parts), winning);
  }

  private Term comparison() {
    if (takes("(")) {
      var inner = or();
      if (!takes(")")) {
        throw new IllegalArgumentException("a parenthesis is not closed");
      }
      return inner;
    }
    var left = next();
    var operator = next();
    var right = next();
    if (!OPERATORS.contains(operator)) {
      throw new IllegalArgumentException("`" + operator + "` is no comparison");
    }
    var isList = right.equals("extras") || right.equals("dependency_groups");
    if (isList && operator.endsWith("in")) {
      return new Term.Known(isChosen.test(unquoted(left)) == operator.equals("in"));
    }
    if (left.equals("extra") || right.equals("extra")) {
      var name = unquoted(left.equals("extra") ? right : left);
      return new Term.Known(isChosen.test(name) == operator.equals("=="));
    }
    return new Term.Open(left + " " + operator + " " + right, false);
  }

  private static String unquoted(String text) {
    return text.startsWith("\"") || text.startsWith("'")
        ? text.substring(1, text.length() - 1)
        : text;
  }

  private boolean takes(String token) {
    if (at < tokens.size() && tokens.get(at).equals(token)) {
      at++;
      return true;
    }
    return false;
  }

  private String next() {
    if (at == tokens.size()) {
      throw new IllegalArgumentException("it ends too early");
    }
    return tokens.get(at++);
  }
}
