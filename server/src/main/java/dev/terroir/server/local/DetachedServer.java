package dev.terroir.server.local;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.ServerFiles;
import dev.terroir.workspace.LocalWorkspace;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes sure that a server of a workspace on this machine runs: finds it, or starts one in a
/// session of its own. Callers at once get one server.
///
/// @since 0.1
public final class DetachedServer {
  /// The launcher of the distribution, which it tells the program by this property.
  private static final String LAUNCHER = "terroir.launcher";

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration STARTING = Duration.ofSeconds(30);
  private static final int PING_MILLIS = 2000;
  private static final long MAX_LOG_BYTES = 10L << 20;

  private final LocalWorkspace workspace;
  private final Settings settings;
  private final ServerFiles files;

  /// @param settings handed on to the server
  public DetachedServer(LocalWorkspace workspace, Settings settings) {
    this.workspace = workspace;
    this.settings = settings;
    this.files = new ServerFiles(workspace.directory());
  }

  /// Where it is.
  ///
  /// @param url of it
  /// @param tokenFile readable by its owner only
  public record Found(String url, Path tokenFile) {}

  /// Finds it, or starts it.
  ///
  /// @param idle how long it may be idle when it is started, as `--idle` takes it, or null
  /// @throws ServerException code `server-not-started`
  public Found ensure(@Nullable String idle) {
    var found = find();
    if (found.isPresent()) {
      return found.get();
    }
    try (var _ = ProcessLock.acquire(files.startLock(), PATIENCE)) {
      found = find();
      return found.isPresent() ? found.get() : start(idle);
    }
  }

  /// The server that runs, if it answers.
  public Optional<Found> find() {
    return files
        .read()
        .flatMap(json -> json.optionalString("url"))
        .filter(this::answers)
        .map(url -> new Found(url, files.token()));
  }

  /// The plain client of the JDK, which starts in a few milliseconds.
  private boolean answers(String url) {
    try {
      var token = Files.readString(files.token()).strip();
      var connection =
          (HttpURLConnection) URI.create(url + "/api/v1").toURL().openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout(PING_MILLIS);
      connection.setReadTimeout(PING_MILLIS);
      connection.setRequestProperty("Authorization", "Bearer " + token);
      return connection.getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private Found start(@Nullable String idle) {
    var log = files.directory().resolve("log");
    try {
      Files.createDirectories(files.directory());
      if (Files.exists(log) && Files.size(log) > MAX_LOG_BYTES) {
        Files.move(log, log.resolveSibling("log.1"), StandardCopyOption.REPLACE_EXISTING);
      }
      var before = Files.exists(log) ? Files.size(log) : 0;
      var builder =
          new ProcessBuilder(command(idle))
              .directory(files.directory().toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder.environment().clear();
      builder.environment().putAll(settings.variables());
      var process = builder.start();
      var deadline = System.nanoTime() + STARTING.toNanos();
      while (System.nanoTime() < deadline) {
        var found = find();
        if (found.isPresent()) {
          return found.get();
        }
        if (!process.isAlive() && process.exitValue() != 0) {
          break;
        }
        Thread.sleep(10);
      }
      throw notStarted(log, before, null);
    } catch (IOException e) {
      throw FoundationException.ofFile("the server cannot be started", log, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notStarted(log, 0, e);
    }
  }

  private static ServerException notStarted(Path log, long before, @Nullable Throwable cause) {
    var problem =
        Problem.of(ServerCode.SERVER_NOT_STARTED, "the workspace's server did not start")
            .at(Place.file(log));
    try {
      var text =
          new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
              .substring((int) Math.min(before, Files.size(log)));
      var lines = text.strip().lines().toList();
      if (!lines.isEmpty()) {
        problem =
            problem.because(
                String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size())));
      }
    } catch (IOException | IndexOutOfBoundsException e) {
      // Without its last words, then.
    }
    return new ServerException(problem, cause);
  }

  private List<String> command(@Nullable String idle) {
    var command = new ArrayList<>(List.of("setsid"));
    var launcher = settings.get(Settings.TERROIR_COMMAND).orElse(System.getProperty(LAUNCHER));
    if (launcher != null) {
      command.add(launcher);
    } else {
      command.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:+UseSerialGC",
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              System.getProperty("java.class.path"),
              "dev.terroir.cli.Main"));
    }
    command.addAll(
        List.of("serve", "--on-demand", "--workspace", workspace.directory().toString()));
    if (idle != null) {
      command.addAll(List.of("--idle", idle));
    }
    return command;
  }
}
