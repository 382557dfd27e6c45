package dev.terroir.serving.supervisor;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.process.MarkedProcesses;
import dev.terroir.prefix.LocalPython;
import dev.terroir.serving.front.Front;
import dev.terroir.serving.scoring.ScoringContainer;
import dev.terroir.serving.scoring.ScoringProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Keeps one service alive until it is asked to stop. For one thread; everything it knows is in its
/// directory.
///
/// @since 0.1
public final class ServiceSupervisor {
  private static final long POLL_MILLIS = 50;
  private static final Duration DRAIN = Duration.ofSeconds(30);
  private static final Duration FIRST_BACK_OFF = Duration.ofMillis(200);
  private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(30);
  private static final Duration LONG_HEALTHY = Duration.ofSeconds(60);
  static final String MARKER = "TERROIR_SERVICE";
  private static final String STOP = "stop";
  private static final String KEYS = "keys.json";

  private final Path directory;
  private final BooleanSupplier stopSignal;
  private ServiceDefinition definition;
  private @Nullable ScoringProcess process;
  private int restarts;
  private int failedRevision;
  private @Nullable String updateError;
  private long healthySince;

  private ServiceSupervisor(Path directory, BooleanSupplier stopSignal) {
    this.directory = directory;
    this.stopSignal = stopSignal;
    this.definition = ServiceDefinition.read(directory);
  }

  /// Runs the service of a directory in this process until it is stopped or its first start fails.
  ///
  /// @param stopSignal whether the caller wants it to end
  /// @return its last status
  public static ServiceStatus run(Path directory, BooleanSupplier stopSignal) {
    return new ServiceSupervisor(directory, stopSignal).supervise();
  }

