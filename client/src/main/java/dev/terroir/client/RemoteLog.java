package dev.terroir.client;

import dev.terroir.client.RestClient.StreamedAnswer;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Consumer;

/// A log on a server, as server-sent events (WHATWG HTML §9.2): when the connection breaks, it goes
/// on after the last line that arrived. For one thread.
final class RemoteLog {
  private static final Duration PAUSE = Duration.ofMillis(500);

  /// How often in a row nothing arrives before the server counts as gone.
  private static final int ATTEMPTS = 20;

  private final RestClient client;
  private final String path;
  private String last = "";
  private boolean hasEnded;
  private boolean hasArrived;
  private String event = "";
  private String id = "";
  private StringJoiner data = new StringJoiner("\n");

  /// @param path of the log, below `/api/v1`
  RemoteLog(RestClient client, String path) {
    this.client = client;
    this.path = path;
  }

  /// Hands on every line until the log is complete.
  void follow(Consumer<String> lines) {
    for (var attempt = 0; !hasEnded; attempt++) {
      hasArrived = false;
      event = "";
      data = new StringJoiner("\n");
      try (StreamedAnswer answer =
          client.open(
              path,
              "text/event-stream",
              last.isEmpty() ? Map.of() : Map.of("Last-Event-ID", last))) {
        answer.lines(line -> take(line, lines));
      } catch (IOException e) {
        if (attempt >= ATTEMPTS && !hasArrived) {
          throw client.unreachable(e);
        }
      } catch (TerroirException e) {
        // A server that is started anew is waited for once the log had begun.
        if (e.problem().code() != ClientCode.SERVER_UNREACHABLE
            || last.isEmpty()
            || attempt >= ATTEMPTS) {
          throw e;
        }
      }
      if (!hasEnded) {
        attempt = hasArrived ? 0 : attempt;
        RestClient.sleep(PAUSE);
      }
    }
  }

  private void take(String line, Consumer<String> lines) {
    hasArrived = true;
    if (line.isEmpty()) {
      if (event.equals("line")) {
        lines.accept(data.toString());
      } else if (event.equals("end")) {
        hasEnded = true;
      }
      if (!event.isEmpty() && !id.isEmpty()) {
        last = id;
      }
      event = "";
      data = new StringJoiner("\n");
    } else if (line.startsWith("event: ")) {
      event = line.substring("event: ".length());
    } else if (line.startsWith("id: ")) {
      id = line.substring("id: ".length());
    } else if (line.startsWith("data: ")) {
      data.add(line.substring("data: ".length()));
    } else if (line.equals("data:")) {
      data.add("");
    }
  }

  /// Hands on the lines that are there now.
  void print(Consumer<String> lines) {
    try (StreamedAnswer answer = client.open(path, "text/plain", Map.of())) {
      answer.lines(lines);
    } catch (IOException e) {
      throw client.unreachable(e);
    }
  }
}
