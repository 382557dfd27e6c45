package dev.terroir.workspace.config;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The config.json of a project, which says which workspace it works in. Immutable.
///
/// @param file where it lies
/// @param workspaceName the workspace's name
/// @param directory the workspace's directory when Terroir wrote the file, or null
/// @param endpoint the address of the server that has the workspace, or null for one of this
///   machine
/// @since 0.1
public record WorkspaceConfig(
    Path file, String workspaceName, @Nullable Path directory, @Nullable String endpoint) {

  /// Finds it: in a directory, its `.azureml` and `aml_config`, then in the directories above.
  ///
  /// @param start a directory, or the file itself
  /// @throws WorkspaceException code `config-not-found`, with every place that was searched
  public static WorkspaceConfig find(Path start) {
    return search(start)
        .orElseThrow(() -> {
          var problem =
              Problem.of(
                  WorkspaceCode.CONFIG_NOT_FOUND,
                  "config.json could not be found in " + start + " or its parent directories");
          for (var place : places(start)) {
            problem = problem.at(Place.file(place));
          }
          return new WorkspaceException(
              problem.hint(
                  "make one with `terroir workspace create -n NAME`, or name the workspace with"
                      + " `--workspace DIR`"));
        });
  }

  /// The same; empty when there is none.
  public static Optional<WorkspaceConfig> search(Path start) {
    return places(start).stream()
        .filter(Files::isRegularFile)
        .findFirst()
        .map(WorkspaceConfig::read);
  }

  private static List<Path> places(Path start) {
    var absolute = start.toAbsolutePath().normalize();
    if (Files.isRegularFile(absolute)) {
      return List.of(absolute);
    }
    var places = new ArrayList<Path>();
    for (@Nullable Path directory = absolute;
        directory != null;
        directory = directory.getParent()) {
      places.add(directory.resolve("config.json"));
      places.add(directory.resolve(".azureml").resolve("config.json"));
      places.add(directory.resolve("aml_config").resolve("config.json"));
    }
    return places;
  }

  /// Reads one; `workspace_name` must be there unless a server knows the name, other keys are kept
  /// by their owners.
  public static WorkspaceConfig read(Path file) {
    var json = JsonReader.readObject(file);
    return new WorkspaceConfig(
        file,
        json.has("endpoint")
            ? json.optionalString("workspace_name").orElse("")
            : json.string("workspace_name"),
        json.optionalString("terroir_workspace").map(Path::of).orElse(null),
        json.optionalString("endpoint").filter(text -> !text.isBlank()).orElse(null));
  }

  /// Writes `.azureml/config.json` below a directory, as `Workspace.write_config` does.
  public static Path write(Path directory, String workspaceName, Path workspaceDirectory) {
    var file = directory.resolve(".azureml").resolve("config.json");
    AtomicFiles.write(
        file,
        JsonWriter.indented(
                JsonObject.builder()
                    .put("subscription_id", "local")
                    .put("resource_group", "local")
                    .put("workspace_name", workspaceName)
                    .put("terroir_workspace", workspaceDirectory.toString())
                    .build(),
                4)
            + "\n");
    return file;
  }
}
