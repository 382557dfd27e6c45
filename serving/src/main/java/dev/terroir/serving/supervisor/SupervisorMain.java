package dev.terroir.serving.supervisor;

import dev.terroir.foundation.web.ServedConnections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// The program of a detached service: supervises the directory that is its only argument.
///
/// @since 0.1
public final class SupervisorMain {
  private SupervisorMain() {}

  /// Runs until the service is stopped or the process is asked to end.
  public static void main(String[] arguments) {
    ServedConnections.limit();
    var stopping = new AtomicBoolean();
    var main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(() -> {
              stopping.set(true);
              try {
                main.join(10_000);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }));
    ServiceSupervisor.run(Path.of(arguments[0]), stopping::get);
  }

  /// Starts that program in a session of its own.
  public static void start(Path serviceDirectory) {
    var command = new ArrayList<String>();
    command.add("setsid");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            SupervisorMain.class.getName(),
            serviceDirectory.toAbsolutePath().normalize().toString()));
    try {
      // Whoever has deleted the service meanwhile must not find its directory again.
      if (!Files.isDirectory(serviceDirectory.resolve("logs"))) {
        Files.createDirectory(serviceDirectory.resolve("logs"));
      }
      var builder = new ProcessBuilder(command);
      // By this the process is found, too, when it is stopped before it has said that it lives.
      builder
          .environment()
          .put(ServiceSupervisor.MARKER, ServiceSupervisor.markerOf(serviceDirectory));
      builder
          .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
          .redirectErrorStream(true)
          .redirectOutput(serviceDirectory.resolve("logs").resolve("supervisor.log").toFile())
          .start();
    } catch (IOException e) {
      throw dev.terroir.foundation.FoundationException.ofFile(
          "the service cannot be started", serviceDirectory, e);
    }
  }
}
