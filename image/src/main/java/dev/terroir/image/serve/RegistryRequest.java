package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One request: what it asks, in the words of the protocol, and the forms that answers have. For
/// one thread.
final class RegistryRequest {
  /// What is read of a refused request's body, so that its sender comes to read the answer: about
  /// the largest chunk that clients send.
  private static final int MAX_DRAINED = 16 << 20;

  private final HttpExchange exchange;
  private final Access access;
  private final Map<String, List<String>> query;

  RegistryRequest(HttpExchange exchange, Access access) throws Refusal {
    this.exchange = exchange;
    this.access = access;
    this.query = query(exchange.getRequestURI().getRawQuery());
  }

  private static Map<String, List<String>> query(@Nullable String text) throws Refusal {
    var parameters = new LinkedHashMap<String, List<String>>();
    try {
      for (var pair : text == null ? new String[0] : text.split("&")) {
        var parts = pair.split("=", 2);
        var value = parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
        parameters.computeIfAbsent(parts[0], _ -> new ArrayList<>()).add(value);
      }
    } catch (IllegalArgumentException e) {
      throw new Refusal(400, "UNSUPPORTED", "the query is malformed");
    }
    return parameters;
  }

  String method() {
    return exchange.getRequestMethod();
  }

  boolean isHead() {
    return method().equals("HEAD");
  }

  boolean may(Access needed) {
    return access.allows(needed);
  }

  Optional<String> parameter(String name) {
    return parameters(name).stream().findFirst();
  }

  List<String> parameters(String name) {
    return query.getOrDefault(name, List.of());
  }

  @Nullable String header(String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  /// How long the body says it is; empty when it does not.
  Optional<Long> contentLength() throws Refusal {
    var length = header("Content-Length");
    if (length == null) {
      return Optional.empty();
    }
    if (!length.strip().matches("[0-9]{1,18}")) {
      throw new Refusal(400, "SIZE_INVALID", "`" + length + "` is no length");
    }
    return Optional.of(Long.parseLong(length.strip()));
  }

  InputStream body() {
    return exchange.getRequestBody();
  }

  RegistryRequest with(String header, String value) {
    exchange.getResponseHeaders().set(header, value);
    return this;
  }

  RegistryRequest adding(String header, String value) {
    exchange.getResponseHeaders().add(header, value);
    return this;
  }

  /// Answers without a body.
  void empty(int status) throws IOException {
    if (status != 204) {
      with("Content-Length", "0");
    }
    exchange.sendResponseHeaders(status, -1);
  }

  void json(int status, String type, byte[] bytes) throws IOException {
    json(exchange, status, type, bytes);
  }

  private static void json(HttpExchange exchange, int status, String type, byte[] bytes)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  void json(JsonObject value) throws IOException {
    json(200, "application/json", JsonWriter.compact(value).getBytes(StandardCharsets.UTF_8));
  }

  void refuse(Refusal refusal) throws IOException {
    refuse(exchange, refusal);
  }

  static void refuse(HttpExchange exchange, Refusal refusal) throws IOException {
    drain(exchange.getRequestBody());
    var error =
        JsonObject.builder().put("code", refusal.code()).put("message", refusal.message()).build();
    var body = JsonObject.builder().put("errors", new JsonValue.JsonArray(List.of(error))).build();
    json(
        exchange,
        refusal.status(),
        "application/json",
        JsonWriter.compact(body).getBytes(StandardCharsets.UTF_8));
  }

  private static void drain(InputStream body) {
    var buffer = new byte[1 << 16];
    try {
      for (int left = MAX_DRAINED; left > 0; ) {
        var read = body.read(buffer, 0, Math.min(buffer.length, left));
        if (read < 0) {
          return;
        }
        left -= read;
      }
    } catch (IOException e) {
      // Its sender is gone, and will not read the answer either.
    }
  }

  /// Answers with a part of a sorted list, and says where the next is.
  ///
  /// @param path of the list
  List<String> page(List<String> all, String path) throws Refusal {
    var last = parameter("last").orElse("");
    var limit = parameter("n").orElse("");
    if (!limit.matches("[0-9]{0,9}")) {
      throw new Refusal(400, "UNSUPPORTED", "`n` is how many are asked for");
    }
    var following =
        all.stream().filter(name -> last.isEmpty() || name.compareTo(last) > 0).toList();
    var page =
        limit.isEmpty()
            ? following
            : following.subList(0, Math.min(following.size(), Integer.parseInt(limit)));
    if (page.size() < following.size() && !page.isEmpty()) {
      next(path + "?n=" + limit + "&last=" + encoded(page.getLast()));
    }
    return page;
  }

  void next(String place) {
    with("Link", "<" + place + ">; rel=\"next\"");
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// Answers with a file, or with the range of it that is asked for.
  ///
  /// @throws Refusal 404, when it has just been deleted; 416, when there is no such range
  void file(Path file, Digest digest, boolean takesRanges, Refusal missing)
      throws IOException, Refusal {
    with("Docker-Content-Digest", digest.toString());
    with("ETag", "\"" + digest + "\"");
    try (var channel = FileChannel.open(file)) {
      var size = channel.size();
      var range = Optional.<ByteRange>empty();
      if (takesRanges) {
        with("Accept-Ranges", "bytes");
        try {
          range = ByteRange.asked(isOfThis(digest) ? header("Range") : null, size);
        } catch (Refusal e) {
          with("Content-Range", "bytes */" + size);
          throw e;
        }
      }
      var part = range.orElse(new ByteRange(0, size - 1));
      if (range.isPresent()) {
        with("Content-Range", "bytes " + part.from() + "-" + part.to() + "/" + size);
      }
      var status = range.isPresent() ? 206 : 200;
      if (isHead() || part.count() == 0) {
        with("Content-Length", Long.toString(part.count()));
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      exchange.sendResponseHeaders(status, part.count());
      SentFile.send(channel, part.from(), part.count(), exchange.getResponseBody());
    } catch (NoSuchFileException e) {
      throw missing;
    }
  }

  /// Whether a range, if one is asked for, is of what has this digest.
  private boolean isOfThis(Digest digest) {
    var condition = header("If-Range");
    return condition == null || condition.equals("\"" + digest + "\"");
  }
}
