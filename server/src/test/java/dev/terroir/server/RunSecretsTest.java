package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.tool.UvProgram;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Secrets of the workspace open indexes to runs")
class RunSecretsTest {
  private static final String PASSWORD = "s3cr3t-of-the-index";
  private static final String WHEEL = "alpha-1.0-py3-none-any.whl";

  @TempDir Path folder;
  private final AtomicInteger authorised = new AtomicInteger();

  private static byte[] wheel() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (var file :
          List.of(
              List.of("alpha/__init__.py", "VERSION = '1.0'\n"),
              List.of(
                  "alpha-1.0.dist-info/METADATA",
                  "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n"),
              List.of(
                  "alpha-1.0.dist-info/WHEEL",
                  "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
              List.of(
                  "alpha-1.0.dist-info/RECORD",
                  "alpha/__init__.py,,\nalpha-1.0.dist-info/METADATA,,\n"
                      + "alpha-1.0.dist-info/WHEEL,,\nalpha-1.0.dist-info/RECORD,,\n"))) {
        zip.putNextEntry(new ZipEntry(file.getFirst()));
        zip.write(file.getLast().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  private void answer(HttpExchange exchange, byte[] wheel) throws IOException {
    try (exchange) {
      var wanted =
          "Basic "
              + Base64.getEncoder()
                  .encodeToString(("user:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
      if (!wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      authorised.incrementAndGet();
      var isWheel = exchange.getRequestURI().getPath().endsWith(".whl");
      var body =
          isWheel
              ? wheel
              : ("<html><body><a href='/files/" + WHEEL + "'>" + WHEEL + "</a></body></html>")
                  .getBytes(StandardCharsets.UTF_8);
      exchange
          .getResponseHeaders()
          .set("Content-Type", isWheel ? "application/octet-stream" : "text/html");
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
        exchange.sendResponseHeaders(200, -1);
        return;
      }
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static String python() throws Exception {
    var asked =
        new ProcessBuilder("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
            .start();
    return new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  /// The pinned uv, fetched once.
  private static Path uv() {
    var tools = Path.of("target", "test-tools").toAbsolutePath();
    var system = Settings.system().with(Settings.TERROIR_HOME, tools.toString());
    return UvProgram.find(system, TerroirHome.of(system), Progress.SILENT);
  }

  @Test
  void aRunsEnvironmentIsMadeWithThemAndTheyAreNowhereToBeRead() throws Exception {
    var index = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var wheel = wheel();
    index.createContext("/", exchange -> answer(exchange, wheel));
    index.start();
    var variables = new TreeMap<>(Served.settings(folder).variables());
    variables.keySet().removeIf(name -> name.startsWith("PIP_") || name.startsWith("UV_"));
    variables.put("PIP_CONFIG_FILE", "/dev/null");
    variables.put(Settings.TERROIR_UV, uv().toString());
    variables.put("UV_CACHE_DIR", folder.resolve("uv-cache").toString());
    variables.put("UV_PYTHON_DOWNLOADS", "never");
    variables.put("PIP_INDEX_URL", "http://localhost:" + index.getAddress().getPort() + "/simple/");
    var settings = Settings.of(variables);
    var log = new ByteArrayOutputStream();
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1.2.3", new PrintStream(log, true, StandardCharsets.UTF_8)),
                settings)) {
      var api =
          new ApiClient(
              server.url(), server.context().tokens().create("o", Role.OWNER, null, null).secret());
      api.send("PUT", "/api/v1/secrets/index%2Flocalhost", "{\"value\": \"user:" + PASSWORD + "\"}")
          .is(204);
      var script = "import alpha; print('alpha', alpha.VERSION)\n".getBytes(StandardCharsets.UTF_8);
      var digest = Sha256.of(script).prefixed();
      api.put("/api/v1/contents/" + digest, script).is(204);
      var snapshot =
          api.send(
                  "POST",
                  "/api/v1/snapshots",
                  "{\"files\": [{\"path\": \"train.py\", \"digest\": \""
                      + digest
                      + "\", \"size\": "
                      + script.length
                      + "}]}")
              .is(201)
              .json()
              .string("id");
      var id =
          api.send(
                  "POST",
                  "/api/v1/runs",
                  """
                  {"experiment": "e", "snapshot": "SNAPSHOT", "configuration": {
                    "script": "train.py", "environment": {"name": "private", "python": {
                      "userManagedDependencies": false, "condaDependencies": {
                        "dependencies": ["python=VERSION", {"pip": ["alpha"]}]}}}}}
                  """
                      .replace("SNAPSHOT", snapshot)
                      .replace("VERSION", python()))
              .is(201)
              .json()
              .string("runId");
      var status = "";
      for (int i = 0; i < 1200 && !List.of("Completed", "Failed").contains(status); i++) {
        Thread.sleep(50);
        status = api.get("/api/v1/runs/" + id).json().string("status");
      }
      assertThat(status).as(api.get("/api/v1/runs/" + id).text()).isEqualTo("Completed");
      assertThat(api.get("/api/v1/runs/" + id + "/log").text()).isEqualTo("alpha 1.0\n");
      assertThat(authorised).hasPositiveValue();
      assertThat(log.toString(StandardCharsets.UTF_8)).doesNotContain(PASSWORD);
    } finally {
      index.stop(0);
    }
    try (var files = Files.walk(folder)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
            .as(file.toString())
            .doesNotContain(PASSWORD);
      }
    }
  }
}
