package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.RefusedRequest;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.ApiDocument.ApiOperation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads requests and holds them to the contract. Thread-safe.
final class RequestReader {
  private static final int SHOWN = 100;

  private final ApiDocument document;

  RequestReader(ApiDocument document) {
    this.document = document;
  }

  /// The body, not yet read.
  ReceivedBody body(HttpExchange exchange, ApiOperation operation, Limits limits) {
    var headers = exchange.getRequestHeaders();
    var length = headers.getFirst("Content-Length");
    var isChunked = headers.getFirst("Transfer-Encoding") != null;
    var announced = isChunked ? -1L : length == null ? 0L : Long.parseLong(length.strip());
    var body = operation.body();
    var limit = body == null || body.isJson() ? limits.jsonBytes() : limits.uploadBytes();
    return new ReceivedBody(exchange.getRequestBody(), announced, limit, limits);
  }

  Request read(
      HttpExchange exchange,
      Routes.Match match,
      Caller caller,
      String requestId,
      ReceivedBody body,
      Limits limits)
      throws IOException {
    var operation = match.route().operation();
    body.checkAnnounced();
    checkText(operation, "path", match.path());
    var query = query(operation, exchange.getRequestURI().getRawQuery());
    var headers = headers(exchange);
    checkText(operation, "header", headers);
    return new Request(
        operation.id(),
        caller,
        requestId,
        match.path(),
        query,
        headers,
        json(operation, headers.get("content-type"), body, limits),
        body);
  }

  private static Map<String, String> headers(HttpExchange exchange) {
    var headers = new HashMap<String, String>();
    exchange
        .getRequestHeaders()
        .forEach((name, values) ->
            headers.put(name.toLowerCase(Locale.ROOT), String.join(", ", values)));
    return headers;
  }

  private static void checkText(ApiOperation operation, String place, Map<String, String> values) {
    for (var parameter : operation.in(place)) {
      var name =
          place.equals("header") ? parameter.name().toLowerCase(Locale.ROOT) : parameter.name();
      var value = values.get(name);
      if (value != null) {
        check(parameter, value);
      }
    }
  }

  private static void check(ApiDocument.Parameter parameter, String value) {
    if (value.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
      throw invalid(parameter, "a text without control characters", value);
    }
    var wrong = SchemaCheck.text(schema(parameter), value);
    if (wrong.isPresent()) {
      throw invalid(parameter, wrong.get(), value);
    }
  }

  private static JsonObject schema(ApiDocument.Parameter parameter) {
    return parameter.isArray() ? parameter.schema().object("items") : parameter.schema();
  }

  private static ServerException invalid(
      ApiDocument.Parameter parameter, String expected, String value) {
    var shown = value.length() > SHOWN ? value.substring(0, SHOWN) + "…" : value;
    return ServerException.of(
        ServerCode.INVALID_PARAMETER,
        "parameter `" + parameter.name() + "` must be " + expected + ", not `" + shown + "`");
  }

  private static Map<String, List<String>> query(ApiOperation operation, @Nullable String raw) {
    var known = new LinkedHashMap<String, ApiDocument.Parameter>();
    operation.in("query").forEach(parameter -> known.put(parameter.name(), parameter));
    var values = new HashMap<String, List<String>>();
    for (var part : raw == null || raw.isEmpty() ? new String[0] : raw.split("&")) {
      var pair = part.split("=", 2);
      var name = Routes.decode(pair[0].replace('+', ' '));
      var parameter = known.get(name);
      if (parameter == null) {
        throw ServerException.of(
            ServerCode.INVALID_PARAMETER,
            "parameter `"
                + (name.length() > SHOWN ? name.substring(0, SHOWN) + "…" : name)
                + "` is unknown; "
                + (known.isEmpty()
                    ? "none is taken here"
                    : "known are " + String.join(", ", known.keySet())));
      }
      var value = pair.length < 2 ? "" : Routes.decode(pair[1].replace('+', ' '));
      check(parameter, value);
      var all = values.computeIfAbsent(name, _ -> new ArrayList<>());
      if (!all.isEmpty() && !parameter.isArray()) {
        throw ServerException.of(
            ServerCode.INVALID_PARAMETER, "parameter `" + name + "` is given twice");
      }
      all.add(value);
    }
    return values;
  }

  private @Nullable JsonObject json(
      ApiOperation operation, @Nullable String contentType, ReceivedBody body, Limits limits)
      throws IOException {
    var expected = operation.body();
    if (expected == null) {
      return null;
    }
    var type =
        contentType == null
            ? ""
            : contentType.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
    if (!expected.isJson()) {
      return null;
    }
    var schema = expected.content().get(type);
    if (schema == null) {
      throw ServerException.of(
          ServerCode.UNSUPPORTED_MEDIA_TYPE,
          "the body is "
              + (type.isEmpty() ? "of no type" : "`" + type + "`")
              + "; `"
              + operation.id()
              + "` takes "
              + String.join(", ", expected.content().keySet()),
          "send JSON with the header `Content-Type: application/json`");
    }
    var value = JsonReader.parse(text(body, limits), "the body");
    var problems = SchemaCheck.problems(document, schema, value);
    if (!problems.isEmpty()) {
      throw new RefusedRequest(problems);
    }
    if (value instanceof JsonObject object) {
      return object;
    }
    throw new RefusedRequest(
        List.of(Problem.of(FoundationCode.JSON_FIELD, "the body must be a JSON object")));
  }

  private static String text(ReceivedBody body, Limits limits) throws IOException {
    var bytes = body.readNBytes((int) limits.jsonBytes() + 1);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ServerException(
          Problem.of(ServerCode.INVALID_BODY, "the body is not UTF-8 text"), e);
    }
  }
}
