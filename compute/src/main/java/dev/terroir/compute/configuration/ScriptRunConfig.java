package dev.terroir.compute.configuration;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is submitted: a script with everything it needs. Immutable.
///
/// @param sourceDirectory whose files a run gets
/// @param script path below it; not looked at when there is a command
/// @param arguments of the script
/// @param environment what it runs in, or null for the default
/// @param environmentVariables of this run, over those of the environment
/// @param target `local`, or `docker` for a container of this machine
/// @param maxDuration how long the script may take
/// @param tags words for the run
/// @param outputCollection whether outputs and logs are kept
/// @param snapshotProject whether the source directory is kept
/// @param docker how the run uses a container
/// @param limits how large the source directory may be
/// @param command a command line for the shell in place of the script, or null
/// @param definition the run configuration that it comes from, with what is said about data
/// @since 0.1
public record ScriptRunConfig(
    Path sourceDirectory,
    String script,
    List<String> arguments,
    @Nullable Environment environment,
    Map<String, String> environmentVariables,
    String target,
    Duration maxDuration,
    Map<String, String> tags,
    boolean outputCollection,
    boolean snapshotProject,
    DockerConfiguration docker,
    Snapshot.Limits limits,
    @Nullable String command,
    JsonObject definition) {

  /// Copies lists and maps.
  public ScriptRunConfig {
    arguments = List.copyOf(arguments);
    environmentVariables = Collections.unmodifiableMap(new LinkedHashMap<>(environmentVariables));
    tags = Collections.unmodifiableMap(new LinkedHashMap<>(tags));
  }

  /// A script with every default.
  public static ScriptRunConfig of(
      Path sourceDirectory,
      String script,
      List<String> arguments,
      @Nullable Environment environment) {
    return new ScriptRunConfig(
        sourceDirectory,
        script,
        arguments,
        environment,
        Map.of(),
        "local",
        RunConfiguration.DEFAULT_DURATION,
        Map.of(),
        true,
        true,
        DockerConfiguration.NONE,
        Snapshot.Limits.DEFAULT,
        null,
        JsonObject.EMPTY);
  }

  /// The same with what a run configuration says beside script and environment.
  public ScriptRunConfig with(RunConfiguration configuration) {
    return new ScriptRunConfig(
        sourceDirectory,
        script,
        arguments.isEmpty() ? configuration.arguments() : arguments,
        environment == null ? configuration.environment() : environment,
        configuration.environmentVariables(),
        configuration.target(),
        configuration.maxDuration(),
        tags,
        configuration.outputCollection(),
        configuration.snapshotProject(),
        configuration.docker(),
        limits,
        configuration.command(),
        configuration.source());
  }

  /// The same with another time limit.
  public ScriptRunConfig withMaxDuration(Duration duration) {
    return new ScriptRunConfig(
        sourceDirectory,
        script,
        arguments,
        environment,
        environmentVariables,
        target,
        duration,
        tags,
        outputCollection,
        snapshotProject,
        docker,
        limits,
        command,
        definition);
  }

  /// The same with tags.
  public ScriptRunConfig withTags(Map<String, String> newTags) {
    return new ScriptRunConfig(
        sourceDirectory,
        script,
        arguments,
        environment,
        environmentVariables,
        target,
        maxDuration,
        newTags,
        outputCollection,
        snapshotProject,
        docker,
        limits,
        command,
        definition);
  }

  /// The same with another use of containers.
  public ScriptRunConfig withDocker(DockerConfiguration configuration) {
    return new ScriptRunConfig(
        sourceDirectory,
        script,
        arguments,
        environment,
        environmentVariables,
        target,
        maxDuration,
        tags,
        outputCollection,
        snapshotProject,
        configuration,
        limits,
        command,
        definition);
  }
}
