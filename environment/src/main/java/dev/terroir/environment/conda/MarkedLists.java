package dev.terroir.environment.conda;

import dev.terroir.foundation.json.JsonValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Lines of lists in conda's settings that stand first or last whatever stronger files hold: those
/// with `#!top` or `#!bottom` behind them. For one thread.
///
/// Of lines at the top those of weaker files come first, of lines at the bottom last; a line that
/// is both is at the bottom.
///
/// Spec: conda, "Configuration" (locking CondaRC settings).
final class MarkedLists {
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*-\\s+(?:\"([^\"]*)\"|'([^']*)'|([^\\s#][^#]*?))\\s+#!\\s*(top|bottom)\\b.*");

  private static final Pattern KEY = Pattern.compile("[\"']?(\\w+)[\"']?\\s*:.*");

  private final Map<String, List<JsonValue>> top = new HashMap<>();
  private final Map<String, List<JsonValue>> bottom = new HashMap<>();

  /// Takes what one file marks of a list. Files come from the weakest to the strongest.
  ///
  /// @param key the setting
  /// @param written its name in the file
  /// @param text the file
  void read(String key, String written, String text) {
    var isWithin = false;
    var last = new ArrayList<JsonValue>();
    for (var line : text.lines().toList()) {
      var name = KEY.matcher(line);
      if (name.matches()) {
        isWithin = name.group(1).equals(written);
      }
      var item = LINE.matcher(line);
      if (isWithin && item.matches()) {
        var value = item.group(1) != null ? item.group(1) : item.group(2);
        var element = JsonValue.of(value != null ? value : item.group(3));
        if (item.group(4).equals("top")) {
          top.computeIfAbsent(key, _ -> new ArrayList<>()).add(element);
        } else {
          last.add(element);
        }
      }
    }
    bottom.computeIfAbsent(key, _ -> new ArrayList<>()).addAll(0, last);
  }

  /// Puts the marked lines of every list where they belong.
  void arrange(Map<String, JsonValue> values) {
    values.replaceAll((key, value) -> {
      if (!(value instanceof JsonValue.JsonArray array)) {
        return value;
      }
      var first = new LinkedHashSet<>(top.getOrDefault(key, List.of()));
      first.addAll(array.elements());
      // A line that two files mark stands where the weaker of them wants it.
      var ending = new LinkedHashSet<>(bottom.getOrDefault(key, List.of()).reversed()).reversed();
      first.removeAll(ending);
      first.addAll(ending);
      first.retainAll(array.elements());
      return new JsonValue.JsonArray(List.copyOf(first));
    });
  }
}
