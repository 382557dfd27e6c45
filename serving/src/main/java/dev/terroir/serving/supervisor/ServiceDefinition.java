package dev.terroir.serving.supervisor;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.serving.scoring.ScoringImage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a service is, as the file `service.json` of its directory says. Immutable.
///
/// @param name the service's name
/// @param revision counted from 1; a new one makes the supervisor swap
/// @param port where it listens on loopback, 0 for any free one
/// @param python the interpreter of its environment
/// @param entryScript absolute path of the script with `init` and `run`
/// @param modelDirectory what `AZUREML_MODEL_DIR` names
/// @param environmentVariables of the environment; the surroundings add their own
/// @param authEnabled whether a key is asked for
/// @param workerCount scoring workers
/// @param startTimeout how long a scoring process may take to answer
/// @param models ids of its models
/// @param environment name and version of its environment
/// @param tags words of its owner
/// @param description of its owner, may be empty
/// @param container what its scoring processes run in, or null for processes of this machine; then
///   `python` is a path inside of the image
/// @param properties words of its owner that are not meant to change
/// @param times when it was made and changed
/// @since 0.1
public record ServiceDefinition(
    String name,
    int revision,
    int port,
    Path python,
    Path entryScript,
    Path modelDirectory,
    Map<String, String> environmentVariables,
    boolean authEnabled,
    int workerCount,
    Duration startTimeout,
    List<String> models,
    String environment,
    Map<String, String> tags,
    String description,
    @Nullable ScoringImage container,
    Map<String, String> properties,
    Times times) {
  /// Its file in the service's directory.
  public static final String FILE = "service.json";

  /// Copies.
  public ServiceDefinition {
    environmentVariables =
        java.util.Collections.unmodifiableMap(new TreeMap<>(environmentVariables));
    tags = java.util.Collections.unmodifiableMap(new TreeMap<>(tags));
    models = List.copyOf(models);
    properties = java.util.Collections.unmodifiableMap(new TreeMap<>(properties));
  }

  /// Where everything that a revision was deployed with lies, its script in or below it.
  ///
  /// @param directory of the service
  public static Path sources(Path directory, int revision) {
    return directory.resolve("revisions").resolve(String.valueOf(revision)).resolve("source");
  }

  /// The same at another address.
  public ServiceDefinition at(int newPort, boolean newAuthEnabled) {
    return new ServiceDefinition(
        name,
        revision,
        newPort,
        python,
        entryScript,
        modelDirectory,
        environmentVariables,
        newAuthEnabled,
        workerCount,
        startTimeout,
        models,
        environment,
        tags,
        description,
        container,
        properties,
        times);
  }

  /// The same, made earlier.
  public ServiceDefinition since(String createdAt) {
    return new ServiceDefinition(
        name,
        revision,
        port,
        python,
        entryScript,
        modelDirectory,
        environmentVariables,
        authEnabled,
        workerCount,
        startTimeout,
        models,
        environment,
        tags,
        description,
        container,
        properties,
        new Times(createdAt, times.updatedAt()));
  }

  /// When a service was made and last changed, in ISO 8601; empty for one of an older program.
  public record Times(String createdAt, String updatedAt) {}

  /// Writes it; the file appears whole and only its owner may read it.
  public void write(Path serviceDirectory) {
    var json = JsonObject.builder();
    var inside = container();
    if (inside != null) {
      json.put("container", inside.toJson());
    }
    AtomicFiles.writePrivate(
        serviceDirectory.resolve(FILE),
        JsonWriter.indented(
                json.put("format", "terroir-service/1")
                    .put("name", name)
                    .put("revision", revision)
                    .put("port", port)
                    .put("python", python.toString())
                    .put("entryScript", entryScript.toString())
                    .put("modelDirectory", modelDirectory.toString())
                    .put("environmentVariables", JsonValue.ofStrings(environmentVariables))
                    .put("authEnabled", authEnabled)
                    .put("workerCount", workerCount)
                    .put("startTimeoutSeconds", startTimeout.toSeconds())
                    .put("models", models)
                    .put("environment", environment)
                    .put("tags", JsonValue.ofStrings(tags))
                    .put("description", description)
                    .put("properties", JsonValue.ofStrings(properties))
                    .put("createdAt", times.createdAt())
                    .put("updatedAt", times.updatedAt())
                    .build(),
                2)
            + "\n");
  }

  /// Reads it.
  public static ServiceDefinition read(Path serviceDirectory) {
    var json = JsonReader.readObject(serviceDirectory.resolve(FILE));
    return new ServiceDefinition(
        json.string("name"),
        (int) json.longValue("revision"),
        (int) json.longValue("port"),
        Path.of(json.string("python")),
        Path.of(json.string("entryScript")),
        Path.of(json.string("modelDirectory")),
        json.stringMap("environmentVariables"),
        json.optionalBoolean("authEnabled").orElse(false),
        (int) json.longValue("workerCount"),
        Duration.ofSeconds(json.longValue("startTimeoutSeconds")),
        json.strings("models"),
        json.string("environment"),
        json.stringMap("tags"),
        json.optionalString("description").orElse(""),
        json.optionalObject("container").map(ScoringImage::of).orElse(null),
        json.stringMap("properties"),
        new Times(
            json.optionalString("createdAt").orElse(""),
            json.optionalString("updatedAt").orElse("")));
  }
}
