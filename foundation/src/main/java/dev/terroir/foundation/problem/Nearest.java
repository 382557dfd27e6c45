package dev.terroir.foundation.problem;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/// Which word somebody meant who wrote another one.
///
/// @since 0.1
public final class Nearest {
  private Nearest() {}

  /// The nearest of some names, if one is near enough to be meant.
  public static Optional<String> to(String name, Collection<String> names) {
    return names.stream()
        .map(other -> Map.entry(other, distance(name, other)))
        .filter(entry -> entry.getValue() <= Math.max(1, Math.min(2, entry.getKey().length() / 2)))
        .min(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey);
  }

  /// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
  public static int distance(String from, String to) {
    var rows = new int[from.length() + 1][to.length() + 1];
    for (var i = 0; i <= from.length(); i++) {
      for (var j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          rows[i][j] = i + j;
          continue;
        }
        var same = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
        rows[i][j] =
            Math.min(Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1), rows[i - 1][j - 1] + same);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
      }
    }
    return rows[from.length()][to.length()];
  }
}
