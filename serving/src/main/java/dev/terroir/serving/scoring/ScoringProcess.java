package dev.terroir.serving.scoring;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.process.ProcessTree;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A running inference server. Thread-safe.
///
/// It listens on loopback only, so that the front is the only way in.
///
/// @since 0.1
public final class ScoringProcess {
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final long LOG_CAP_BYTES = 20L << 20;
  private static final String BOOT =
      """
      import azureml_inference_server_http.constants as constants
      constants.DEFAULT_HOST = "127.0.0.1"
      from azureml_inference_server_http.amlserver import run
      run()
      """;

  private final Process process;
  private final int port;
  private final Path log;
  private final long logStart;
  private final @Nullable ScoringContainer container;

  private ScoringProcess(
      Process process, int port, Path log, long logStart, @Nullable ScoringContainer container) {
    this.container = container;
    this.process = process;
    this.port = port;
    this.log = log;
    this.logStart = logStart;
  }

  /// What to start.
  ///
  /// @param python the interpreter of the environment
  /// @param sources where it works: the folder with everything that was deployed
  /// @param entryScript absolute path of the script, in or below `sources`
  /// @param modelDirectory what `AZUREML_MODEL_DIR` names
  /// @param workerCount scoring workers
  /// @param environment all variables
  /// @param log receives its output
  /// @param inContainer makes the command that runs it in a container, or null to run it itself
  public record Launch(
      Path python,
      Path sources,
      Path entryScript,
      Path modelDirectory,
      int workerCount,
      Map<String, String> environment,
      Path log,
      @Nullable InContainer inContainer) {}

  /// A container to run a scoring process in.
  public interface InContainer {
    /// Makes it ready.
    ///
    /// @param command what runs inside
    /// @param environment variables inside
    /// @param directory where it runs
    ScoringContainer container(
        List<String> command, Map<String, String> environment, Path directory);
  }

  /// Starts one on a free port.
  public static ScoringProcess start(Launch launch) {
    try {
      var port = freePort();
      Files.createDirectories(launch.log().getParent());
      if (Files.exists(launch.log()) && Files.size(launch.log()) > LOG_CAP_BYTES) {
        Files.move(
            launch.log(),
            launch.log().resolveSibling(launch.log().getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
      }
      var start = Files.exists(launch.log()) ? Files.size(launch.log()) : 0;
      var sources = launch.sources();
      var beside = sources.relativize(launch.entryScript().resolveSibling("").normalize());
      var command =
          List.of(
              launch.python().toString(),
              "-c",
              BOOT,
              "--entry_script",
              launch.entryScript().toString(),
              "--model_dir",
              launch.modelDirectory().toString(),
              "--port",
              String.valueOf(port),
              "--worker_count",
              String.valueOf(launch.workerCount()));
      var variables = new TreeMap<>(launch.environment());
      variables.put("AZUREML_MODEL_DIR", launch.modelDirectory().toString());
      variables.put("AML_APP_ROOT", sources.toString());
      if (!beside.toString().isEmpty()) {
        // What lies beside the script can be imported too.
        variables.put("AZUREML_SOURCE_DIRECTORY", beside.toString());
      }
      variables.put("PYTHONUNBUFFERED", "1");
      var in = launch.inContainer();
      var container = in == null ? null : in.container(command, variables, sources);
      var builder = new ProcessBuilder(container == null ? command : container.order().command());
      builder.environment().clear();
      builder.environment().putAll(container == null ? variables : container.order().variables());
      builder.directory(sources.toFile());
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      return new ScoringProcess(builder.start(), port, launch.log(), start, container);
    } catch (IOException e) {
      throw FoundationException.ofFile("the scoring process cannot be started", launch.python(), e);
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /// Where it listens on loopback.
  public int port() {
    return port;
  }

  /// Whether it has not ended.
  public boolean isAlive() {
    return process.isAlive();
  }

  /// Whether it answers.
  public boolean isReady() {
    try {
      var connection =
          (HttpURLConnection) URI.create("http://127.0.0.1:" + port + "/").toURL().openConnection();
      connection.setConnectTimeout(500);
      connection.setReadTimeout(2000);
      try {
        return connection.getResponseCode() == 200;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }

  /// The last lines it wrote, for messages.
  public String lastLines() {
    try {
      var bytes = Files.readAllBytes(log);
      var from = (int) Math.min(logStart, bytes.length);
      var lines =
          new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8)
              .strip()
              .lines()
              .toList();
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
    } catch (IOException e) {
      return "its log cannot be read: " + e.getMessage();
    }
  }

  /// Ends it with its workers.
  public void stop() {
    if (container != null) {
      container.end();
    }
    ProcessTree.end(process.toHandle(), GRACE);
  }
}
