package dev.terroir.foundation.json;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A JSON object whose members keep their order, with typed access that says which field is wrong
/// and where.
///
/// Immutable. Accessors named after a type throw [FoundationException] with the field's path when
/// the member has another type; a missing member and `null` are both "not there" to the `optional…`
/// ones.
///
/// @since 0.1
public final class JsonObject implements JsonValue {
  /// The object without members.
  public static final JsonObject EMPTY = new JsonObject(Map.of(), null, "", Map.of());

  private final Map<String, JsonValue> members;
  private final @Nullable String source;
  private final String path;
  private final Map<String, Position> positions;

  /// Where a member's value begins, 1-based.
  record Position(int line, int column) {}

  JsonObject(
      Map<String, JsonValue> members,
      @Nullable String source,
      String path,
      Map<String, Position> positions) {
    this.members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    this.source = source;
    this.path = path;
    this.positions = Map.copyOf(positions);
  }

  /// Starts an object; members come out in the order they are put.
  public static Builder builder() {
    return new Builder();
  }

  /// A builder that starts with this object's members.
  public Builder toBuilder() {
    var builder = new Builder();
    members.forEach(builder::put);
    return builder;
  }

  /// The members in order, unmodifiable.
  public Map<String, JsonValue> members() {
    return members;
  }

  /// The value of a member, which may be [JsonNull].
  public Optional<JsonValue> get(String name) {
    return Optional.ofNullable(members.get(name));
  }

  /// Whether there is such a member, `null` included.
  public boolean has(String name) {
    return members.containsKey(name);
  }

  /// Whether there are no members.
  public boolean isEmpty() {
    return members.isEmpty();
  }

  /// A string member.
  public Optional<String> optionalString(String name) {
    return present(name)
        .map(value -> value instanceof JsonString(var text) ? text : fail(name, "a string", value));
  }

  /// A string member that must be there.
  public String string(String name) {
    return optionalString(name).orElseThrow(() -> missing(name));
  }

  /// A boolean member.
  public Optional<Boolean> optionalBoolean(String name) {
    return present(name)
        .map(value ->
            value instanceof JsonBoolean(var flag)
                ? Boolean.valueOf(flag)
                : fail(name, "true or false", value));
  }

  /// A whole-number member.
  public Optional<Long> optionalLong(String name) {
    return present(name)
        .map(value -> {
          if (value instanceof JsonNumber(var text)) {
            try {
              return Long.valueOf(text);
            } catch (NumberFormatException e) {
              return fail(name, "a whole number", value);
            }
          }
          return fail(name, "a whole number", value);
        });
  }

  /// A whole-number member that must be there.
  public long longValue(String name) {
    return optionalLong(name).orElseThrow(() -> missing(name));
  }

  /// An object member.
  public Optional<JsonObject> optionalObject(String name) {
    return present(name)
        .map(value -> value instanceof JsonObject object ? object : fail(name, "an object", value));
  }

  /// An object member that must be there.
  public JsonObject object(String name) {
    return optionalObject(name).orElseThrow(() -> missing(name));
  }

  /// An array member; missing and `null` read as empty.
  public List<JsonValue> array(String name) {
    return present(name)
        .map(value ->
            value instanceof JsonArray(var elements)
                ? elements
                : this.<List<JsonValue>>fail(name, "an array", value))
        .orElse(List.of());
  }

  /// An array member of strings; missing and `null` read as empty.
  public List<String> strings(String name) {
    var strings = new ArrayList<String>();
    for (var element : array(name)) {
      strings.add(
          element instanceof JsonString(var text)
              ? text
              : this.<String>fail(name, "an array of strings", element));
    }
    return List.copyOf(strings);
  }

  /// An array member of objects; missing and `null` read as empty.
  public List<JsonObject> objects(String name) {
    var objects = new ArrayList<JsonObject>();
    for (var element : array(name)) {
      objects.add(
          element instanceof JsonObject object
              ? object
              : this.<JsonObject>fail(name, "an array of objects", element));
    }
    return List.copyOf(objects);
  }

