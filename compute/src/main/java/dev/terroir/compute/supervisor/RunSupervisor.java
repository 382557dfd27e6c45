package dev.terroir.compute.supervisor;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.process.MarkedProcesses;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Starts runs and finds the truth about them, from files and the process table alone.
///
/// @since 0.1
public final class RunSupervisor {
  /// A supervisor that has written nothing this long after its start is dead.
  private static final Duration STARTING = Duration.ofSeconds(20);

  /// How long a process that was started may take to be seen.
  private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(2);

  private RunSupervisor() {}

  /// What to start.
  ///
  /// @param runDirectory where the supervisor keeps its files
  /// @param python the interpreter that runs the supervisor
  /// @param command the script's program and arguments
  /// @param workingDirectory where it runs
  /// @param environment all its variables
  /// @param logFile receives its standard output and error
  /// @param timeout how long it may take, zero for ever
  /// @param logCapBytes how much of its output is kept
  /// @param runId the marker of all its processes
  /// @param container when the command is an engine's that runs the script in a container, else
  ///   null
  public record Launch(
      Path runDirectory,
      Path python,
      List<String> command,
      Path workingDirectory,
      Map<String, String> environment,
      Path logFile,
      Duration timeout,
      long logCapBytes,
      String runId,
      @Nullable InContainer container) {}

  /// How the container of a run is ended, since its processes are the engine's.
  ///
  /// @param stop a command that asks the script to end, and ends it after a while
  /// @param remove a command that takes away what is left
  /// @param started a command that prints when the script was started, `0001-…` for never
  /// @param environmentFile the script's variables, deleted when it has ended
  public record InContainer(
      List<String> stop, List<String> remove, List<String> started, Path environmentFile) {
    /// Copies the lists.
    public InContainer {
      stop = List.copyOf(stop);
      remove = List.copyOf(remove);
      started = List.copyOf(started);
    }
  }

  /// What is known about a run.
  public sealed interface State {
    /// Nothing was written yet.
    record Starting() implements State {}

    /// The script runs.
    record Running(@Nullable String startedAt) implements State {}

    /// The script has ended.
    ///
    /// @param outcome `exited`, `signaled`, `timedOut`, `canceled` or `notStarted`
    /// @param exitCode 128 plus the signal's number for a signal, -1 when it never started
    /// @param message what went wrong, or null
    /// @param leftBehind how many processes it had left and that were ended
    record Ended(
        String outcome,
        int exitCode,
        @Nullable String message,
        int leftBehind,
        @Nullable String startedAt,
        @Nullable String endedAt)
        implements State {}

    /// The supervisor is gone and has not said what became of the script.
    record Lost(String reason) implements State {}
  }

