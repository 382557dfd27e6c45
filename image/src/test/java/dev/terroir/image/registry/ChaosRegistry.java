package dev.terroir.image.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.image.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/// A registry in memory that can be told to misbehave.
final class ChaosRegistry implements AutoCloseable {
  /// Looks at a request before it is served.
  interface Chaos {
    /// @return whether it answered the request itself
    boolean meets(HttpExchange exchange, String path) throws IOException;
  }

  final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  final Map<String, byte[]> manifests = new ConcurrentHashMap<>();
  final Map<String, String> types = new ConcurrentHashMap<>();
  final Map<String, ByteArrayOutputStream> uploads = new ConcurrentHashMap<>();
  final List<String> log = new CopyOnWriteArrayList<>();
  final List<String> authorizations = new CopyOnWriteArrayList<>();
  final AtomicInteger tokens = new AtomicInteger();
  volatile Chaos chaos = (_, _) -> false;
  volatile boolean mounts = true;
  volatile boolean ranges = true;
  volatile boolean referrers;
  volatile String realm = "";
  volatile String validToken = "";
  volatile String basic = "";

  private final HttpServer server;
  private final java.util.concurrent.ExecutorService threads =
      Executors.newVirtualThreadPerTaskExecutor();

  ChaosRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 50);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  long count(String prefix) {
    return log.stream().filter(line -> line.startsWith(prefix)).count();
  }

  private void handle(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    var header = exchange.getRequestHeaders().getFirst("Authorization");
    log.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    if (header != null) {
      authorizations.add(header);
    }
    try {
      if (chaos.meets(exchange, path)) {
        return;
      }
      if (path.equals("/token")) {
        token(exchange, header);
      } else if (!isAllowed(header)) {
        exchange
            .getResponseHeaders()
            .add(
                "WWW-Authenticate",
                realm.isEmpty()
                    ? "Basic realm=\"test\""
                    : "Bearer realm=\"" + realm + "\",service=\"test\",scope=\"x\"");
        answer(
            exchange,
            401,
            "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who are you\"}]}");
      } else {
        serve(exchange, path);
      }
    } catch (IOException | RuntimeException e) {
      exchange.close();
    }
  }

  private boolean isAllowed(String header) {
    if (!basic.isEmpty()) {
      return ("Basic " + Base64.getEncoder().encodeToString(basic.getBytes(StandardCharsets.UTF_8)))
          .equals(header);
    }
    return realm.isEmpty() || ("Bearer " + validToken).equals(header);
  }

  private void token(HttpExchange exchange, String header) throws IOException {
    validToken = "token-" + tokens.incrementAndGet();
    answer(exchange, 200, "{\"token\":\"" + validToken + "\",\"expires_in\":300}");
    if (header != null) {
      authorizations.add("at-token " + header);
    }
  }

  private void serve(HttpExchange exchange, String path) throws IOException {
    var method = exchange.getRequestMethod();
    var query = query(exchange);
    var parts = path.substring("/v2/".length());
    if (parts.contains("/blobs/uploads/")) {
      upload(exchange, method, parts, query);
    } else if (parts.contains("/blobs/")) {
      var digest = parts.substring(parts.lastIndexOf('/') + 1);
      var key = parts.substring(0, parts.indexOf("/blobs/")) + "@" + digest;
      bytes(exchange, blobs.get(key), "application/octet-stream", method);
    } else if (parts.contains("/manifests/")) {
      manifest(exchange, method, parts);
    } else if (parts.contains("/referrers/") && referrers) {
      answer(
          exchange,
          200,
          "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[]}");
    } else if (parts.endsWith("/tags/list")) {
      var last = query.getOrDefault("last", "");
      var names =
          new TreeMap<>(manifests)
              .keySet().stream()
                  .filter(key -> !key.contains("@"))
                  .map(key -> key.substring(key.indexOf(':') + 1))
                  .filter(tag -> tag.compareTo(last) > 0)
                  .toList();
      var page = names.stream().limit(2).toList();
      if (names.size() > 2) {
        exchange
            .getResponseHeaders()
            .add("Link", "<" + path + "?n=2&last=" + page.getLast() + ">; rel=\"next\"");
      }
      answer(exchange, 200, "{\"name\":\"x\",\"tags\":[\"" + String.join("\",\"", page) + "\"]}");
    } else {
      answer(exchange, 404, "{\"errors\":[]}");
    }
  }

  private void manifest(HttpExchange exchange, String method, String parts) throws IOException {
    var name = parts.substring(parts.lastIndexOf('/') + 1);
    var repository = parts.substring(0, parts.indexOf("/manifests/"));
    var key = repository + (name.startsWith("sha256:") ? "@" : ":") + name;
    if (method.equals("PUT")) {
      var bytes = exchange.getRequestBody().readAllBytes();
      var digest = Digest.of(bytes).toString();
      var type = exchange.getRequestHeaders().getFirst("Content-Type");
      for (var one : List.of(key, repository + "@" + digest)) {
        manifests.put(one, bytes);
        types.put(one, type);
      }
      exchange.getResponseHeaders().add("Docker-Content-Digest", digest);
      if (referrers && new String(bytes, StandardCharsets.UTF_8).contains("\"subject\"")) {
        exchange.getResponseHeaders().add("OCI-Subject", "yes");
      }
      answer(exchange, 201, "");
    } else {
      bytes(exchange, manifests.get(key), types.getOrDefault(key, "text/plain"), method);
    }
  }

  private void upload(HttpExchange exchange, String method, String parts, Map<String, String> query)
      throws IOException {
    var repository = parts.substring(0, parts.indexOf("/blobs/uploads/"));
    var id = parts.substring(parts.lastIndexOf('/') + 1);
    switch (method) {
      case "POST" -> {
        if (query.containsKey("mount") && mounts) {
          var source = blobs.get(query.get("from") + "@" + query.get("mount"));
          if (source != null) {
            blobs.put(repository + "@" + query.get("mount"), source);
            answer(exchange, 201, "");
            return;
          }
        }
        var fresh = "upload-" + uploads.size();
        uploads.put(fresh, new ByteArrayOutputStream());
        exchange
            .getResponseHeaders()
            .add("Location", "/v2/" + repository + "/blobs/uploads/" + fresh + "?state=s");
        answer(exchange, 202, "");
      }
      case "GET", "PATCH", "PUT" -> {
        var into = uploads.get(id);
        if (into == null) {
          answer(
              exchange,
              404,
              "{\"errors\":[{\"code\":\"BLOB_UPLOAD_UNKNOWN\",\"message\":\"no\"}]}");
          return;
        }
        var range = exchange.getRequestHeaders().getFirst("Content-Range");
        if (range != null && !range.startsWith(into.size() + "-")) {
          answer(exchange, 416, "");
          return;
        }
        exchange.getRequestBody().transferTo(into);
        if (method.equals("PUT")) {
          var digest = query.get("digest");
          if (!Digest.parse(digest).matches(into.toByteArray())) {
            answer(
                exchange, 400, "{\"errors\":[{\"code\":\"DIGEST_INVALID\",\"message\":\"no\"}]}");
            return;
          }
          blobs.put(repository + "@" + digest, into.toByteArray());
          answer(exchange, 201, "");
        } else {
          exchange.getResponseHeaders().add("Location", exchange.getRequestURI().toString());
          exchange.getResponseHeaders().add("Range", "0-" + Math.max(0, into.size() - 1));
          answer(exchange, method.equals("GET") ? 204 : 202, "");
        }
      }
      default -> answer(exchange, 405, "");
    }
  }

  private void bytes(HttpExchange exchange, byte[] bytes, String type, String method)
      throws IOException {
    if (bytes == null) {
      answer(exchange, 404, "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"not here\"}]}");
      return;
    }
    exchange.getResponseHeaders().add("Content-Type", type);
    if (method.equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
      exchange.close();
      return;
    }
    var sent = bytes;
    var status = 200;
    var range = exchange.getRequestHeaders().getFirst("Range");
    if (range != null && ranges) {
      int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
      sent = Arrays.copyOfRange(bytes, from, bytes.length);
      status = 206;
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    exchange.sendResponseHeaders(status, sent.length == 0 ? -1 : sent.length);
    try (var out = exchange.getResponseBody()) {
      out.write(sent);
    }
  }

  static void answer(HttpExchange exchange, int status, String text) throws IOException {
    exchange.getRequestBody().transferTo(java.io.OutputStream.nullOutputStream());
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    var none = bytes.length == 0 || exchange.getRequestMethod().equals("HEAD") || status == 204;
    exchange.sendResponseHeaders(status, none ? -1 : bytes.length);
    if (!none) {
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private static Map<String, String> query(HttpExchange exchange) {
    var map = new LinkedHashMap<String, String>();
    var query = exchange.getRequestURI().getRawQuery();
    for (var pair : query == null ? new String[0] : query.split("&")) {
      var parts = pair.split("=", 2);
      map.put(
          parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return map;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
