package dev.terroir.lock.exchange;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The `channels` of an environment in other tools' locks: mappings with a `url`, or plain names.
final class Channels {
  private Channels() {}

  static List<LockDocument.Channel> read(JsonObject parent) {
    var channels = new ArrayList<LockDocument.Channel>();
    if (parent.get("channels").orElse(JsonValue.NULL) instanceof JsonValue.JsonArray(var items)) {
      for (var item : items) {
        channels.add(
            switch (item) {
              case JsonObject object ->
                  new LockDocument.Channel(
                      Fields.bare(Fields.required(object, "url")),
                      Fields.without(object, Set.of("url")));
              case JsonValue.JsonString(var name) ->
                  new LockDocument.Channel(Fields.bare(name), JsonObject.EMPTY);
              case JsonValue _ ->
                  throw Fields.bad("a channel must be a URL or name", parent.place("channels"));
            });
      }
    } else {
      for (var name : Fields.texts(parent, "channels")) {
        channels.add(new LockDocument.Channel(Fields.bare(name), JsonObject.EMPTY));
      }
    }
    return channels;
  }

  /// @param isOwn whether they were read from the same format
  /// @param hasVariables whether the format wants to be told of variables in their URLs
  static JsonValue write(List<LockDocument.Channel> channels, boolean isOwn, boolean hasVariables) {
    var items = new ArrayList<JsonValue>();
    for (var channel : channels) {
      var json = JsonObject.builder().put("url", channel.url());
      if (isOwn) {
        channel.more().members().forEach(json::put);
      } else if (hasVariables) {
        json.put("used_env_vars", List.of());
      }
      items.add(json.build());
    }
    return new JsonValue.JsonArray(items);
  }
}
