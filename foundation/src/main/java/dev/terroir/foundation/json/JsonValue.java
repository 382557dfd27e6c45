package dev.terroir.foundation.json;

import java.util.List;
import java.util.Map;

/// A JSON value (RFC 8259). Immutable; equality ignores where it was read and, for objects, the
/// order of members.
///
/// @since 0.1
public sealed interface JsonValue
    permits JsonObject,
        JsonValue.JsonArray,
        JsonValue.JsonString,
        JsonValue.JsonNumber,
        JsonValue.JsonBoolean,
        JsonValue.JsonNull {

  /// The null value.
  JsonNull NULL = new JsonNull();

  /// An array.
  ///
  /// @param elements in order
  record JsonArray(List<JsonValue> elements) implements JsonValue {
    /// Copies the list.
    public JsonArray {
      elements = List.copyOf(elements);
    }

    /// An array of strings.
    public static JsonArray ofStrings(Iterable<String> strings) {
      var elements = new java.util.ArrayList<JsonValue>();
      strings.forEach(string -> elements.add(new JsonString(string)));
      return new JsonArray(elements);
    }
  }

  /// A string.
  ///
  /// @param value unescaped
  record JsonString(String value) implements JsonValue {}

  /// A number, kept as it was written so that nothing is lost.
  ///
  /// @param text in JSON's notation
  record JsonNumber(String text) implements JsonValue {
    /// A whole number.
    public static JsonNumber of(long value) {
      return new JsonNumber(Long.toString(value));
    }

    /// A decimal number.
    public static JsonNumber of(double value) {
      return new JsonNumber(Double.toString(value));
    }
  }

  /// `true` or `false`.
  ///
  /// @param value which
  record JsonBoolean(boolean value) implements JsonValue {}

  /// `null`.
  record JsonNull() implements JsonValue {}

  /// A string value.
  static JsonValue of(String value) {
    return new JsonString(value);
  }

  /// A number value.
  static JsonValue of(long value) {
    return JsonNumber.of(value);
  }

  /// A boolean value.
  static JsonValue of(boolean value) {
    return new JsonBoolean(value);
  }

  /// The value of a string, or null for null.
  static JsonValue ofNullable(@org.jspecify.annotations.Nullable String value) {
    return value == null ? NULL : new JsonString(value);
  }

  /// An object whose members are all strings, in the map's order.
  static JsonObject ofStrings(Map<String, String> members) {
    var builder = JsonObject.builder();
    members.forEach(builder::put);
    return builder.build();
  }
}
