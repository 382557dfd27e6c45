package dev.terroir.image.engine;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.ProcessTree;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// One run of an engine's program whose output, both streams as one, is handed on line by line.
final class Invocation {
  /// Lines kept for the message of a failure.
  private static final int KEPT_LINES = 200;

  /// A line longer than this, in characters, is a progress bar or binary data.
  private static final int MAX_LINE = 16 << 10;

  private static final Duration GRACE = Duration.ofSeconds(10);

  /// How a run ended.
  ///
  /// @param exitCode its exit status
  /// @param isTimeout whether it was ended because it took too long
  /// @param tail its last lines
  record Ended(int exitCode, boolean isTimeout, List<String> tail) {}

  private Invocation() {}

  /// @param lines called from another thread
  /// @throws FoundationException code `canceled`, when the thread is interrupted; the program has
  ///   ended then with its children
  static Ended run(
      List<String> arguments,
      Map<String, String> environment,
      Duration timeout,
      Consumer<String> lines) {
    var builder = new ProcessBuilder(arguments).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new ImageException(
          Problem.of(ImageCode.ENGINE_FAILED, "`" + arguments.getFirst() + "` cannot be started")
              .because(String.valueOf(e.getMessage())),
          e);
    }
    var tail = new ArrayDeque<String>();
    var reading = Thread.ofVirtual().start(() -> read(process, tail, lines));
    var isTimeout = false;
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // It has ended already; its exit status says more.
    }
    try {
      isTimeout = !process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (isTimeout) {
        ProcessTree.end(process.toHandle(), GRACE);
        process.waitFor();
      }
      // A grandchild that left the tree may hold the pipe open.
      reading.join(GRACE);
    } catch (InterruptedException e) {
      ProcessTree.end(process.toHandle(), GRACE);
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "`" + arguments.getFirst() + "` was canceled"), e);
    } finally {
      if (process.isAlive()) {
        ProcessTree.end(process.toHandle(), GRACE);
      }
    }
    synchronized (tail) {
      return new Ended(process.exitValue(), isTimeout, List.copyOf(tail));
    }
  }

  private static void read(Process process, ArrayDeque<String> tail, Consumer<String> lines) {
    try (var reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        var shown = line.length() > MAX_LINE ? line.substring(0, MAX_LINE) : line;
        synchronized (tail) {
          tail.addLast(shown);
          if (tail.size() > KEPT_LINES) {
            tail.removeFirst();
          }
        }
        lines.accept(shown);
      }
    } catch (IOException e) {
      // The stream ends with the process, at the latest when that is ended by force.
    }
  }

  /// The last lines of a log as one text.
  static String lastLines(List<String> tail, int count) {
    var shown =
        String.join("\n", tail.subList(Math.max(0, tail.size() - count), tail.size())).strip();
    return shown.isEmpty() ? "it said nothing" : shown;
  }
}
