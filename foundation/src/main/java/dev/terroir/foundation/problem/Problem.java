package dev.terroir.foundation.problem;

import java.util.ArrayList;
import java.util.List;

/// One failure that a person sees, the same on the command line, in Java and, later, over REST.
///
/// Immutable: `at`, `because` and `hint` return extended copies, so a problem is written as one
/// expression.
///
/// @param code stable, documented at `docs/errors/<code>.md`
/// @param what one sentence, the subject first, no full stop
/// @param where the file and position, URL, package or field it happened at
/// @param why the chain of causes, outermost first
/// @param hints things the reader can do, each a complete instruction
/// @since 0.1
public record Problem(
    Code code, String what, List<Place> where, List<String> why, List<String> hints) {

  /// Copies the lists.
  public Problem {
    where = List.copyOf(where);
    why = List.copyOf(why);
    hints = List.copyOf(hints);
  }

  /// A problem with no more than its sentence.
  public static Problem of(Code code, String what) {
    return new Problem(code, what, List.of(), List.of(), List.of());
  }

  /// Adds a place.
  public Problem at(Place place) {
    return new Problem(code, what, append(where, place), why, hints);
  }

  /// Adds a cause.
  public Problem because(String cause) {
    return new Problem(code, what, where, append(why, cause), hints);
  }

  /// Adds an instruction.
  public Problem hint(String hint) {
    return new Problem(code, what, where, why, append(hints, hint));
  }

  private static <T> List<T> append(List<T> list, T element) {
    var longer = new ArrayList<>(list);
    longer.add(element);
    return longer;
  }

  /// The problem as text for a terminal or a log, several lines, without colour and without a final
  /// line break.
  public String render() {
    var out = new StringBuilder("error: ").append(what);
    out.append("  [").append(code.id()).append(']');
    for (var place : where) {
      out.append("\n  at ").append(place.text());
      var excerpt = place.excerpt();
      if (excerpt != null) {
        out.append("\n     | ").append(excerpt.stripTrailing());
        if (place.column() > 0 && place.column() <= excerpt.length() + 1) {
          out.append("\n     | ").append(" ".repeat(place.column() - 1)).append('^');
        }
      }
    }
    for (var cause : why) {
      out.append("\n  because ").append(cause.strip().replace("\n", "\n    "));
    }
    for (var hint : hints) {
      out.append("\n\nhint: ").append(hint);
    }
    return out.toString();
  }
}
