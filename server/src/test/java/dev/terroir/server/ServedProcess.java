package dev.terroir.server;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.http.Answer;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;

/// A server in a process of its own, so that it can be killed; takes the folder of the test. Its
/// jobs `patient` and `hasty` last until the file `go` is there; only the first may be begun again.
final class ServedProcess {
  private ServedProcess() {}

  public static void main(String[] arguments) throws Exception {
    var folder = Path.of(arguments[0]);
    var settings = Served.settings(folder);
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT);
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
      if (arguments.length > 1) {
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
