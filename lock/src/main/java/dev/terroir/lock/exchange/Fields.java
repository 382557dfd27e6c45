package dev.terroir.lock.exchange;

import dev.terroir.environment.requirement.Credentials;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The members of an object in another tool's lock. A number or boolean where a text is due is
/// taken as it was written: versions like `1.10` stand in these files without quotes.
final class Fields {
  private static final Pattern VARIABLES =
      Pattern.compile("^[a-z]+://(?:\\$\\{?\\w+}?(?::\\$\\{?\\w+}?)?@|[^/@]+/t/\\$\\{?\\w+}?/)");

  private static final Pattern VARIABLE_TOKEN =
      Pattern.compile("^([a-z]+://[^/]+)/t/\\$\\{?\\w+}?/");

  private Fields() {}

  static @Nullable String text(JsonObject object, String key) {
    return switch (object.get(key).orElse(JsonValue.NULL)) {
      case JsonValue.JsonString(var text) -> text;
      case JsonValue.JsonNumber(var text) -> text;
      case JsonValue.JsonBoolean(var flag) -> Boolean.toString(flag);
      case JsonValue.JsonNull _ -> null;
      case JsonValue.JsonArray _, JsonObject _ ->
          throw bad("`" + key + "` must be text", object.place(key));
    };
  }

  static String required(JsonObject object, String key) {
    var text = text(object, key);
    if (text == null) {
      throw bad("`" + key + "` is missing", place(object));
    }
    return text;
  }

  static long number(JsonObject object, String key) {
    var text = text(object, key);
    if (text == null) {
      return -1;
    }
    if (!text.matches("[0-9]{1,18}")) {
      throw bad("`" + key + "` must be a whole number, not `" + text + "`", object.place(key));
    }
    return Long.parseLong(text);
  }

  /// A digest as it stands there. Some are none: conda-lock puts a commit in the place of SHA-256.
  static @Nullable String digest(JsonObject object, String key) {
    var text = text(object, key);
    return text == null || text.isEmpty() ? null : text;
  }

  /// Texts of an array, or a single text.
  static List<String> texts(JsonObject object, String key) {
    var value = object.get(key).orElse(JsonValue.NULL);
    if (value instanceof JsonValue.JsonArray(var elements)) {
      var texts = new ArrayList<String>();
      for (var element : elements) {
        switch (element) {
          case JsonValue.JsonString(var text) -> texts.add(text);
          case JsonValue.JsonNumber(var text) -> texts.add(text);
          case JsonValue.JsonBoolean(var flag) -> texts.add(Boolean.toString(flag));
          case JsonValue.JsonNull _ -> {}
          case JsonValue.JsonArray _, JsonObject _ ->
              throw bad("`" + key + "` must be a list of texts", object.place(key));
        }
      }
      return texts;
    }
    var text = text(object, key);
    return text == null ? List.of() : List.of(text);
  }

  static List<JsonObject> objects(JsonObject object, String key) {
    var value = object.get(key).orElse(JsonValue.NULL);
    if (value instanceof JsonValue.JsonNull) {
      return List.of();
    }
    if (value instanceof JsonValue.JsonArray(var elements)) {
      var objects = new ArrayList<JsonObject>();
      for (var element : elements) {
        if (!(element instanceof JsonObject item)) {
          throw bad("`" + key + "` must be a list of mappings", object.place(key));
        }
        objects.add(item);
      }
      return objects;
    }
    throw bad("`" + key + "` must be a list", object.place(key));
  }

  static JsonObject object(JsonObject object, String key) {
    return switch (object.get(key).orElse(JsonValue.NULL)) {
      case JsonObject value -> value;
      case JsonValue.JsonNull _ -> JsonObject.EMPTY;
      case JsonValue _ -> throw bad("`" + key + "` must be a mapping", object.place(key));
    };
  }

  static JsonObject without(JsonObject object, Set<String> keys) {
    var rest = JsonObject.builder();
    object
        .members()
        .forEach((key, value) -> {
          if (!keys.contains(key)) {
            rest.put(key, value);
          }
        });
    return rest.build();
  }

  /// Where an object stands: at its first member.
  static Place place(JsonObject object) {
    return object.members().keySet().stream()
        .findFirst()
        .map(object::place)
        .map(place -> Place.of(place.text().replaceFirst(", field `.*", "")))
        .orElse(Place.of("an empty entry"));
  }

  /// A URL as it may be kept: without user, password, and the token that conda writes into paths.
  /// The names of variables in their place are no secrets, and are what conda-lock writes.
  static String bare(String url) {
    if (VARIABLES.matcher(url).find()) {
      return url;
    }
    return Credentials.isInChannel(url) ? Credentials.withoutInChannel(url) : url;
  }

  /// A URL as it is fetched with the user's own settings: without any login, not even the names of
  /// variables.
  static String anonymous(String url) {
    return VARIABLE_TOKEN.matcher(Credentials.withoutInChannel(url)).replaceFirst("$1/");
  }

  static LockException bad(String what, Place place) {
    return new LockException(Problem.of(LockCode.FOREIGN_LOCK, what).at(place));
  }
}
