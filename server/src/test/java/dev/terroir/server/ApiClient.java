package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Calls a server, and holds every answer to the contract by a validator of JSON Schema that is not
/// ours.
final class ApiClient {
  static final JsonObject CONTRACT = contract();

  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final Map<String, Schema> KNOWN = new ConcurrentHashMap<>();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final String url;
  private final String token;
  private final List<String> headers = new ArrayList<>();

  /// @param token empty for none
  ApiClient(String url, String token) {
    this.url = url;
    this.token = token;
  }

  ApiClient with(String name, String value) {
    var other = new ApiClient(url, token);
    other.headers.addAll(headers);
    other.headers.add(name);
    other.headers.add(value);
    return other;
  }

  private static JsonObject contract() {
    try (var in = ApiClient.class.getResourceAsStream("/dev/terroir/server/api/openapi.yaml")) {
      return YamlReader.parseObject(
          new String(in.readAllBytes(), StandardCharsets.UTF_8), "openapi.yaml");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// An answer.
  record Reply(HttpResponse<byte[]> response) {
    int status() {
      return response.statusCode();
    }

    String text() {
      return new String(response.body(), StandardCharsets.UTF_8);
    }

    JsonObject json() {
      return JsonReader.parseObject(text(), "answer");
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    Reply is(int status) {
      assertThat(status()).as(text()).isEqualTo(status);
      return this;
    }

    Reply refused(int status, String code) {
      is(status);
      assertThat(json().string("code")).as(text()).isEqualTo(code);
      return this;
    }
  }

  Reply get(String path) {
    return send("GET", path, "", new byte[0]);
  }

  Reply delete(String path) {
    return send("DELETE", path, "", new byte[0]);
  }

  Reply send(String method, String path, String json) {
    return send(method, path, "application/json", json.getBytes(StandardCharsets.UTF_8));
  }

  Reply put(String path, byte[] bytes) {
    return send("PUT", path, "application/octet-stream", bytes);
  }

  Reply send(String method, String path, String type, byte[] body) {
    var request =
        HttpRequest.newBuilder(URI.create(url + path))
            .method(
                method,
                body.length == 0 && type.isEmpty()
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofByteArray(body));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    if (!headers.isEmpty()) {
      request.headers(headers.toArray(String[]::new));
    }
    try {
      var reply = new Reply(HTTP.send(request.build(), BodyHandlers.ofByteArray()));
      check(method, path, reply);
      return reply;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void check(String method, String path, Reply reply) {
    assertThat(reply.header("X-Request-Id")).as(method + " " + path).isNotEmpty();
    assertThat(reply.status()).as(method + " " + path + "\n" + reply.text()).isNotEqualTo(500);
    var type = reply.header("Content-Type").replaceFirst(";.*", "");
    if (reply.status() >= 400) {
      assertThat(type).isEqualTo("application/problem+json");
      assertThat(reply.json().longValue("status")).isEqualTo(reply.status());
      assertThat(reply.json().string("requestId")).isEqualTo(reply.header("X-Request-Id"));
      validate(
          "Problem",
          reply,
          JsonObject.builder().put("$ref", "#/components/schemas/Problem").build());
      return;
    }
    var template = template(path.replaceFirst("\\?.*", ""));
    var operation =
        CONTRACT.object("paths").object(template).object(method.toLowerCase(Locale.ROOT));
    var response = resolve(operation.object("responses").object(Integer.toString(reply.status())));
    if (reply.response().body().length == 0) {
      return;
    }
    var content = response.object("content");
    var media = content.optionalObject(type).or(() -> content.optionalObject("*/*"));
    assertThat(media).as(method + " " + path + " answers " + type).isPresent();
    if (type.equals("application/json")) {
      validate(
          operation.string("operationId") + reply.status(), reply, media.get().object("schema"));
    }
  }

  private static void validate(String name, Reply reply, JsonObject schema) {
    var known =
        KNOWN.computeIfAbsent(
            name,
            _ ->
                SCHEMAS.getSchema(
                    JsonWriter.compact(
                        schema.toBuilder()
                            .put("components", CONTRACT.object("components"))
                            .build()),
                    InputFormat.JSON));
    assertThat(known.validate(reply.text(), InputFormat.JSON)).as(name + reply.text()).isEmpty();
  }

  private static JsonObject resolve(JsonObject object) {
    var reference = object.optionalString("$ref");
    if (reference.isEmpty()) {
      return object;
    }
    var found = CONTRACT;
    for (var part : reference.get().substring(2).split("/")) {
      found = found.object(part);
    }
    return found;
  }

  private static String template(String path) {
    var templates = CONTRACT.object("paths").members().keySet();
    return templates.stream()
        .filter(path::equals)
        .findFirst()
        .orElseGet(() ->
            templates.stream()
                .filter(template ->
                    path.matches(
                        template.replace("{path}", ".+").replaceAll("\\{[a-z]+}", "[^/]+")))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the contract has no " + path)));
  }
}
