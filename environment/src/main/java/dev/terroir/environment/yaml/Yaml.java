package dev.terroir.environment.yaml;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.Set;
import java.util.regex.Pattern;

/// Writes trees and scalars as YAML, the same text everywhere.
///
/// @since 0.1
public final class Yaml {
  private static final Pattern SAFE_PLAIN = Pattern.compile("[A-Za-z0-9_./<=~+$(][^\\p{Cntrl}]*");
  private static final Pattern NUMBER_LIKE =
      Pattern.compile("[-+.0-9][0-9_.eExXoabcdefABCDEF:+-]*");
  private static final Set<String> WORDS =
      Set.of("null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "");

  private Yaml() {}

  /// A string as a scalar that every YAML 1.1 and 1.2 reader takes for that string.
  public static String scalar(String text) {
    var plain =
        SAFE_PLAIN.matcher(text).matches()
            && !text.contains(": ")
            && !text.endsWith(":")
            && !text.contains(" #")
            && !text.startsWith("<<")
            && !text.equals("=")
            && !text.startsWith("---")
            && !text.startsWith("...")
            && text.equals(text.strip())
            && !NUMBER_LIKE.matcher(text).matches()
            && !WORDS.contains(text.toLowerCase(java.util.Locale.ROOT));
    // A JSON string is a double-quoted YAML scalar.
    return plain ? text : JsonWriter.compact(JsonValue.of(text));
  }

  /// A scalar inside `[…]` or `{…}`, where commas and brackets mean something.
  public static String flowScalar(String text) {
    return text.matches("[^,\\[\\]{}]*") ? scalar(text) : JsonWriter.compact(JsonValue.of(text));
  }

  /// An object as block YAML with a final line break.
  public static String write(JsonObject object) {
    var out = new StringBuilder();
    object(out, object, 0, false);
    return out.toString();
  }

  private static void object(StringBuilder out, JsonObject object, int indent, boolean inItem) {
    var first = inItem;
    for (var member : object.members().entrySet()) {
      if (!first) {
        out.repeat(' ', indent);
      }
      first = false;
      out.append(scalar(member.getKey())).append(':');
      value(out, member.getValue(), indent);
    }
  }

  private static void value(StringBuilder out, JsonValue value, int indent) {
    switch (value) {
      case JsonObject object when object.isEmpty() -> out.append(" {}\n");
      case JsonObject object -> {
        out.append('\n');
        object(out, object, indent + 2, false);
      }
      case JsonValue.JsonArray(var elements) when elements.isEmpty() -> out.append(" []\n");
      case JsonValue.JsonArray(var elements) -> {
        out.append('\n');
        for (var element : elements) {
          out.repeat(' ', indent).append('-');
          if (element instanceof JsonObject object && !object.isEmpty()) {
            out.append(' ');
            object(out, object, indent + 2, true);
          } else {
            value(out, element, indent + 2);
          }
        }
      }
      case JsonValue.JsonString(var text) -> out.append(' ').append(scalar(text)).append('\n');
      case JsonValue.JsonNull _ -> out.append(" null\n");
      case JsonValue.JsonNumber _, JsonValue.JsonBoolean _ ->
          out.append(' ').append(JsonWriter.compact(value)).append('\n');
    }
  }
}
