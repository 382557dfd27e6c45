package dev.terroir.server.http;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.List;
import java.util.function.Function;

/// Pages of lists.
///
/// @since 0.1
public final class Pages {
  private Pages() {}

  /// A list that is short enough to be one page.
  public static <T> Answer all(List<T> items, Function<T, JsonValue> json) {
    return of(items, Math.max(1, items.size()), json, _ -> "");
  }

  /// A page.
  ///
  /// @param items one more than asked for when more follow
  /// @param limit how many were asked for
  /// @param json what an item looks like
  /// @param key what the next page begins after, given the last item
  public static <T> Answer of(
      List<T> items, int limit, Function<T, JsonValue> json, Function<T, String> key) {
    var shown = items.subList(0, Math.min(limit, items.size()));
    var page =
        JsonObject.builder()
            .put("items", new JsonValue.JsonArray(shown.stream().map(json).toList()));
    if (items.size() > limit) {
      page.put("next", Request.cursor(key.apply(shown.getLast())));
    }
    return Answer.json(200, page.build());
  }
}
