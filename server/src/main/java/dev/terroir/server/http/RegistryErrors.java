package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Refusals in the form that clients of registries read and show.
///
/// Spec: OCI distribution specification, "Error codes".
final class RegistryErrors {
  private RegistryErrors() {}

  /// Answers with one.
  ///
  /// @return the status
  static int write(HttpExchange exchange, int status, TerroirException failure) throws IOException {
    var problem = failure.problem();
    var text = new StringBuilder(problem.what());
    problem.hints().forEach(hint -> text.append("; ").append(hint));
    var error =
        JsonObject.builder().put("code", code(status)).put("message", text.toString()).build();
    var body = JsonObject.builder().put("errors", new JsonValue.JsonArray(List.of(error))).build();
    var bytes = JsonWriter.compact(body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Docker-Distribution-API-Version", "registry/2.0");
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
    return status;
  }

  private static String code(int status) {
    return switch (status) {
      case 401 -> "UNAUTHORIZED";
      case 403 -> "DENIED";
      case 404 -> "NAME_UNKNOWN";
      case 408 -> "BLOB_UPLOAD_INVALID";
      case 429 -> "TOOMANYREQUESTS";
      default -> "UNKNOWN";
    };
  }
}
