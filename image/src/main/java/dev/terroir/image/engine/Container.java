package dev.terroir.image.engine;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// One container: started once, watched to its end. [#stop] and [#kill] may come from any thread,
/// and from another process that knows the name.
///
/// @since 0.1
public final class Container {
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /// The exit statuses with which engines tell that they could not start a command. A command that
  /// ran may end with the same.
  private static final Set<Integer> ENGINE_STATUSES = Set.of(125, 126, 127);

  /// When a container that never ran was started.
  private static final String NEVER = "0001-";

  private final Engine engine;
  private final ContainerOptions options;

  Container(Engine engine, ContainerOptions options) {
    this.engine = engine;
    this.options = options;
  }

  /// How it ended.
  ///
  /// @param exitCode of its command; 128 plus the signal's number when a signal ended it
  /// @param isTimeout whether it was ended because it took too long
  public record Ended(int exitCode, boolean isTimeout) {}

  /// What another process needs to run it, and to end it from elsewhere.
  ///
  /// @param command its command line, with no values of variables
  /// @param variables of the engine's process
  /// @param stop asks it to end and ends it after a while
  /// @param remove takes it away, whether it runs or not
  /// @param started prints when its command was started, which begins with `0001-` for never; only
  ///   of one that is kept when it has ended
  public record Order(
      List<String> command,
      Map<String, String> variables,
      List<String> stop,
      List<String> remove,
      List<String> started) {
    /// Copies everything.
    public Order {
      command = List.copyOf(command);
      variables = Collections.unmodifiableMap(new TreeMap<>(variables));
      stop = List.copyOf(stop);
      remove = List.copyOf(remove);
      started = List.copyOf(started);
    }
  }

  /// Makes it ready to be run by another process.
  ///
  /// @param environmentFile where its variables are written, for the caller alone to read; it must
  ///   be there until the container has started, and is the caller's to delete
  /// @param grace how long stopping may take, in whole seconds
  /// @param isKept whether it stays when its command has ended, so that it can be asked whether
  ///   that was started; the caller takes it away then
  public Order order(Path environmentFile, Duration grace, boolean isKept) {
    var inherited = new ArrayList<String>();
    var variables = new TreeMap<>(engine.variables());
    var file = new StringBuilder();
    options
        .environment()
        .forEach((name, value) -> {
          if (value.contains("\n") || value.contains("\r")) {
            // A file of variables has no form for these.
            inherited.add(name);
            variables.put(name, value);
          } else {
            file.append(name).append('=').append(value).append('\n');
          }
        });
    AtomicFiles.writePrivate(environmentFile, file.toString());
    return new Order(
        engine.line(
            options.arguments(
                engine.kind(),
                environmentFile,
                inherited,
                caller("unix:uid"),
                caller("unix:gid"),
                isKept)),
        variables,
        engine.line(List.of(stopping(grace))),
        engine.line(List.of(removing())),
        engine.line(List.of(askingForStart())));
  }

  /// Runs it to its end. Interrupting the thread ends it.
  ///
  /// @param lines gets its output line by line, from another thread
  /// @param timeout how long it may take before it is ended
  /// @throws ImageException code `engine-failed`, if the engine cannot start it
  /// @throws FoundationException code `canceled`, when the thread is interrupted
  public Ended run(Consumer<String> lines, Duration timeout) {
    Path directory;
    try {
      directory = Files.createTempDirectory("terroir-container");
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "the container cannot be prepared", Path.of(options.name()), e);
    }
    try {
      var order = order(directory.resolve("environment"), Duration.ZERO, true);
      var ended = Invocation.run(order.command(), order.variables(), timeout, lines);
      if (ENGINE_STATUSES.contains(ended.exitCode()) && !ended.isTimeout() && !wasStarted()) {
        throw new ImageException(
            Problem.of(
                    ImageCode.ENGINE_FAILED,
                    "`"
                        + engine.kind().program()
                        + "` could not run the image `"
                        + options.image()
                        + "`")
                .because(Invocation.lastLines(ended.tail(), 10)));
      }
      return new Ended(ended.exitCode(), ended.isTimeout());
    } finally {
      remove();
      Trees.delete(directory);
    }
  }

  /// Whether its command ran.
  private boolean wasStarted() {
    var answer = engine.ask(ANSWER, askingForStart());
    return answer.isSuccess() && !answer.output().startsWith(NEVER);
  }

  private String[] askingForStart() {
    return new String[] {
      "inspect", "--type", "container", "--format", "{{.State.StartedAt}}", options.name()
    };
  }

  private static int caller(String attribute) {
    try {
      return (int) Files.getAttribute(Path.of("/proc/self"), attribute);
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      // No such file system: an engine in a virtual machine maps owners by itself.
      return 0;
    }
  }

  /// Asks its command to end, and ends it after a while.
  ///
  /// @param grace how long it may take, in whole seconds
  public void stop(Duration grace) {
    engine.ask(ANSWER.plus(grace), stopping(grace));
  }

  private String[] stopping(Duration grace) {
    return new String[] {
      "stop", "--time", String.valueOf(Math.max(0, grace.toSeconds())), options.name()
    };
  }

  private String[] removing() {
    return new String[] {"rm", "--force", "--volumes", options.name()};
  }

  /// Ends it at once.
  public void kill() {
    engine.ask(ANSWER, "kill", options.name());
  }

  /// Takes it away, whether it runs or not. Works in an interrupted thread too.
  public void remove() {
    var interrupted = Thread.interrupted();
    try {
      engine.ask(ANSWER, removing());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Whether it is there and runs.
  public boolean isRunning() {
    return engine
        .ask(
            ANSWER,
            "inspect",
            "--type",
            "container",
            "--format",
            "{{.State.Running}}",
            options.name())
        .output()
        .strip()
        .equals("true");
  }

  /// Its command line, for messages: nothing secret is in it.
  public List<String> commandLine() {
    return engine.line(
        options.arguments(
            engine.kind(), null, List.of(), caller("unix:uid"), caller("unix:gid"), false));
  }
}
