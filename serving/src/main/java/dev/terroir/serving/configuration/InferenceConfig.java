package dev.terroir.serving.configuration;

import dev.terroir.environment.Environment;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What answers a scoring request. Immutable.
///
/// @param entryScript path below the source directory
/// @param sourceDirectory whose files the script needs
/// @param environment the definition, or null when it is named elsewhere
/// @since 0.1
public record InferenceConfig(
    String entryScript, Path sourceDirectory, @Nullable Environment environment) {

  /// Reads an inference configuration; its paths are relative to a project.
  ///
  /// @param warnings receives a sentence for everything odd
  public static InferenceConfig read(Path file, Path project, Consumer<String> warnings) {
    var json = document(file);
    var source = json.optionalString("sourceDirectory").map(project::resolve).orElse(project);
    var conda = json.optionalString("condaFile").map(project::resolve);
    var environment =
        json.optionalObject("environment").map(section -> Environment.read(section, warnings));
    if (environment.isEmpty() && conda.isPresent() && Files.isRegularFile(conda.get())) {
      environment = conda.map(path -> Environment.fromCondaSpecification("inference", path));
    }
    return new InferenceConfig(
        json.optionalString("entryScript")
            .orElseThrow(() ->
                new ServingException(
                    Problem.of(
                            ServingCode.DEPLOYMENT_CONFIGURATION,
                            "an inference configuration names its `entryScript`")
                        .at(Place.file(file)))),
        source,
        environment
            .map(found -> found.name().isEmpty() ? found.copyAs("inference") : found)
            .orElse(null));
  }

  static JsonObject document(Path file) {
    var name = file.toString();
    return name.endsWith(".yml") || name.endsWith(".yaml")
        ? YamlReader.readObject(file)
        : JsonReader.readObject(file);
  }
}
