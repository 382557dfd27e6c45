package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/// Debian's `docker-registry` on loopback, with a user and a password; without the program the test
/// is skipped, loudly.
public final class LoopbackRegistry implements AutoCloseable {
  private static final String PASSWORD = "open sesame";

  /// The bcrypt hash of it.
  private static final String HTPASSWD =
      "terroir:$2y$05$q.uMl5JpFsKQbS5n3S9.vudeT2i5.oW8gBc9/BcpzZ9NFDP9.Kv0O";

  private final Path folder;
  private final int port;
  private Process process;

  private LoopbackRegistry(Path folder, int port) {
    this.folder = folder;
    this.port = port;
  }

  public static LoopbackRegistry start(Path folder) throws IOException {
    var program = Path.of("/usr/bin/docker-registry");
    if (!Files.isExecutable(program)) {
      System.err.println("SKIPPED: no program `docker-registry`; install the Debian package");
    }
    assumeTrue(Files.isExecutable(program), "docker-registry");
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("htpasswd"), HTPASSWD + "\n");
    Files.writeString(
        folder.resolve("config.yml"),
        """
        version: 0.1
        log: {level: info}
        storage:
          filesystem: {rootdirectory: %s}
          delete: {enabled: true}
        http: {addr: "127.0.0.1:%d", secret: terroir-test}
        auth: {htpasswd: {realm: test, path: %s}}
        """
            .formatted(folder.resolve("data"), port, folder.resolve("htpasswd")));
    Files.writeString(
        folder.resolve("auth.json"),
        "{\"auths\": {\"127.0.0.1:" + port + "\": {\"auth\": \"" + basic() + "\"}}}");
    var registry = new LoopbackRegistry(folder, port);
    registry.run();
    return registry;
  }

  private void run() throws IOException {
    process =
        new ProcessBuilder(
                "/usr/bin/docker-registry", "serve", folder.resolve("config.yml").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    for (int i = 0; i < 400; i++) {
      try (var _ = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException e) {
        try {
          Thread.sleep(25);
        } catch (InterruptedException interrupted) {
          throw new AssertionError(interrupted);
        }
      }
    }
    throw new AssertionError(Files.readString(folder.resolve("log")));
  }

  private static String basic() {
    return Base64.getEncoder()
        .encodeToString(("terroir:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
  }

  /// `HOST:PORT`.
  public String address() {
    return "127.0.0.1:" + port;
  }

  /// A file as `podman login` writes it.
  public Path credentials() {
    return folder.resolve("auth.json");
  }

  /// What it answers to a GET below `/v2/`.
  JsonObject get(String path) {
    try (var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create("http://" + address() + "/v2/" + path))
              .header("Authorization", "Basic " + basic())
              .header("Accept", "application/vnd.oci.image.manifest.v1+json")
              .build();
      var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new AssertionError(answer.statusCode() + " " + answer.body());
      }
      return JsonReader.parseObject(answer.body(), path);
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /// Its log, with a line for each request.
  String log() throws IOException {
    return Files.readString(folder.resolve("log"));
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
