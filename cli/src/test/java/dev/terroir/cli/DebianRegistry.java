package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/// Debian's docker-registry on loopback; without it the test is skipped, loudly.
final class DebianRegistry implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/bin/docker-registry");

  /// The bcrypt hash of `open sesame`, the password of `terroir`.
  private static final String HTPASSWD =
      "terroir:$2y$05$q.uMl5JpFsKQbS5n3S9.vudeT2i5.oW8gBc9/BcpzZ9NFDP9.Kv0O";

  private final Path folder;
  private final int port;
  private final String more;
  private Process process;

  /// @param folder where it keeps what it has
  /// @param more lines of its configuration
  DebianRegistry(Path folder, String more) throws IOException, InterruptedException {
    if (!Files.isExecutable(PROGRAM)) {
      System.err.println("SKIPPED: no program `docker-registry`; install the Debian package");
    }
    assumeTrue(Files.isExecutable(PROGRAM), "docker-registry");
    this.folder = Files.createDirectories(folder);
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    this.more = more;
    becomes("");
  }

  /// Starts it, anew when it runs.
  ///
  /// @param storage more lines of how it keeps things
  void becomes(String storage) throws IOException, InterruptedException {
    if (process != null) {
      kill();
    }
    Files.writeString(
        folder.resolve("config.yml"),
        """
        version: 0.1
        log: {level: warn}
        storage:
          filesystem: {rootdirectory: %s}
        %s
        http: {addr: "127.0.0.1:%d", secret: terroir-test}
        %s
        """
            .formatted(folder.resolve("data"), storage, port, more));
    start();
  }

  /// The lines of a configuration that asks for a password.
  static String withPassword(Path folder) throws IOException {
    var file = Files.writeString(folder.resolve("htpasswd"), HTPASSWD + "\n");
    return "auth: {htpasswd: {realm: test, path: " + file + "}}";
  }

  /// Host and port.
  String address() {
    return "127.0.0.1:" + port;
  }

  private void start() throws IOException, InterruptedException {
    process =
        new ProcessBuilder(PROGRAM.toString(), "serve", folder.resolve("config.yml").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    for (int i = 0; i < 200; i++) {
      try (var _ = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    throw new AssertionError(Files.readString(folder.resolve("log")));
  }

  /// Ends it, with nothing spared.
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }
}
