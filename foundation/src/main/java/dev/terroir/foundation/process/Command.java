package dev.terroir.foundation.process;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A program to run to its end. Immutable; may be run many times.
///
/// @param arguments the program and its arguments, never seen by a shell
/// @param environment all the variables it gets; nothing is inherited
/// @param directory where it runs, or null for this process's directory
/// @param timeout how long it may take before it is ended with its children
/// @since 0.1
public record Command(
    List<String> arguments,
    Map<String, String> environment,
    @Nullable Path directory,
    Duration timeout) {
  /// Output kept for the caller, in characters; the rest of a flood goes to the line consumer only.
  private static final int MAX_KEPT = 16 << 20;

  /// How long a program may take to end by itself once asked.
  private static final Duration GRACE = Duration.ofSeconds(5);

  /// Copies the list and the map.
  public Command {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
  }

  /// What a program left behind.
  ///
  /// @param exitCode its exit status; 128 plus the signal's number when a signal ended it
  /// @param output its standard output
  /// @param error its standard error
  public record Result(int exitCode, String output, String error) {
    /// Whether the exit status is 0.
    public boolean isSuccess() {
      return exitCode == 0;
    }
  }

  /// Runs it silently.
  public Result run() {
    return run(_ -> {});
  }

  /// Runs it and hands each line of its standard error on as it comes. Interrupting the thread ends
  /// the program.
  ///
  /// @param errorLines called from another thread
  /// @throws FoundationException if it cannot be started, takes too long, or the thread is
  ///   interrupted
  public Result run(Consumer<String> errorLines) {
    return run("", errorLines);
  }

  /// The same with text on its standard input, where secrets may stand that a command line would
  /// show to everybody.
  public Result run(String input, Consumer<String> errorLines) {
    Process process = start();
    var output = new StringBuilder();
    var error = new StringBuilder();
    try {
      var readOutput =
          Thread.ofVirtual().start(() -> collect(process.getInputStream(), output, _ -> {}));
      var readError =
          Thread.ofVirtual().start(() -> collect(process.getErrorStream(), error, errorLines));
      Thread.ofVirtual().start(() -> give(process, input));
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new FoundationException(
            Problem.of(
                    FoundationCode.PROGRAM_TIMEOUT,
                    "`" + name() + "` did not end within " + timeout.toSeconds() + " s")
                .because(lastLines(error)));
      }
      // What it left running may hold the pipes open for ever; what itself said is in them already.
      var isWhole = readOutput.join(GRACE) && readError.join(GRACE);
      return isWhole
          ? new Result(process.exitValue(), output.toString(), error.toString())
          : new Result(process.exitValue(), textOf(output), textOf(error));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "`" + name() + "` was canceled"), e);
    } finally {
      if (process.isAlive()) {
        ProcessTree.end(process.toHandle(), GRACE);
      }
    }
  }

  /// A program that reads nothing does not keep its caller, once there is more than a pipe holds.
  private static void give(Process process, String input) {
    try (var into = process.getOutputStream()) {
      into.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It has ended already; its exit status says more.
    }
  }

  private Process start() {
    var builder = new ProcessBuilder(arguments);
    builder.environment().clear();
    builder.environment().putAll(environment);
    if (directory != null) {
      builder.directory(directory.toFile());
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new FoundationException(
          Problem.of(FoundationCode.PROGRAM_NOT_STARTED, "`" + name() + "` cannot be started")
              .at(Place.of(arguments.getFirst()))
              .because(String.valueOf(e.getMessage())),
          e);
    }
  }

  private String name() {
    return String.valueOf(Path.of(arguments.getFirst()).getFileName());
  }

  private static String textOf(StringBuilder collected) {
    synchronized (collected) {
      return collected.toString();
    }
  }

  private static String lastLines(StringBuilder error) {
    synchronized (error) {
      var lines = error.toString().lines().toList();
      return lines.isEmpty()
          ? "it said nothing"
          : String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }
  }

  private static void collect(InputStream from, StringBuilder into, Consumer<String> lines) {
    try (var reader = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        synchronized (into) {
          if (into.length() + line.length() < MAX_KEPT) {
            into.append(line).append('\n');
          }
        }
        lines.accept(line);
      }
    } catch (IOException e) {
      // The stream ends with the process, at the latest when that is ended by force.
    }
  }
}
