package dev.terroir.environment;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Nearest;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;

/// Writes a section over the object it was read from: its keys keep their order, unknown keys stay,
/// and a known key that was not there is added only when its value says something.
final class Members {
  private Members() {}

  /// @param source the object as read; empty for a section made here
  /// @param values the known keys with their present values, in the order of new files
  /// @param defaults the known keys with their default values
  static JsonObject merge(JsonObject source, JsonObject values, JsonObject defaults) {
    if (source.isEmpty()) {
      return values;
    }
    var merged = JsonObject.builder();
    source.members().forEach((key, value) -> merged.put(key, values.get(key).orElse(value)));
    values
        .members()
        .forEach((key, value) -> {
          if (!source.has(key) && !defaults.get(key).map(value::equals).orElse(false)) {
            merged.put(key, value);
          }
        });
    return merged.build();
  }

  /// Warns of keys that no version of the format has, with the nearest one that it has.
  static void warnUnknown(JsonObject object, Set<String> known, Consumer<String> warnings) {
    for (var key : object.members().keySet()) {
      if (!known.contains(key)) {
        var near = nearest(key, known);
        warnings.accept(
            "the key `"
                + key
                + "` is unknown and kept as it is"
                + (near.isEmpty() ? "" : "; did you mean `" + near + "`?")
                + " ("
                + object.place(key).text()
                + ")");
      }
    }
  }

  private static String nearest(String key, Set<String> known) {
    var best = "";
    var least = 3;
    var lower = key.toLowerCase(Locale.ROOT);
    for (var candidate : known) {
      var distance = Nearest.distance(lower, candidate.toLowerCase(Locale.ROOT));
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return best;
  }

  static JsonValue array(List<JsonObject> objects) {
    return new JsonValue.JsonArray(List.copyOf(objects));
  }
}
