package dev.terroir.server.http;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// What the server says while it works: one JSON object a line. Tokens and bodies are never part of
/// it. Thread-safe.
///
/// @since 0.1
public final class AccessLog {
  private final PrintStream out;
  private final Clock clock;

  /// @param out receives the lines
  public AccessLog(PrintStream out, Clock clock) {
    this.out = out;
    this.clock = clock;
  }

  void answered(
      String requestId,
      String address,
      Caller caller,
      String method,
      String path,
      String operation,
      int status,
      long millis,
      long received) {
    write(
        line("info", "request")
            .put("requestId", requestId)
            .put("address", address)
            .put("token", caller.tokenId().isEmpty() ? null : caller.tokenId())
            .put("method", method)
            .put("path", path)
            .put("operation", operation)
            .put("status", status)
            .put("millis", millis)
            .put("receivedBytes", received));
  }

  /// Something went wrong that is nobody's request's fault.
  ///
  /// @param requestId or null outside of requests
  public void failed(@Nullable String requestId, Throwable failure) {
    var trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    write(
        line("error", "failure")
            .put("requestId", requestId)
            .put("failure", String.valueOf(failure))
            .put("trace", trace.toString()));
  }

  /// Something that whoever runs the server should know.
  public void says(String event, JsonObject details) {
    write(line("info", event).putAll(details));
  }

  private JsonObject.Builder line(String level, String event) {
    return JsonObject.builder()
        .put("at", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString())
        .put("level", level)
        .put("event", event);
  }

  private void write(JsonObject.Builder line) {
    out.println(JsonWriter.compact(line.build()));
  }
}
