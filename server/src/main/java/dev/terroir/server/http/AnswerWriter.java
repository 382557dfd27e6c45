package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Writes answers.
final class AnswerWriter {
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");
  private static final int BUFFER = 1 << 16;
  private static final Set<String> NOT_HANDED_ON =
      Set.of("connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "date");

  private final EventStream events;

  AnswerWriter(EventStream events) {
    this.events = events;
  }

  /// Writes an answer and returns its status.
  int write(HttpExchange exchange, Answer answer) throws IOException {
    return switch (answer) {
      case Answer.Json json -> json(exchange, json);
      case Answer.Empty(var status) -> {
        exchange.sendResponseHeaders(status, -1);
        yield status;
      }
      case Answer.Text(var status, var type, var text) ->
          bytes(exchange, status, type, text.getBytes(StandardCharsets.UTF_8));
      case Answer.File file -> file(exchange, file);
      case Answer.Log(var source) -> log(exchange, source);
      case Answer.Stream stream -> stream(exchange, stream);
    };
  }

  int problem(HttpExchange exchange, int status, JsonValue body) throws IOException {
    return bytes(
        exchange,
        status,
        "application/problem+json",
        JsonWriter.compact(body).getBytes(StandardCharsets.UTF_8));
  }

  private static int json(HttpExchange exchange, Answer.Json answer) throws IOException {
    var headers = exchange.getResponseHeaders();
    answer.headers().forEach(headers::set);
    var etag = answer.etag();
    if (etag != null) {
      headers.set("ETag", etag);
      if (isKnown(exchange, etag)) {
        exchange.sendResponseHeaders(304, -1);
        return 304;
      }
    }
    return bytes(
        exchange,
        answer.status(),
        "application/json",
        JsonWriter.compact(answer.body()).getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isGet(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("GET") || isHead(exchange);
  }

  private static boolean isHead(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("HEAD");
  }

  private static boolean isKnown(HttpExchange exchange, String etag) {
    var known = exchange.getRequestHeaders().getFirst("If-None-Match");
    return known != null && isGet(exchange) && Etags.isIn(known, etag);
  }

  private static int bytes(HttpExchange exchange, int status, String type, byte[] bytes)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (isHead(exchange)) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(status, -1);
      return status;
    }
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    if (bytes.length > 0) {
      exchange.getResponseBody().write(bytes);
      // Closing reads what is left of the body first, and drops the answer when that fails.
      exchange.getResponseBody().flush();
    }
    return status;
  }

  /// @param from first byte
  /// @param to last byte, inclusive
  private record Range(long from, long to) {}

  /// The one range that is asked for (RFC 9110 §14); several, and what is no range, count as none.
  private static @Nullable Range range(HttpExchange exchange, long size, @Nullable String etag) {
    var header = exchange.getRequestHeaders().getFirst("Range");
    var condition = exchange.getRequestHeaders().getFirst("If-Range");
    if (header == null || (condition != null && !condition.equals(etag))) {
      return null;
    }
    var matcher = RANGE.matcher(header.strip());
    if (!matcher.matches() || (matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
      return null;
    }
    Range range;
    if (matcher.group(1).isEmpty()) {
      range = new Range(Math.max(0, size - Long.parseLong(matcher.group(2))), size - 1);
    } else {
      var from = Long.parseLong(matcher.group(1));
      var to =
          matcher.group(2).isEmpty()
              ? size - 1
              : Math.min(size - 1, Long.parseLong(matcher.group(2)));
      range = new Range(from, to);
      if (!matcher.group(2).isEmpty() && Long.parseLong(matcher.group(2)) < from) {
        return null;
      }
    }
    if (range.from() > range.to()) {
      throw new ServerException(
          Problem.of(
              ServerCode.RANGE_NOT_SATISFIABLE,
              "the file has " + size + " bytes; `" + header + "` lies outside of them"),
          dev.terroir.foundation.json.JsonObject.EMPTY,
          Map.of("Content-Range", "bytes */" + size),
          null);
    }
    return range;
  }

  private static int file(HttpExchange exchange, Answer.File file) throws IOException {
    var before = Etags.of(file.path());
    try (var channel = FileChannel.open(file.path())) {
      var headers = exchange.getResponseHeaders();
      // Of the file that was opened: another may have taken its name meanwhile.
      var own = before.filter(tag -> Etags.of(file.path()).filter(tag::equals).isPresent());
      var etag = file.etag() == null ? own.orElse(null) : file.etag();
      if (etag != null) {
        headers.set("ETag", etag);
      }
      if (file.etag() != null && isKnown(exchange, file.etag())) {
        exchange.sendResponseHeaders(304, -1);
        return 304;
      }
      headers.set("Content-Type", file.contentType());
      headers.set("Accept-Ranges", "bytes");
      var size = channel.size();
      var range = range(exchange, size, etag);
      var from = range == null ? 0 : range.from();
      var length = range == null ? size : range.to() - from + 1;
      var status = range == null ? 200 : 206;
      if (range != null) {
        headers.set("Content-Range", "bytes " + from + "-" + range.to() + "/" + size);
      }
      if (isHead(exchange) || length == 0) {
        headers.set("Content-Length", Long.toString(length));
        exchange.sendResponseHeaders(status, -1);
        return status;
      }
      exchange.sendResponseHeaders(status, length);
      channel.position(from);
      copy(Channels.newInputStream(channel), exchange.getResponseBody(), length);
      return status;
    } catch (NoSuchFileException e) {
      throw FoundationException.ofFile("the file cannot be read", file.path().getFileName(), e);
    }
  }

  private static void copy(java.io.InputStream in, OutputStream out, long length)
      throws IOException {
    var buffer = new byte[BUFFER];
    for (var left = length; left > 0; ) {
      var read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new IOException("the file became shorter while it was sent");
      }
      out.write(buffer, 0, read);
      left -= read;
    }
  }

  private int log(HttpExchange exchange, LogSource source) throws IOException {
    var accept = exchange.getRequestHeaders().getOrDefault("Accept", java.util.List.of());
    var isStream =
        accept.stream().anyMatch(it -> it.toLowerCase(Locale.ROOT).contains("text/event-stream"));
    var offset = offset(exchange);
    if (isStream) {
      events.send(exchange, source, offset);
      return 200;
    }
    var isComplete = source.isComplete();
    var size = source.size();
    var begin = Math.min(offset, size);
    var headers = exchange.getResponseHeaders();
    headers.set("Content-Type", "text/plain; charset=utf-8");
    headers.set("Terroir-Log-Offset", Long.toString(size));
    headers.set("Terroir-Log-Complete", Boolean.toString(isComplete));
    if (isHead(exchange) || begin == size) {
      headers.set("Content-Length", Long.toString(size - begin));
      exchange.sendResponseHeaders(200, -1);
      return 200;
    }
    exchange.sendResponseHeaders(200, size - begin);
    for (var at = begin; at < size; ) {
      var bytes = source.read(at, (int) Math.min(BUFFER, size - at));
      if (bytes.length == 0) {
        throw new IOException("the log became shorter while it was sent");
      }
      exchange.getResponseBody().write(bytes);
      at += bytes.length;
    }
    return 200;
  }

  /// Where the log begins: the last event that was seen, else `offset`.
  private static long offset(HttpExchange exchange) {
    var last = exchange.getRequestHeaders().getFirst("Last-Event-ID");
    if (last != null && last.matches("[0-9]{1,18}")) {
      return Long.parseLong(last);
    }
    var query = exchange.getRequestURI().getRawQuery();
    if (query != null) {
      for (var part : query.split("&")) {
        if (part.matches("offset=[0-9]{1,18}")) {
          return Long.parseLong(part.substring("offset=".length()));
        }
      }
    }
    return 0;
  }

  private static int stream(HttpExchange exchange, Answer.Stream stream) throws IOException {
    stream
        .headers()
        .forEach((name, values) -> {
          if (!NOT_HANDED_ON.contains(name.toLowerCase(Locale.ROOT)) && !name.startsWith(":")) {
            exchange.getResponseHeaders().put(name, values);
          }
        });
    if (isHead(exchange) || stream.status() == 204 || stream.status() == 304) {
      exchange.sendResponseHeaders(stream.status(), -1);
      return stream.status();
    }
    exchange.sendResponseHeaders(stream.status(), 0);
    stream.body().writeTo(exchange.getResponseBody());
    return stream.status();
  }
}
