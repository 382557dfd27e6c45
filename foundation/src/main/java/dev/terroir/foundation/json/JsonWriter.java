package dev.terroir.foundation.json;

import java.util.Map;
import java.util.TreeMap;

/// Writes a tree as text; the same tree gives the same text everywhere.
///
/// @since 0.1
public final class JsonWriter {
  private final StringBuilder out = new StringBuilder();
  private final int indent;
  private final boolean sorted;

  private JsonWriter(int indent, boolean sorted) {
    this.indent = indent;
    this.sorted = sorted;
  }

  /// One line, no insignificant space, members in their own order.
  public static String compact(JsonValue value) {
    return new JsonWriter(0, false).write(value);
  }

  /// One member or element a line, without a final line break; empty arrays and objects stay on one
  /// line.
  ///
  /// @param indent spaces per level, at least 1
  public static String indented(JsonValue value, int indent) {
    return new JsonWriter(indent, false).write(value);
  }

  /// The form that is hashed: UTF-16 order of names, arrays in given order, no insignificant space,
  /// only `"`, `\` and control characters escaped.
  public static String canonical(JsonValue value) {
    return new JsonWriter(0, true).write(value);
  }

  private String write(JsonValue value) {
    value(value, 0);
    return out.toString();
  }

  private void value(JsonValue value, int depth) {
    switch (value) {
      case JsonObject object -> object(object.members(), depth);
      case JsonValue.JsonArray(var elements) -> {
        out.append('[');
        var separator = "";
        for (var element : elements) {
          out.append(separator);
          line(depth + 1);
          value(element, depth + 1);
          separator = ",";
        }
        if (!elements.isEmpty()) {
          line(depth);
        }
        out.append(']');
      }
      case JsonValue.JsonString(var text) -> string(text);
      case JsonValue.JsonNumber(var text) -> out.append(text);
      case JsonValue.JsonBoolean(var flag) -> out.append(flag);
      case JsonValue.JsonNull _ -> out.append("null");
    }
  }

  private void object(Map<String, JsonValue> members, int depth) {
    out.append('{');
    var separator = "";
    for (var member : (sorted ? new TreeMap<>(members) : members).entrySet()) {
      out.append(separator);
      line(depth + 1);
      string(member.getKey());
      out.append(indent > 0 ? ": " : ":");
      value(member.getValue(), depth + 1);
      separator = ",";
    }
    if (!members.isEmpty()) {
      line(depth);
    }
    out.append('}');
  }

  private void line(int depth) {
    if (indent > 0) {
      out.append('\n').append(" ".repeat(depth * indent));
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || Character.isSurrogate(c) && isLone(text, i)) {
            out.append("\\u").append(java.util.HexFormat.of().toHexDigits(c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean isLone(String text, int i) {
    char c = text.charAt(i);
    return Character.isHighSurrogate(c)
        ? i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
        : i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
  }
}
