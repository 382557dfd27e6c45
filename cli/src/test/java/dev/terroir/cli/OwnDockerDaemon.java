package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A Docker daemon with a store and a socket of its own; where none can run the test is skipped,
/// loudly. It sets up no network: containers have the machine's.
final class OwnDockerDaemon implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/sbin/dockerd");

  private final Process process;
  private final Path folder;

  private OwnDockerDaemon(Process process, Path folder) {
    this.process = process;
    this.folder = folder;
  }

  static OwnDockerDaemon start(Path folder) throws IOException, InterruptedException {
    if (!Files.isExecutable(PROGRAM)) {
      System.err.println("SKIPPED: no program `dockerd`; install the Debian package docker.io");
    }
    assumeTrue(Files.isExecutable(PROGRAM), "dockerd");
    Files.createDirectories(folder);
    var process =
        new ProcessBuilder(
                PROGRAM.toString(),
                "--storage-driver=overlay2",
                "--iptables=false",
                "--ip-forward=false",
                "--bridge=none",
                "--data-root=" + folder.resolve("data"),
                "--exec-root=" + folder.resolve("exec"),
                "--pidfile=" + folder.resolve("pid"),
                "--host=unix://" + folder.resolve("sock"))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    var daemon = new OwnDockerDaemon(process, folder);
    for (int i = 0; i < 120 && process.isAlive(); i++) {
      if (daemon.docker("version").isSuccess()) {
        return daemon;
      }
      Thread.sleep(250);
    }
    daemon.close();
    var log = Files.readString(folder.resolve("log"));
    System.err.println("SKIPPED: dockerd does not come up here: " + log);
    assumeTrue(false, "dockerd does not come up here");
    return daemon;
  }

  /// What names it to the program `docker`.
  String variable() {
    return "DOCKER_HOST=unix://" + folder.resolve("sock");
  }

  /// Runs a command of `docker`.
  Command.Result docker(String... words) {
    var line = new java.util.ArrayList<>(List.of("docker"));
    line.addAll(List.of(words));
    return new Command(
            line,
            Settings.system().with("DOCKER_HOST", "unix://" + folder.resolve("sock")).variables(),
            null,
            Duration.ofMinutes(2))
        .run();
  }

  @Override
  public void close() {
    // It ends its containerd when it is asked to end.
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
      }
      unmount();
    } catch (InterruptedException | IOException e) {
      throw new AssertionError(e);
    }
  }

  /// It leaves the network's name mounted.
  private void unmount() throws IOException, InterruptedException {
    for (var line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      var place = line.split(" ")[4];
      if (place.startsWith(folder.toRealPath() + "/")) {
        new ProcessBuilder("umount", place).start().waitFor();
      }
    }
  }
}