  /// Ends a service: its supervisor, if one lives, and everything that is left of it.
  public static void stop(Path directory) {
    AtomicFiles.write(directory.resolve(STOP), "");
    var deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!ServiceStatus.inspect(directory).isOver()
        && Files.exists(directory.resolve("status.json"))
        && System.nanoTime() < deadline) {
      if (!pause(POLL_MILLIS)) {
        break;
      }
    }
    sweep(directory);
  }

  /// Ends what a killed supervisor has left.
  public static void sweep(Path directory) {
    MarkedProcesses.end(MARKER, markerOf(directory));
    if (Files.exists(directory.resolve(ServiceDefinition.FILE))
        && ServiceDefinition.read(directory).container() != null) {
      ScoringContainer.sweep(Settings.system(), directory);
    }
  }

  static String markerOf(Path directory) {
    return directory.toAbsolutePath().normalize().toString();
  }

  /// Makes two fresh keys.
  public static List<String> makeKeys(Path directory) {
    return keep(directory, List.of(randomKey(), randomKey()));
  }

  /// Makes one of its keys anew; the former one is refused from then on.
  public static void makeKey(Path directory, boolean isPrimary) {
    var former = keys(directory);
    keep(
        directory,
        isPrimary
            ? List.of(randomKey(), former.getLast())
            : List.of(former.getFirst(), randomKey()));
  }

  /// Asks for no key any more.
  public static void removeKeys(Path directory) {
    try {
      Files.deleteIfExists(directory.resolve(KEYS));
    } catch (IOException e) {
      throw FoundationException.ofFile("the keys cannot be removed", directory.resolve(KEYS), e);
    }
  }

  private static List<String> keep(Path directory, List<String> keys) {
    AtomicFiles.writePrivate(
        directory.resolve(KEYS),
        JsonWriter.compact(
            JsonObject.builder()
                .put("primary", keys.getFirst())
                .put("secondary", keys.getLast())
                .build()));
    return keys;
  }

  private static String randomKey() {
    var bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    return java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /// Its two keys; none when it asks for none.
  public static List<String> keys(Path directory) {
    var file = directory.resolve(KEYS);
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    var json = JsonReader.readObject(file);
    return List.of(json.string("primary"), json.string("secondary"));
  }

  private ServiceStatus supervise() {
    status("Transitioning", 0, null);
    // Keys may be made anew while it runs, and be asked for or not from one update on.
    try (var front = Front.open(definition.port(), () -> keys(directory))) {
      try {
        var first = startUntilReady(definition);
        if (first != null) {
          endProcess();
          return status("Failed", 0, first);
        }
        serve(front);
        // Who deletes the service looks for what is left as soon as it says that it has stopped.
        front.swap(null);
        endProcess();
        return status("Stopped", 0, null);
      } finally {
        front.swap(null);
        endProcess();
      }
    } catch (TerroirException e) {
      return status("Failed", 0, e.problem().what());
    }
  }

  private void serve(Front front) {
    var backOff = FIRST_BACK_OFF;
    connect(front);
    while (!isStopping()) {
      if (process == null || !process.isAlive()) {
        front.swap(null);
        if (System.nanoTime() - healthySince > LONG_HEALTHY.toNanos()) {
          backOff = FIRST_BACK_OFF;
        }
        restarts++;
        status("Unhealthy", front.port(), "the scoring process ended; it is started again");
        if (!pause(backOff.toMillis())) {
          return;
        }
        backOff = min(backOff.multipliedBy(2), LONGEST_BACK_OFF);
        var why = startUntilReady(definition);
        if (why == null) {
          connect(front);
        } else {
          status("Unhealthy", front.port(), why);
        }
      } else {
        update(front);
        pause(POLL_MILLIS);
      }
    }
  }

  private void connect(Front front) {
    healthySince = System.nanoTime();
    if (process != null) {
      front.swap(Front.Backend.of(process.port()));
    }
    status("Healthy", front.port(), null);
  }

  /// Starts a newer revision beside the present one and swaps when it answers.
  private void update(Front front) {
    var next = ServiceDefinition.read(directory);
    if (next.revision() == definition.revision() || next.revision() == failedRevision) {
      return;
    }
    var former = process;
    var formerDefinition = definition;
    process = null;
    var why = startUntilReady(next);
    if (why != null) {
      endProcess();
      process = former;
      definition = formerDefinition;
      failedRevision = next.revision();
      updateError = why;
      status("Healthy", front.port(), null);
      return;
    }
    definition = next;
    updateError = null;
    failedRevision = 0;
    var started = process;
    var before = started == null ? null : front.swap(Front.Backend.of(started.port()));
    healthySince = System.nanoTime();
    status("Healthy", front.port(), null);
    var deadline = System.nanoTime() + DRAIN.toNanos();
    while (before != null && before.inFlight().get() > 0 && System.nanoTime() < deadline) {
      pause(POLL_MILLIS);
    }
    if (former != null) {
      former.stop();
    }
  }

  /// Starts a scoring process and waits until it answers.
  ///
  /// @return why it does not, or null when it does
  private @Nullable String startUntilReady(ServiceDefinition what) {
    endProcess();
    var started =
        ScoringProcess.start(
            new ScoringProcess.Launch(
                what.python(),
                ServiceDefinition.sources(directory, what.revision()),
                what.entryScript(),
                what.modelDirectory(),
                what.workerCount(),
                variables(what),
                directory.resolve("logs").resolve("scoring.log"),
                inContainer(what)));
    process = started;
    var deadline = System.nanoTime() + what.startTimeout().toNanos();
    while (System.nanoTime() < deadline) {
      if (!started.isAlive()) {
        return "the scoring process ended while it started:\n" + started.lastLines();
      }
      if (started.isReady()) {
        return null;
      }
      if (isStopping() || !pause(POLL_MILLIS)) {
        return "it was stopped while it started";
      }
    }
    var lines = started.lastLines();
    endProcess();
    return "the scoring process did not answer within "
        + what.startTimeout().toSeconds()
        + " s:\n"
        + lines;
  }

  private TreeMap<String, String> variables(ServiceDefinition what) {
    var variables = new TreeMap<String, String>();
    if (what.container() == null) {
      // The surroundings' variables may hold secrets, so they are inherited and never written down.
      variables.putAll(LocalPython.of(what.python()).activated(Settings.system().variables()));
      variables.put(MARKER, markerOf(directory));
    }
    variables.putAll(what.environmentVariables());
    variables.put("SERVICE_NAME", what.name());
    return variables;
  }

  private ScoringProcess.@Nullable InContainer inContainer(ServiceDefinition what) {
    var in = what.container();
    return in == null
        ? null
        : (command, variables, sources) ->
            ScoringContainer.of(
                Settings.system(),
                directory,
                in,
                command,
                variables,
                sources,
                what.modelDirectory());
  }

  private void endProcess() {
    if (process != null) {
      process.stop();
      process = null;
    }
  }

  private boolean isStopping() {
    return stopSignal.getAsBoolean() || Files.exists(directory.resolve(STOP));
  }

  private ServiceStatus status(String state, int port, @Nullable String error) {
    var status =
        new ServiceStatus(
            state, definition.revision(), port, restarts, error, updateError, failedRevision);
    status.write(directory);
    return status;
  }

  private static boolean pause(long millis) {
    try {
      Thread.sleep(millis);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