  /// Starts a supervisor in a session of its own and comes back at once.
  public static void start(Launch launch) {
    try {
      Files.createDirectories(launch.runDirectory());
      Files.createDirectories(launch.logFile().toAbsolutePath().getParent());
      var script = launch.runDirectory().resolve("run_supervisor.py");
      try (var in = RunSupervisor.class.getResourceAsStream("run_supervisor.py")) {
        if (in == null) {
          throw new IllegalStateException("run_supervisor.py is missing");
        }
        Files.writeString(script, new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
      // The environment may hold secrets: a private file, which the supervisor removes.
      AtomicFiles.writePrivate(
          launch.runDirectory().resolve("launch.json"), JsonWriter.compact(json(launch)));
      var builder =
          new ProcessBuilder(
              "setsid",
              launch.python().toString(),
              "-I",
              "-S",
              script.toString(),
              launch.runDirectory().toString());
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.redirectError(launch.runDirectory().resolve("supervisor.log").toFile());
      builder.environment().keySet().removeIf(name -> name.startsWith("PYTHON"));
      builder.start();
    } catch (IOException e) {
      throw FoundationException.ofFile("the run cannot be started", launch.runDirectory(), e);
    }
  }

  /// Whether a run was started. Who starts one writes its files first, and may be killed before its
  /// process is there; one that is there says so soon.
  public static boolean isStarted(Path runDirectory) {
    var script = runDirectory.resolve("run_supervisor.py");
    if (!Files.exists(script)) {
      return false;
    }
    var deadline = System.nanoTime() + SIGN_OF_LIFE.toNanos();
    do {
      if (Files.exists(runDirectory.resolve("supervisor.json"))
          || Files.exists(runDirectory.resolve("exit.json"))) {
        return true;
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return true;
      }
    } while (System.nanoTime() < deadline);
    return ProcessHandle.allProcesses().anyMatch(process -> hasArgument(process, script));
  }

  private static boolean hasArgument(ProcessHandle process, Path script) {
    try {
      var line = Files.readAllBytes(Path.of("/proc", String.valueOf(process.pid()), "cmdline"));
      return new String(line, StandardCharsets.UTF_8).contains("\0" + script + "\0");
    } catch (IOException e) {
      // Another user's process, or one that has just ended.
      return false;
    }
  }

  private static JsonObject json(Launch launch) {
    var json = JsonObject.builder();
    var container = launch.container();
    if (container != null) {
      json.put(
          "container",
          JsonObject.builder()
              .put("stop", container.stop())
              .put("remove", container.remove())
              .put("started", container.started())
              .put("environmentFile", container.environmentFile().toString())
              .build());
    }
    return json.put("command", launch.command())
        .put("workingDirectory", launch.workingDirectory().toString())
        .put("environment", JsonValue.ofStrings(launch.environment()))
        .put("logFile", launch.logFile().toString())
        .put("timeoutSeconds", launch.timeout().toSeconds())
        .put("logCapBytes", launch.logCapBytes())
        .put("runId", launch.runId())
        .build();
  }

  /// Finds the truth about a run.
  public static State inspect(Path runDirectory) {
    var exit = exit(runDirectory);
    if (exit.isPresent()) {
      return exit.get();
    }
    var file = runDirectory.resolve("supervisor.json");
    if (!Files.isRegularFile(file)) {
      return isRecent(runDirectory)
          ? new State.Starting()
          : new State.Lost("its supervisor never came up");
    }
    var supervisor = JsonReader.readObject(file);
    if (isAlive(supervisor.longValue("pid"), supervisor.string("startTime"))) {
      return supervisor.has("scriptPid")
          ? new State.Running(supervisor.optionalString("startedAt").orElse(null))
          : new State.Starting();
    }
    // It may have ended between the two looks.
    return exit(runDirectory)
        .<State>map(ended -> ended)
        .orElse(new State.Lost("its supervisor was killed"));
  }

  private static Optional<State.Ended> exit(Path runDirectory) {
    var file = runDirectory.resolve("exit.json");
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    var exit = JsonReader.readObject(file);
    return Optional.of(
        new State.Ended(
            exit.string("outcome"),
            exit.optionalLong("exitCode").orElse(-1L).intValue(),
            exit.optionalString("message").orElse(null),
            exit.optionalLong("leftBehind").orElse(0L).intValue(),
            exit.optionalString("startedAt").orElse(null),
            exit.optionalString("endedAt").orElse(null)));
  }

  private static boolean isRecent(Path runDirectory) {
    try {
      var launched = Files.getLastModifiedTime(runDirectory.resolve("run_supervisor.py"));
      return System.currentTimeMillis() - launched.toMillis() < STARTING.toMillis();
    } catch (IOException e) {
      return false;
    }
  }

  /// Whether the process of that id is the one that started at that time.
  ///
  /// @param startTime clock ticks after boot, as in /proc
  public static boolean isAlive(long pid, String startTime) {
    return startTime(pid).map(startTime::equals).orElse(false);
  }

  /// The start time of a live process, clock ticks after boot; empty for none and for zombies.
  public static Optional<String> startTime(long pid) {
    try {
      var stat = Files.readString(Path.of("/proc", String.valueOf(pid), "stat"));
      var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return fields[0].equals("Z") ? Optional.empty() : Optional.of(fields[19]);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /// Asks a run to end; its whole process tree is ended soon after.
  public static void requestCancel(Path runDirectory) {
    AtomicFiles.write(runDirectory.resolve("cancel"), "");
  }

  /// Ends the processes of a run whose supervisor is gone.
  ///
  /// @return how many there were
  public static int sweep(String runId) {
    return MarkedProcesses.end("AZUREML_RUN_ID", runId);
  }
}
