package dev.terroir.server.http;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.ApiDocument.ApiOperation;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which operation a method and a path mean. Immutable.
final class Routes {
  /// An operation with what answers it.
  record Route(ApiOperation operation, Guarded guarded) {}

  /// What was found.
  ///
  /// @param path its parameters, decoded
  record Match(Route route, Map<String, String> path) {}

  private final List<Route> routes = new ArrayList<>();

  /// @throws IllegalStateException when an operation of the contract has nothing that answers it,
  ///   or something answers no operation
  Routes(ApiDocument document, List<Resource> resources) {
    var all = new TreeMap<String, Guarded>();
    for (var resource : resources) {
      resource
          .operations()
          .forEach((id, guarded) -> {
            if (all.put(id, guarded) != null) {
              throw new IllegalStateException("two resources answer `" + id + "`");
            }
          });
    }
    var operations = document.operations();
    var missing = new TreeSet<>(operations.keySet());
    missing.removeAll(all.keySet());
    var unknown = new TreeSet<>(all.keySet());
    unknown.removeAll(operations.keySet());
    if (!missing.isEmpty() || !unknown.isEmpty()) {
      throw new IllegalStateException(
          "the contract and the resources differ: nothing answers "
              + missing
              + ", the contract has no "
              + unknown);
    }
    all.forEach((id, guarded) -> {
      var operation = operations.get(id);
      if (operation != null) {
        routes.add(new Route(operation, guarded));
      }
    });
    // Those with fewer parameters first: `contents/missing` before `contents/{digest}`.
    routes.sort(
        java.util.Comparator.comparing((Route route) -> route.operation().in("path").size())
            .thenComparing(route -> route.operation().id()));
  }

  /// All of them.
  List<Route> all() {
    return List.copyOf(routes);
  }

  /// Finds one.
  ///
  /// @param rawPath as it was sent
  /// @throws ServerException code `path-not-found`, `method-not-allowed` or `invalid-path`
  Match find(String method, String rawPath) {
    var segments = List.of(rawPath.substring(1).split("/", -1));
    var allowed = new TreeSet<String>();
    for (var route : routes) {
      if (fits(route.operation().segments(), segments)) {
        if (route.operation().method().equals(method)) {
          return new Match(route, parameters(route.operation().segments(), segments));
        }
        allowed.add(route.operation().method());
      }
    }
    if (allowed.isEmpty()) {
      throw ServerException.of(
          ServerCode.PATH_NOT_FOUND,
          "nothing is at `" + shown(rawPath) + "`",
          "`/api/v1/openapi.json` lists all paths");
    }
    throw new ServerException(
        Problem.of(
            ServerCode.METHOD_NOT_ALLOWED,
            "`"
                + shown(rawPath)
                + "` does not take "
                + method
                + ", but "
                + String.join(", ", allowed)),
        dev.terroir.foundation.json.JsonObject.EMPTY,
        Map.of("Allow", String.join(", ", allowed)),
        null);
  }

  private static String shown(String path) {
    return path.length() > 200 ? path.substring(0, 200) + "…" : path;
  }

  private static boolean isRest(String segment) {
    return segment.equals("{path}");
  }

  private static boolean fits(List<String> template, List<String> segments) {
    var hasRest = isRest(template.getLast());
    if (hasRest ? segments.size() < template.size() : segments.size() != template.size()) {
      return false;
    }
    for (int i = 0; i < template.size(); i++) {
      var isParameter = template.get(i).startsWith("{");
      if (isParameter ? segments.get(i).isEmpty() : !template.get(i).equals(segments.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Map<String, String> parameters(List<String> template, List<String> segments) {
    var parameters = new HashMap<String, String>();
    for (int i = 0; i < template.size(); i++) {
      var name = template.get(i);
      if (isRest(name)) {
        var rest = segments.subList(i, segments.size()).stream().map(Routes::decode).toList();
        parameters.put("path", String.join("/", rest));
      } else if (name.startsWith("{")) {
        parameters.put(name.substring(1, name.length() - 1), decode(segments.get(i)));
      }
    }
    return parameters;
  }

  /// Undoes percent-encoding, strictly.
  static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    var bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c != '%') {
        bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      var high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      var low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
      if (high < 0 || low < 0) {
        throw notEncoded(text);
      }
      bytes.write(high << 4 | low);
      i += 2;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw notEncoded(text);
    }
  }

  private static ServerException notEncoded(String text) {
    return ServerException.of(
        ServerCode.INVALID_PATH, "`" + shown(text) + "` is not percent-encoded UTF-8");
  }
}
