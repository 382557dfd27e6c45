package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/// Sends a log as server-sent events (WHATWG HTML §9.2): `line`, each with the next offset as its
/// id, `status` when it changes, and at last `end`.
final class EventStream {
  private static final int CHUNK = 1 << 16;
  private static final Duration PAUSE = Duration.ofMillis(100);

  /// A comment this often finds callers who have gone.
  private static final Duration HEARTBEAT = Duration.ofSeconds(3);

  /// A line that grows beyond this is sent in parts.
  private static final int LONGEST_LINE = 1 << 20;

  private final BooleanSupplier isStopping;

  /// @param isStopping whether streams shall end, to be resumed elsewhere
  EventStream(BooleanSupplier isStopping) {
    this.isStopping = isStopping;
  }

  void send(HttpExchange exchange, LogSource source, long offset) throws IOException {
    var headers = exchange.getResponseHeaders();
    headers.set("Content-Type", "text/event-stream; charset=utf-8");
    headers.set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(200, 0);
    var out = exchange.getResponseBody();
    var line = new ByteArrayOutputStream();
    var at = offset;
    var status = "";
    var spoken = System.nanoTime();
    while (!isStopping.getAsBoolean()) {
      var isComplete = source.isComplete();
      var now = source.status();
      if (!now.equals(status)) {
        status = now;
        event(out, "status", now, -1);
        spoken = System.nanoTime();
      }
      var bytes = source.read(at, CHUNK);
      for (var b : bytes) {
        at++;
        if (b == '\n') {
          event(out, "line", line.toString(StandardCharsets.UTF_8), at);
          line.reset();
        } else {
          line.write(b);
          if (line.size() >= LONGEST_LINE) {
            event(out, "line", line.toString(StandardCharsets.UTF_8), at);
            line.reset();
          }
        }
      }
      if (bytes.length > 0) {
        out.flush();
        spoken = System.nanoTime();
        continue;
      }
      if (isComplete) {
        if (line.size() > 0) {
          event(out, "line", line.toString(StandardCharsets.UTF_8), at);
        }
        event(out, "end", source.status(), at);
        out.flush();
        return;
      }
      if (System.nanoTime() - spoken > HEARTBEAT.toNanos()) {
        out.write(": \n\n".getBytes(StandardCharsets.US_ASCII));
        spoken = System.nanoTime();
      }
      out.flush();
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static void event(OutputStream out, String name, String data, long id)
      throws IOException {
    var text = new StringBuilder("event: ").append(name).append('\n');
    if (id >= 0) {
      text.append("id: ").append(id).append('\n');
    }
    // A carriage return ends a line in this format: what a progress bar overwrites follows itself.
    for (var part : data.replaceFirst("\r$", "").split("\r", -1)) {
      text.append("data: ").append(part).append('\n');
    }
    out.write(text.append('\n').toString().getBytes(StandardCharsets.UTF_8));
  }
}
