package dev.terroir.compute.configuration;

import dev.terroir.compute.ComputeCode;
import dev.terroir.compute.ComputeException;
import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A run configuration as the retired service keeps it in `.azureml/NAME.runconfig`. Immutable;
/// keys that a run on this machine does not need are kept in `source`.
///
/// @param script path below the source directory, or null
/// @param arguments of the script
/// @param target name of the compute target; `local` for this machine
/// @param framework such as `Python`
/// @param environment the definition inside it, or null
/// @param environmentVariables of this run, over those of the environment
/// @param maxDuration how long the script may take
/// @param outputCollection whether outputs and logs are kept
/// @param snapshotProject whether the source directory is kept
/// @param docker how the run uses a container
/// @param source the document as read
/// @since 0.1
public record RunConfiguration(
    @Nullable String script,
    List<String> arguments,
    String target,
    String framework,
    @Nullable Environment environment,
    Map<String, String> environmentVariables,
    Duration maxDuration,
    boolean outputCollection,
    boolean snapshotProject,
    DockerConfiguration docker,
    JsonObject source) {
  /// How long a script may take unless a configuration says otherwise: 30 days.
  public static final Duration DEFAULT_DURATION = Duration.ofSeconds(2_592_000);

  /// Copies the lists.
  public RunConfiguration {
    arguments = List.copyOf(arguments);
    environmentVariables = Collections.unmodifiableMap(new LinkedHashMap<>(environmentVariables));
  }

  /// A configuration with every default.
  public static RunConfiguration defaults() {
    return new RunConfiguration(
        null,
        List.of(),
        "local",
        "Python",
        null,
        Map.of(),
        DEFAULT_DURATION,
        true,
        true,
        DockerConfiguration.NONE,
        JsonObject.EMPTY);
  }

  /// Finds a configuration by name: `NAME` or `NAME.runconfig` in `.azureml` or `aml_config` of a
  /// directory, or a path.
  ///
  /// @throws ComputeException code `run-configuration`, with the places searched
  public static Path find(String name, Path directory) {
    var places = new ArrayList<Path>();
    places.add(directory.resolve(name));
    for (var folder : List.of(".azureml", "aml_config")) {
      places.add(directory.resolve(folder).resolve(name + ".runconfig"));
      places.add(directory.resolve(folder).resolve(name));
    }
    places.add(directory.resolve(name + ".runconfig"));
    return places.stream()
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(() -> {
          var problem =
              Problem.of(
                  ComputeCode.RUN_CONFIGURATION, "no run configuration `" + name + "` is there");
          for (var place : places) {
            problem = problem.at(Place.file(place));
          }
          return new ComputeException(problem.hint("give the path of a .runconfig file"));
        });
  }

  /// Reads a configuration, YAML or JSON.
  ///
  /// @param project what a conda file's path is relative to
  /// @param warnings receives a sentence for everything odd
  public static RunConfiguration read(Path file, Path project, Consumer<String> warnings) {
    var json =
        file.toString().endsWith(".json")
            ? JsonReader.readObject(file)
            : YamlReader.readObject(file);
    return read(json, project, warnings);
  }

  /// Reads a configuration that was sent. No file of this machine is looked for and nothing is
  /// fetched, whatever it names; an environment that needs its conda file is left out.
  public static RunConfiguration sent(JsonObject json) {
    return read(json, null, _ -> {});
  }

  private static RunConfiguration read(
      JsonObject json, @Nullable Path project, Consumer<String> warnings) {
    // The first generation of the file wrapped the document in its name and used other keys.
    var first = isFirst(json);
    var arguments = arguments(json, first ? "ArgumentVector" : "arguments");
    var script = json.optionalString("script").filter(text -> !text.isBlank()).orElse(null);
    var history = json.optionalObject("history").orElse(JsonObject.EMPTY);
    var seconds = json.optionalLong("maxRunDurationSeconds").orElse(0L);
    return new RunConfiguration(
        script,
        first ? arguments.stream().filter(text -> !text.equals("$file")).toList() : arguments,
        json.optionalString(first ? "Target" : "target").orElse("local"),
        json.optionalString(first ? "Framework" : "framework").orElse("Python"),
        environment(json, first, project, warnings).orElse(null),
        json.stringMap(first ? "EnvironmentVariables" : "environmentVariables"),
        seconds > 0 ? Duration.ofSeconds(seconds) : DEFAULT_DURATION,
        history.optionalBoolean("outputCollection").orElse(true),
        history.optionalBoolean("snapshotProject").orElse(true),
        json.optionalObject("docker")
            .map(DockerConfiguration::read)
            .orElse(DockerConfiguration.NONE),
        json);
  }

  /// The conda file that the packages of its environment are in, when they are not in itself.
  public Optional<String> condaFile() {
    if (isFirst(source)) {
      return source.optionalString("CondaDependenciesFile");
    }
    return source
        .optionalObject("environment")
        .map(section -> Environment.read(section, _ -> {}))
        .filter(RunConfiguration::lacksPackages)
        .flatMap(environment -> Optional.ofNullable(environment.python().condaDependenciesFile()));
  }

  private static boolean lacksPackages(Environment environment) {
    return environment.condaDependencies().isEmpty()
        && !environment.python().userManagedDependencies();
  }

  private static boolean isFirst(JsonObject json) {
    return json.has("ArgumentVector") || json.has("Target");
  }

  /// A command line for the shell in place of a script, or null.
  public @Nullable String command() {
    var value = source.get("command").orElse(JsonValue.NULL);
    var words =
        value instanceof JsonValue.JsonArray ? source.strings("command") : List.<String>of();
    var text =
        value instanceof JsonValue.JsonString(var line) ? line.strip() : String.join(" ", words);
    return text.isEmpty() ? null : text;
  }

  private static List<String> arguments(JsonObject json, String key) {
    if (json.get(key).orElse(null) instanceof JsonValue.JsonString(var line)) {
      return line.isBlank() ? List.of() : List.of(line.strip().split("\\s+"));
    }
    var arguments = new ArrayList<String>();
    for (var element : json.array(key)) {
      arguments.add(
          switch (element) {
            case JsonValue.JsonString(var text) -> text;
            case JsonValue.JsonNumber(var text) -> text;
            case JsonValue.JsonBoolean(var flag) -> Boolean.toString(flag);
            case JsonValue.JsonNull _, JsonValue.JsonArray _, JsonObject _ ->
                throw new ComputeException(
                    Problem.of(
                            ComputeCode.RUN_CONFIGURATION, "an argument must be text or a number")
                        .at(json.place(key)));
          });
    }
    return arguments;
  }

  private static Optional<Environment> environment(
      JsonObject json, boolean first, @Nullable Path project, Consumer<String> warnings) {
    if (first) {
      if (project == null) {
        return Optional.empty();
      }
      var conda = json.optionalString("CondaDependenciesFile").map(project::resolve);
      if (conda.isPresent() && !Files.isRegularFile(conda.get())) {
        warnings.accept("the conda file " + conda.get() + " is not there");
        return Optional.empty();
      }
      return conda.map(file -> Environment.fromCondaSpecification("runconfig", file, warnings));
    }
    var section = json.optionalObject("environment");
    if (section.isEmpty()) {
      return Optional.empty();
    }
    var environment = Environment.read(section.get(), warnings);
    if (environment.name().isEmpty()) {
      environment = environment.copyAs("runconfig");
    }
    var file = environment.python().condaDependenciesFile();
    if (lacksPackages(environment)) {
      if (file == null) {
        environment = environment.withCondaDependencies(CondaDependencies.defaults());
      } else if (project == null) {
        return Optional.empty();
      } else if (Files.isRegularFile(project.resolve(file))) {
        environment =
            environment.withCondaDependencies(CondaDependencies.read(project.resolve(file)));
      } else {
        warnings.accept("the conda file " + project.resolve(file) + " is not there");
      }
    }
    return Optional.of(environment);
  }
}
