package dev.terroir.serving.supervisor;

import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// How a service is, as the file `status.json` of its directory says. Immutable.
///
/// @param state one of the service's words: `Transitioning`, `Healthy`, `Unhealthy`, `Failed`,
///   `Stopped`
/// @param revision the one that answers, 0 for none
/// @param port where it listens, 0 when it does not
/// @param restarts how often the scoring process was started again
/// @param error why it is not healthy, or null
/// @param updateError why a newer revision does not answer, or null
/// @param failedRevision the revision that `updateError` is about, or 0
/// @since 0.1
public record ServiceStatus(
    String state,
    int revision,
    int port,
    int restarts,
    @Nullable String error,
    @Nullable String updateError,
    int failedRevision) {
  private static final String FILE = "status.json";

  /// Whether it can be scored.
  public boolean isHealthy() {
    return state.equals("Healthy");
  }

  /// Whether its supervisor has ended.
  public boolean isOver() {
    return state.equals("Failed") || state.equals("Stopped");
  }

  void write(Path serviceDirectory) {
    var me = ProcessHandle.current().pid();
    AtomicFiles.write(
        serviceDirectory.resolve(FILE),
        JsonWriter.indented(
                JsonObject.builder()
                    .put("state", state)
                    .put("revision", revision)
                    .put("port", port)
                    .put("restarts", restarts)
                    .put("error", error)
                    .put("updateError", updateError)
                    .put("failedRevision", failedRevision)
                    .put("pid", me)
                    .put("startTime", RunSupervisor.startTime(me).orElse(""))
                    .build(),
                2)
            + "\n");
  }

  /// Finds the truth: what the supervisor wrote, unless it has died since.
  public static ServiceStatus inspect(Path serviceDirectory) {
    var file = serviceDirectory.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return new ServiceStatus("Transitioning", 0, 0, 0, null, null, 0);
    }
    var json = JsonReader.readObject(file);
    var status =
        new ServiceStatus(
            json.string("state"),
            (int) json.longValue("revision"),
            (int) json.longValue("port"),
            (int) json.longValue("restarts"),
            json.optionalString("error").orElse(null),
            json.optionalString("updateError").orElse(null),
            json.optionalLong("failedRevision").orElse(0L).intValue());
    if (!status.isOver()
        && !RunSupervisor.isAlive(json.longValue("pid"), json.string("startTime"))) {
      return new ServiceStatus(
          "Failed", 0, 0, status.restarts(), "its supervisor was killed", null, 0);
    }
    return status;
  }
}
