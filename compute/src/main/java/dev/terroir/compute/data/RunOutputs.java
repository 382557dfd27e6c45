package dev.terroir.compute.data;

import dev.terroir.compute.ComputeException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.WorkspaceException;
import java.util.ArrayList;
import java.util.List;

/// Datasets that a run registers when it has completed: `registerOnComplete` of its
/// `dataReferences`, each with a `name`, a `definition`, and perhaps a `description` and `tags`.
///
/// @since 0.1
public final class RunOutputs {
  private static final String REFERENCES = "dataReferences";
  private static final String REGISTER = "registerOnComplete";

  private RunOutputs() {}

  /// What was registered.
  ///
  /// @param datasets as the details of a run name them
  /// @param warnings what could not be registered, and why
  public record Registered(List<JsonValue> datasets, List<String> warnings) {
    /// Copies the lists.
    public Registered {
      datasets = List.copyOf(datasets);
      warnings = List.copyOf(warnings);
    }
  }

  /// Looks at what a run is to register, before it runs.
  ///
  /// @param definition of the run
  /// @throws ComputeException code `run-configuration`
  /// @throws WorkspaceException when a definition is not sound
  public static void check(JsonObject definition, LocalWorkspace workspace) {
    var references = definition.optionalObject(REFERENCES).orElse(JsonObject.EMPTY);
    for (var name : references.members().keySet()) {
      var wanted = references.object(name).optionalObject(REGISTER);
      if (wanted.isPresent()) {
        if (wanted.get().optionalString("name").orElse("").isBlank()) {
          throw RunData.refusal(
              "the output `" + name + "` is registered under no name",
              "write `{\"name\": …, \"definition\": {\"paths\": […]}}` as `registerOnComplete`");
        }
        workspace
            .datasets()
            .check(wanted.get().optionalObject("definition").orElse(JsonObject.EMPTY));
      }
    }
  }

  /// Registers what a run has left; what is registered so already gets no new version.
  ///
  /// @param definition of the run
  public static Registered register(JsonObject definition, LocalWorkspace workspace) {
    var datasets = new ArrayList<JsonValue>();
    var warnings = new ArrayList<String>();
    var references = definition.optionalObject(REFERENCES).orElse(JsonObject.EMPTY);
    for (var name : references.members().keySet()) {
      var wanted = references.object(name).optionalObject(REGISTER);
      if (wanted.isEmpty()) {
        continue;
      }
      try {
        var made =
            workspace
                .datasets()
                .register(
                    wanted.get().string("name"),
                    wanted.get().object("definition"),
                    wanted.get().optionalString("description").orElse(null),
                    wanted.get().stringMap("tags"),
                    true);
        datasets.add(
            JsonObject.builder()
                .put("identifier", JsonObject.builder().put("savedId", made.id()).build())
                .put("outputType", "RunOutput")
                .put("outputDetails", JsonObject.builder().put("outputName", name).build())
                .build());
      } catch (TerroirException e) {
        // Whatever it is, the run has completed.
        warnings.add("the output `" + name + "` is not registered: " + e.problem().what());
      }
    }
    return new Registered(datasets, warnings);
  }
}
