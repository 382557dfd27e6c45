package dev.terroir.serving.configuration;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What answers a scoring request. Immutable.
///
/// @param entryScript path below the source directory
/// @param sourceDirectory whose files the script needs
/// @param environment the definition, or null when it is named elsewhere
/// @since 0.1
public record InferenceConfig(
    String entryScript, Path sourceDirectory, @Nullable Environment environment) {

  /// Reads an inference configuration. The source directory is relative to a project, the conda
  /// file to the source directory, else to the project.
  ///
  /// @param warnings receives a sentence for everything odd, and for what is left aside
  public static InferenceConfig read(Path file, Path project, Consumer<String> warnings) {
    var json = document(file);
    var source = text(json, "sourceDirectory").map(project::resolve).orElse(project);
    var inside = json.optionalObject("environment");
    var environment =
        inside.isPresent()
            ? inside.map(section ->
                withCondaFile(Environment.read(section, warnings), source, project, warnings))
            : ofCondaFile(json, source, project, warnings);
    leftAside(json, file, warnings);
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

  private static Optional<String> text(JsonObject json, String key) {
    return json.optionalString(key).filter(text -> !text.isBlank());
  }

  private static Optional<Path> condaFile(String name, Path source, Path project) {
    return Stream.of(source, project)
        .map(folder -> folder.resolve(name))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /// An environment with the packages of the file that it names, unless it holds its own.
  private static Environment withCondaFile(
      Environment environment, Path source, Path project, Consumer<String> warnings) {
    var python = environment.python();
    var name = python.condaDependenciesFile();
    if (name == null
        || name.isBlank()
        || python.userManagedDependencies()
        || environment.condaDependencies().isPresent()) {
      return environment;
    }
    var found = condaFile(name, source, project);
    if (found.isEmpty()) {
      warnings.accept("the conda file `" + name + "` is not there (`condaDependenciesFile`)");
      return environment;
    }
    var packages = CondaDependencies.read(found.get());
    packages.warnings().forEach(warnings);
    return environment.withCondaDependencies(packages);
  }

  private static Optional<Environment> ofCondaFile(
      JsonObject json, Path source, Path project, Consumer<String> warnings) {
    var name = text(json, "condaFile");
    if (name.isEmpty()) {
      return Optional.empty();
    }
    var found = condaFile(name.get(), source, project);
    if (found.isEmpty()) {
      warnings.accept(
          "the conda file `"
              + name.get()
              + "` is not there ("
              + json.place("condaFile").text()
              + ")");
      return Optional.empty();
    }
    var environment = Environment.fromCondaSpecification("inference", found.get(), warnings);
    if (text(json, "baseImage").isEmpty()) {
      return Optional.of(environment);
    }
    var docker = JsonObject.builder();
    for (var key : List.of("baseImage", "baseImageRegistry")) {
      json.get(key).ifPresent(value -> docker.put(key, value));
    }
    var onBase = JsonObject.builder().put("docker", docker.build()).build();
    return Optional.of(environment.withDocker(Environment.read(onBase, warnings).docker()));
  }

  // Keys of the format that mean nothing to a service of this machine.
  private static void leftAside(JsonObject json, Path file, Consumer<String> warnings) {
    if (json.optionalObject("environment").isPresent()) {
      var older =
          Stream.of("condaFile", "baseImage").filter(key -> text(json, key).isPresent()).toList();
      if (!older.isEmpty()) {
        warnings.accept(
            "`"
                + String.join("` and `", older)
                + (older.size() == 1 ? "` is" : "` are")
                + " left aside, because the configuration holds an `environment` ("
                + file
                + ")");
      }
    }
    text(json, "runtime")
        .filter(runtime -> !runtime.equalsIgnoreCase("python"))
        .ifPresent(runtime ->
            warnings.accept(
                "`runtime` is left aside: a service runs Python, not `" + runtime + "`"));
    if (text(json, "extraDockerfileSteps").isPresent()) {
      warnings.accept(
          "`extraDockerfileSteps` is left aside: put the steps into the Dockerfile of an"
              + " environment");
    }
    if (isTrue(json, "enableGpu") && text(json, "baseImage").isEmpty()) {
      warnings.accept(
          "`enableGpu` is left aside: name a base image with the libraries of the GPU in"
              + " `baseImage`");
    }
  }

  private static boolean isTrue(JsonObject json, String key) {
    return json.get(key).orElse(null) instanceof JsonValue.JsonBoolean(var flag) && flag;
  }

  static JsonObject document(Path file) {
    var name = file.toString();
    return name.endsWith(".yml") || name.endsWith(".yaml")
        ? YamlReader.readObject(file)
        : JsonReader.readObject(file);
  }
}
