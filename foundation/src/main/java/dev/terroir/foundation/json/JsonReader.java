package dev.terroir.foundation.json;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Reads JSON text (RFC 8259) into a tree.
///
/// @since 0.1
public final class JsonReader {
  /// No document of ours nests deeper; more is an attack or a mistake.
  private static final int MAX_DEPTH = 200;

  /// Largest file read whole, in bytes: the biggest locks are some hundred kilobytes.
  private static final long MAX_BYTES = 64L << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength((int) MAX_BYTES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private final String source;
  private final String text;
  private final JsonParser parser;

  private JsonReader(String text, String source) {
    this.text = text;
    this.source = source;
    this.parser = FACTORY.createParser(ObjectReadContext.empty(), text);
  }

  /// Reads a file that holds one object.
  ///
  /// @throws FoundationException if it cannot be read or is no JSON object
  public static JsonObject readObject(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new FoundationException(
            Problem.of(FoundationCode.JSON_SYNTAX, "the file is larger than 64 MiB")
                .at(Place.file(file)));
      }
      return parseObject(Files.readString(file, StandardCharsets.UTF_8), file.toString());
    } catch (java.nio.charset.CharacterCodingException e) {
      throw new FoundationException(
          Problem.of(FoundationCode.JSON_SYNTAX, "the file is not UTF-8 text").at(Place.file(file)),
          e);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", file, e);
    }
  }

  /// Reads text that holds one object.
  ///
  /// @param source what messages call the text, usually its file
  public static JsonObject parseObject(String text, String source) {
    if (parse(text, source) instanceof JsonObject object) {
      return object;
    }
    throw new FoundationException(
        Problem.of(FoundationCode.JSON_SYNTAX, "the document must be a JSON object")
            .at(Place.position(source, 1, 1)));
  }

  /// Reads text that holds one value of any kind.
  public static JsonValue parse(String text, String source) {
    var stripped = text.startsWith("\uFEFF") ? text.substring(1) : text;
    var reader = new JsonReader(stripped, source);
    try (var parser = reader.parser) {
      if (parser.nextToken() == null) {
        throw new FoundationException(
            Problem.of(FoundationCode.JSON_SYNTAX, "the document is empty")
                .at(Place.position(source, 1, 1)));
      }
      var value = reader.value("");
      if (parser.nextToken() != null) {
        throw reader.syntax("there is more text after the end of the document", reader.here());
      }
      return value;
    } catch (JacksonException e) {
      var location = e.getLocation();
      throw reader.syntax(
          firstSentence(e.getOriginalMessage()),
          location == null
              ? new JsonObject.Position(1, 1)
              : new JsonObject.Position(
                  Math.max(1, location.getLineNr()), Math.max(1, location.getColumnNr())));
    }
  }

  private static String firstSentence(String message) {
    var line = message.lines().findFirst().orElse("the syntax is wrong");
    return "the JSON is malformed: " + Character.toLowerCase(line.charAt(0)) + line.substring(1);
  }

  private FoundationException syntax(String what, JsonObject.Position at) {
    var excerpt = text.lines().skip(at.line() - 1L).findFirst().orElse("");
    var shown = excerpt.length() > 160 ? excerpt.substring(0, 160) : excerpt;
    return new FoundationException(
        Problem.of(FoundationCode.JSON_SYNTAX, what)
            .at(Place.position(source, at.line(), at.column(), shown)));
  }

  private JsonObject.Position here() {
    var location = parser.currentTokenLocation();
    return new JsonObject.Position(location.getLineNr(), location.getColumnNr());
  }

  private JsonValue value(String path) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(path);
      case START_ARRAY -> {
        var elements = new ArrayList<JsonValue>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value(path + "[" + elements.size() + "]"));
        }
        yield new JsonValue.JsonArray(elements);
      }
      case VALUE_STRING -> new JsonValue.JsonString(parser.getString());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonValue.JsonNumber(parser.getString());
      case VALUE_TRUE -> new JsonValue.JsonBoolean(true);
      case VALUE_FALSE -> new JsonValue.JsonBoolean(false);
      case VALUE_NULL -> JsonValue.NULL;
      case END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
          throw new IllegalStateException("the JSON parser left the grammar at " + here());
    };
  }

  private JsonObject object(String path) {
    var members = new LinkedHashMap<String, JsonValue>();
    var positions = new HashMap<String, JsonObject.Position>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      parser.nextToken();
      positions.put(name, here());
      members.put(name, value(path.isEmpty() ? name : path + "." + name));
    }
    return new JsonObject(members, source, path, positions);
  }
}
