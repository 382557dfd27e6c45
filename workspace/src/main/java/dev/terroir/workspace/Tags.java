package dev.terroir.workspace;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.Map;
import java.util.TreeMap;

/// Words that people put on runs and models.
///
/// @since 0.1
public final class Tags {
  private Tags() {}

  /// The tags after a change.
  ///
  /// @param before those that are there
  /// @param patch new values; null takes one away
  public static Map<String, String> patched(Map<String, String> before, JsonObject patch) {
    var tags = new TreeMap<>(before);
    patch
        .members()
        .forEach((key, value) -> {
          if (value instanceof JsonValue.JsonString(var text)) {
            tags.put(key, text);
          } else {
            tags.remove(key);
          }
        });
    return tags;
  }
}
