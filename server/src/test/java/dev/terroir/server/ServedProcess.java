package dev.terroir.server;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.http.Answer;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A server in a process of its own, so that it can be killed; takes the folder of the test. Its
/// jobs `patient` and `hasty` last until the file `go` is there; only the first may be begun again.
/// Its records are in the database that it is told, if that is one.
final class ServedProcess {
  private ServedProcess() {}

  /// Starts one.
  ///
  /// @param database its address, or empty for SQLite
  /// @param more `jobs` for two jobs of both kinds
  static Process start(Path folder, String database, String... more) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dterroir.launcher=/opt/terroir/bin/terroir",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ServedProcess.class.getName(),
                folder.toString(),
                database));
    command.addAll(List.of(more));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("process.log").toFile()))
        .start();
  }

  /// The server that a process has become.
  static ApiClient await(Path folder, Process process) throws Exception {
    var files = new ServerFiles(folder.resolve("team"));
    while (files.read().isEmpty() || files.read().get().longValue("pid") != process.pid()) {
      if (!process.isAlive()) {
        throw new AssertionError(Files.readString(folder.resolve("process.log")));
      }
      Thread.sleep(20);
    }
    return new ApiClient(files.read().get().string("url"), Files.readString(files.token()).strip());
  }

  public static void main(String[] arguments) throws Exception {
    var folder = Path.of(arguments[0]);
    var database = arguments.length > 1 ? arguments[1] : "";
    var settings = database.isEmpty() ? Served.offline(folder) : TwoServersTest.settings(folder);
    try (var workspace =
            database.isEmpty()
                ? Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT)
                : TwoServersTest.workspace(folder, database);
        var server =
            TerroirServer.start(workspace, ServerOptions.loopback("1.2.3", System.err), settings)) {
      var jobs = server.context().jobs();
      for (var name : new String[] {"patient", "hasty"}) {
        jobs.register(
            new JobKind(
                name,
                name.equals("patient"),
                (input, progress) -> await(folder.resolve("go"), progress)));
      }
      if (arguments.length > 2) {
        for (int i = 0; i < 2; i++) {
          jobs.submit("patient", "p" + i, JsonObject.EMPTY, "test", "r");
          jobs.submit("hasty", "h" + i, JsonObject.EMPTY, "test", "r");
        }
        Files.writeString(folder.resolve("begun"), "");
      }
      server.await();
    }
  }

  static JsonObject await(Path file, Progress progress) {
    progress.step("waiting");
    try {
      while (!Files.exists(file)) {
        Thread.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new dev.terroir.foundation.FoundationException(
          dev.terroir.foundation.problem.Problem.of(
              dev.terroir.foundation.FoundationCode.CANCELED, "it was canceled"));
    }
    progress.line("went");
    return JsonObject.builder().put("answer", Answer.class.getSimpleName()).build();
  }
}
