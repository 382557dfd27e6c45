package dev.terroir.server.http;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonValue.JsonArray;
import dev.terroir.foundation.json.JsonValue.JsonBoolean;
import dev.terroir.foundation.json.JsonValue.JsonNull;
import dev.terroir.foundation.json.JsonValue.JsonNumber;
import dev.terroir.foundation.json.JsonValue.JsonString;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Holds values of requests to the schemas of the contract, as far as those use JSON Schema
/// 2020-12: types, `required`, `properties`, `additionalProperties`, `unevaluatedProperties`,
/// `enum`, `const`, `allOf`, `oneOf`, `items`, lengths, bounds, `pattern`.
final class SchemaCheck {
  /// More would be noise.
  private static final int MAX_PROBLEMS = 8;

  private static final int SHOWN = 60;

  private final ApiDocument document;
  private final List<Problem> problems = new ArrayList<>();

  private SchemaCheck(ApiDocument document) {
    this.document = document;
  }

  /// What is wrong with a value; each problem names its field.
  static List<Problem> problems(ApiDocument document, JsonObject schema, JsonValue value) {
    var check = new SchemaCheck(document);
    check.value(schema, value, "");
    return check.problems.subList(0, Math.min(MAX_PROBLEMS, check.problems.size()));
  }

  /// What is wrong with a text that stands for a value of a parameter.
  ///
  /// @return a sentence's end after "must be ", when something is
  static Optional<String> text(JsonObject schema, String text) {
    var type = types(schema).stream().findFirst().orElse("string");
    JsonValue value =
        switch (type) {
          case "integer" ->
              text.matches("-?[0-9]{1,18}") ? new JsonNumber(text) : new JsonString(text);
          case "boolean" ->
              text.equals("true") || text.equals("false")
                  ? new JsonBoolean(text.equals("true"))
                  : new JsonString(text);
          default -> new JsonString(text);
        };
    return problem(schema, value);
  }

  private void value(JsonObject reference, JsonValue value, String path) {
    var schema = document.resolve(reference);
    for (var part : schema.objects("allOf")) {
      value(part, value, path);
    }
    var choices = schema.objects("oneOf");
    if (!choices.isEmpty()) {
      choice(choices, value, path);
      return;
    }
    var wrong = problem(schema, value);
    if (wrong.isPresent()) {
      add(path, "must be " + wrong.get() + ", not " + shown(value));
      return;
    }
    switch (value) {
      case JsonObject object -> members(schema, object, path);
      case JsonArray(var elements) -> {
        var items = schema.optionalObject("items");
        for (int i = 0; items.isPresent() && i < elements.size(); i++) {
          value(items.get(), elements.get(i), path + "[" + i + "]");
        }
      }
      case JsonString _, JsonNumber _, JsonBoolean _, JsonNull _ -> {}
    }
  }

  /// The choice that fits, else the problems of the last one that is not null.
  private void choice(List<JsonObject> choices, JsonValue value, String path) {
    var found = List.<Problem>of();
    for (var choice : choices) {
      var check = new SchemaCheck(document);
      check.value(choice, value, path);
      if (check.problems.isEmpty()) {
        return;
      }
      if (!types(document.resolve(choice)).contains("null")) {
        found = check.problems;
      }
    }
    problems.addAll(found);
  }

  private void members(JsonObject schema, JsonObject object, String path) {
    for (var name : schema.strings("required")) {
      if (!object.has(name)) {
        add(below(path, name), "is missing");
      }
    }
    var properties = schema.optionalObject("properties").orElse(JsonObject.EMPTY);
    var additional = schema.get("additionalProperties");
    var known = new LinkedHashSet<>(properties.members().keySet());
    var isClosed = ApiDocument.isFalse(schema, "additionalProperties");
    if (ApiDocument.isFalse(schema, "unevaluatedProperties")) {
      collect(schema, known);
      isClosed = true;
    }
    for (var member : object.members().entrySet()) {
      var place = below(path, member.getKey());
      if (properties.get(member.getKey()).orElse(JsonValue.NULL) instanceof JsonObject property) {
        value(property, member.getValue(), place);
      } else if (isClosed && !known.contains(member.getKey())) {
        add(place, "is unknown; known are " + String.join(", ", known));
      } else if (additional.orElse(JsonValue.NULL) instanceof JsonObject other) {
        value(other, member.getValue(), place);
      }
    }
  }

