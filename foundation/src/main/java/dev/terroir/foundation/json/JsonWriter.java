package dev.terroir.foundation.json;

import java.util.List;
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

  /// The same document laid out as [#indented] does, without making a tree of it: for documents
  /// that were written by this class, such as those of the database. Strings and numbers stay as
  /// they are.
  ///
  /// @param json well-formed JSON
  /// @param indent spaces per level, at least 1
  public static String relaid(String json, int indent) {
    var writer = new JsonWriter(indent, false);
    writer.relay(json);
    return writer.out.toString();
  }

  private void relay(String json) {
    var depth = 0;
    for (int i = 0; i < json.length(); i++) {
      var c = json.charAt(i);
      switch (c) {
        case '"' -> {
          var end = endOfString(json, i);
          out.append(json, i, end);
          i = end - 1;
        }
        case '{', '[' -> {
          out.append(c);
          var next = skipSpace(json, i + 1);
          if (next < json.length() && (json.charAt(next) == '}' || json.charAt(next) == ']')) {
            out.append(json.charAt(next));
            i = next;
          } else {
            depth++;
            line(depth);
          }
        }
        case '}', ']' -> {
          depth--;
          line(depth);
          out.append(c);
        }
        case ',' -> {
          out.append(c);
          line(depth);
        }
        case ':' -> out.append(": ");
        case ' ', '\n', '\r', '\t' -> {}
        default -> out.append(c);
      }
    }
  }

  private static int endOfString(String json, int begin) {
    for (var end = json.indexOf('"', begin + 1); end >= 0; end = json.indexOf('"', end + 1)) {
      var backslashes = 0;
      while (json.charAt(end - 1 - backslashes) == '\\') {
        backslashes++;
      }
      if (backslashes % 2 == 0) {
        return end + 1;
      }
    }
    return json.length();
  }

  private static int skipSpace(String json, int from) {
    var at = from;
    while (at < json.length() && " \n\r\t".indexOf(json.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }

  private String write(JsonValue value) {
    value(value, 0);
    return out.toString();
  }

  private void value(JsonValue value, int depth) {
    // Tests instead of a switch over the types: the code of such a switch is made at run time, for
    // 15 ms of every command's start.
    if (value instanceof JsonObject object) {
      object(object.members(), depth);
    } else if (value instanceof JsonValue.JsonArray array) {
      array(array.elements(), depth);
    } else if (value instanceof JsonValue.JsonString string) {
      string(string.value());
    } else if (value instanceof JsonValue.JsonNumber number) {
      out.append(number.text());
    } else if (value instanceof JsonValue.JsonBoolean flag) {
      out.append(flag.value());
    } else {
      out.append("null");
    }
  }

  private void array(List<JsonValue> elements, int depth) {
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
