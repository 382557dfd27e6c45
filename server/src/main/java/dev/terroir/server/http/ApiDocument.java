package dev.terroir.server.http;

import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonValue.JsonArray;
import dev.terroir.foundation.json.JsonValue.JsonBoolean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The contract: the OpenAPI document that the server is built from. Immutable.
///
/// @since 0.1
public final class ApiDocument {
  private static final String RESOURCE = "/dev/terroir/server/api/openapi.yaml";
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  private final JsonObject json;
  private final Map<String, ApiOperation> operations;

  private ApiDocument(JsonObject json) {
    this.json = json;
    this.operations = new LinkedHashMap<>();
    for (var path : json.object("paths").members().entrySet()) {
      var item = (JsonObject) path.getValue();
      for (var method : item.members().entrySet()) {
        if (METHODS.contains(method.getKey())) {
          var operation = operation(path.getKey(), method.getKey(), item, method.getValue());
          operations.put(operation.id(), operation);
        }
      }
    }
  }

  /// Reads the contract.
  public static ApiDocument read() {
    try (var in = ApiDocument.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the server's contract is not on the class path");
      }
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new ApiDocument(YamlReader.parseObject(text, "openapi.yaml"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A parameter.
  ///
  /// @param place `path`, `query` or `header`
  record Parameter(String name, String place, boolean isRequired, JsonObject schema) {
    boolean isArray() {
      return schema.optionalString("type").filter("array"::equals).isPresent();
    }
  }

  /// What an operation takes.
  ///
  /// @param isRequired whether there must be a body
  /// @param content schemas by media type
  record Body(boolean isRequired, Map<String, JsonObject> content) {
    boolean isJson() {
      return content.keySet().stream().anyMatch(type -> type.endsWith("json"));
    }
  }

  /// The contract as it is served.
  public JsonObject json() {
    return json;
  }

  /// The same with only those operations that bear one of these tags.
  public ApiDocument only(Set<String> tags) {
    var paths = JsonObject.builder();
    json.object("paths")
        .members()
        .forEach((path, item) -> {
          var kept = JsonObject.builder();
          var has = false;
          for (var member : ((JsonObject) item).members().entrySet()) {
            var isOperation = METHODS.contains(member.getKey());
            if (!isOperation
                || ((JsonObject) member.getValue())
                    .strings("tags").stream().anyMatch(tags::contains)) {
              kept.put(member.getKey(), member.getValue());
              has |= isOperation;
            }
          }
          if (has) {
            paths.put(path, kept.build());
          }
        });
    return new ApiDocument(json.toBuilder().put("paths", paths.build()).build());
  }

  /// By their ids, in the order of the contract.
  public Map<String, ApiOperation> operations() {
    return Map.copyOf(operations);
  }

  private ApiOperation operation(String path, String method, JsonObject item, JsonValue value) {
    var operation = (JsonObject) value;
    var parameters = new ArrayList<Parameter>();
    for (var source : List.of(item, operation)) {
      for (var reference : source.objects("parameters")) {
        var parameter = resolve(reference);
        parameters.add(
            new Parameter(
                parameter.string("name"),
                parameter.string("in"),
                parameter.optionalBoolean("required").orElse(false),
                resolve(parameter.object("schema"))));
      }
    }
    var body = operation.optionalObject("requestBody").map(this::resolve).map(this::body);
    return new ApiOperation(
        operation.string("operationId"),
        method.toUpperCase(Locale.ROOT),
        path,
        List.of(path.substring(1).split("/")),
        parameters,
        body.orElse(null),
        operation.get("security").filter(it -> it.equals(new JsonArray(List.of()))).isEmpty());
  }

  private Body body(JsonObject body) {
    var content = new LinkedHashMap<String, JsonObject>();
    body.object("content")
        .members()
        .forEach((type, media) ->
            content.put(type, ((JsonObject) media).optionalObject("schema").orElseThrow()));
    return new Body(body.optionalBoolean("required").orElse(false), content);
  }

  /// What a reference stands for, else the object itself.
  JsonObject resolve(JsonObject object) {
    var at = object;
    for (var reference = at.optionalString("$ref");
        reference.isPresent();
        reference = at.optionalString("$ref")) {
      JsonObject found = json;
      for (var name : reference.get().substring(2).split("/")) {
        found = found.object(name);
      }
      at = found;
    }
    return at;
  }

  /// An operation of the contract.
  ///
  /// @param segments of its path; a parameter in braces, `{path}` for all that are left
  /// @param body what it takes, or null
  /// @param needsToken whether callers must show one
  record ApiOperation(
      String id,
      String method,
      String path,
      List<String> segments,
      List<Parameter> parameters,
      @Nullable Body body,
      boolean needsToken) {
    ApiOperation {
      parameters = List.copyOf(parameters);
    }

    List<Parameter> in(String place) {
      return parameters.stream().filter(parameter -> parameter.place().equals(place)).toList();
    }
  }

  /// Whether a schema says `false` to something.
  static boolean isFalse(JsonObject schema, String keyword) {
    return schema.get(keyword).filter(it -> it.equals(new JsonBoolean(false))).isPresent();
  }
}