  private void collect(JsonObject schema, Set<String> known) {
    schema.optionalObject("properties").ifPresent(it -> known.addAll(it.members().keySet()));
    for (var part : schema.objects("allOf")) {
      collect(document.resolve(part), known);
    }
  }

  private void add(String path, String what) {
    var field = path.isEmpty() ? "the body" : "field `" + path + "`";
    problems.add(
        Problem.of(FoundationCode.JSON_FIELD, field + " " + what)
            .at(path.isEmpty() ? Place.of("the body") : Place.field(path)));
  }

  private static String below(String path, String name) {
    var short_ = name.length() > SHOWN ? name.substring(0, SHOWN) + "…" : name;
    return path.isEmpty() ? short_ : path + "." + short_;
  }

  private static List<String> types(JsonObject schema) {
    return switch (schema.get("type").orElse(JsonValue.NULL)) {
      case JsonString(var one) -> List.of(one);
      case JsonArray _ -> schema.strings("type");
      default -> List.of();
    };
  }

  /// What the value must be, when it is not.
  private static Optional<String> problem(JsonObject schema, JsonValue value) {
    var types = types(schema);
    if (!types.isEmpty() && types.stream().noneMatch(type -> is(type, value))) {
      return Optional.of(String.join(" or ", types.stream().map(SchemaCheck::article).toList()));
    }
    var allowed = schema.array("enum");
    if (!allowed.isEmpty() && !allowed.contains(value)) {
      return Optional.of(
          "one of " + String.join(", ", allowed.stream().map(SchemaCheck::shown).toList()));
    }
    var constant = schema.get("const");
    if (constant.isPresent() && !constant.get().equals(value)) {
      return Optional.of(shown(constant.get()));
    }
    return switch (value) {
      case JsonString(var text) -> text(schema, new Text(text));
      case JsonNumber(var text) -> bounds(schema, new BigDecimal(text));
      case JsonArray(var elements) ->
          schema
              .optionalLong("maxItems")
              .filter(max -> elements.size() > max)
              .map(max -> "of at most " + max + " items");
      case JsonObject _, JsonBoolean _, JsonNull _ -> Optional.empty();
    };
  }

  /// A string, to tell it from the text of a parameter.
  private record Text(String value) {}

  private static Optional<String> text(JsonObject schema, Text text) {
    var length = text.value().codePointCount(0, text.value().length());
    var min = schema.optionalLong("minLength").orElse(0L);
    var max = schema.optionalLong("maxLength").orElse(Long.MAX_VALUE);
    if (length < min || length > max) {
      return Optional.of(
          max == Long.MAX_VALUE
              ? "of at least " + min + " characters"
              : "of " + min + " to " + max + " characters");
    }
    return schema
        .optionalString("pattern")
        .filter(pattern -> !Pattern.compile(pattern).matcher(text.value()).find())
        .map(pattern -> "a text that matches " + pattern);
  }

  private static Optional<String> bounds(JsonObject schema, BigDecimal number) {
    var min = schema.optionalLong("minimum");
    var max = schema.optionalLong("maximum");
    if (min.isPresent() && number.compareTo(BigDecimal.valueOf(min.get())) < 0) {
      return Optional.of("at least " + min.get());
    }
    return max.filter(it -> number.compareTo(BigDecimal.valueOf(it)) > 0)
        .map(it -> "at most " + it);
  }

  private static boolean is(String type, JsonValue value) {
    return switch (value) {
      case JsonObject _ -> type.equals("object");
      case JsonArray _ -> type.equals("array");
      case JsonString _ -> type.equals("string");
      case JsonBoolean _ -> type.equals("boolean");
      case JsonNull _ -> type.equals("null");
      case JsonNumber(var text) ->
          type.equals("number") || (type.equals("integer") && text.matches("-?[0-9]{1,18}"));
    };
  }

  private static String article(String type) {
    return switch (type) {
      case "null" -> "null";
      case "integer" -> "a whole number";
      case "boolean" -> "true or false";
      case "object", "array" -> "an " + type;
      default -> "a " + type;
    };
  }

  private static String shown(JsonValue value) {
    return switch (value) {
      case JsonObject _ -> "an object";
      case JsonArray _ -> "an array";
      default -> {
        var text = JsonWriter.compact(value);
        yield text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
      }
    };
  }
}