  /// An object member whose values are strings, in order; missing and `null` read as empty. Numbers
  /// and booleans are taken as their text, as hand-written files have them.
  public Map<String, String> stringMap(String name) {
    var map = new LinkedHashMap<String, String>();
    optionalObject(name)
        .ifPresent(object ->
            object.members.forEach((key, value) ->
                map.put(
                    key,
                    value instanceof JsonString string
                        ? string.value()
                        : object.asText(key, value))));
    return Collections.unmodifiableMap(map);
  }

  private String asText(String key, JsonValue value) {
    return switch (value) {
      case JsonString(var text) -> text;
      case JsonNumber(var text) -> text;
      case JsonBoolean(var flag) -> Boolean.toString(flag);
      case JsonNull _ -> "";
      case JsonArray _, JsonObject _ -> fail(key, "a string", value);
    };
  }

  /// Where a member's value was read, for problems found later; a field path when this object was
  /// not read.
  public Place place(String name) {
    var position = positions.get(name);
    var dotted = path.isEmpty() ? name : path + "." + name;
    if (position == null || source == null) {
      return source == null ? Place.field(dotted) : Place.of(source + ", field `" + dotted + "`");
    }
    return Place.of(
        source + ":" + position.line() + ":" + position.column() + ", field `" + dotted + "`");
  }

  private Optional<JsonValue> present(String name) {
    return get(name).filter(value -> !(value instanceof JsonNull));
  }

  private FoundationException missing(String name) {
    return new FoundationException(
        Problem.of(FoundationCode.JSON_FIELD, "field `" + name + "` is missing").at(place(name)));
  }

  private <T> T fail(String name, String expected, JsonValue found) {
    throw new FoundationException(
        Problem.of(
                FoundationCode.JSON_FIELD,
                "field `" + name + "` must be " + expected + ", not " + kind(found))
            .at(place(name)));
  }

  private static String kind(JsonValue value) {
    return switch (value) {
      case JsonString(var text) -> "the string `" + text + "`";
      case JsonNumber(var text) -> "the number " + text;
      case JsonBoolean(var flag) -> String.valueOf(flag);
      case JsonNull _ -> "null";
      case JsonArray _ -> "an array";
      case JsonObject _ -> "an object";
    };
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof JsonObject object && members.equals(object.members);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(members);
  }

  @Override
  public String toString() {
    return JsonWriter.compact(this);
  }

  /// Collects members in order. For one thread.
  public static final class Builder {
    private final Map<String, JsonValue> members = new LinkedHashMap<>();
    private final Map<String, Position> positions = new LinkedHashMap<>();
    private @Nullable String source;
    private String path = "";

    private Builder() {}

    /// Says where this object was read, for readers of other syntaxes with the same tree.
    ///
    /// @param source file name or other name of the text
    /// @param path dotted path of this object in its document, empty for the root
    public Builder readFrom(String source, String path) {
      this.source = source;
      this.path = path;
      return this;
    }

    /// Says where a member's value begins, 1-based.
    public Builder position(String name, int line, int column) {
      positions.put(name, new Position(line, column));
      return this;
    }

    /// Adds a member, or replaces it where it stands.
    public Builder put(String name, JsonValue value) {
      members.put(name, value);
      return this;
    }

    /// Adds a string, or `null`.
    public Builder put(String name, @Nullable String value) {
      return put(name, JsonValue.ofNullable(value));
    }

    /// Adds a whole number.
    public Builder put(String name, long value) {
      return put(name, JsonValue.of(value));
    }

    /// Adds a boolean.
    public Builder put(String name, boolean value) {
      return put(name, JsonValue.of(value));
    }

    /// Adds an array of strings.
    public Builder put(String name, List<String> values) {
      return put(name, JsonArray.ofStrings(values));
    }

    /// Adds all members of another object.
    public Builder putAll(JsonObject object) {
      members.putAll(object.members);
      return this;
    }

    /// Takes a member away.
    public Builder remove(String name) {
      members.remove(name);
      return this;
    }

    /// The finished object.
    public JsonObject build() {
      return new JsonObject(members, source, path, positions);
    }
  }
}
