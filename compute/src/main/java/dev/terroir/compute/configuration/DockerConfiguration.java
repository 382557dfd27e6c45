package dev.terroir.compute.configuration;

import dev.terroir.environment.DockerSection;
import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How one run uses a container, whatever its environment says: `DockerConfiguration` of the
/// retired service, the `docker` section of a run configuration. Immutable.
///
/// @param useDocker whether the script runs in a container; one that says no leaves it to the
///   environment, since saved configurations say so unless told otherwise
/// @param sharedVolumes kept for Windows hosts of old
/// @param arguments of `docker run`, in place of those of the environment when there are any
/// @param shmSize size of shared memory such as `2g`, or null for that of the environment
/// @since 0.1
public record DockerConfiguration(
    boolean useDocker, boolean sharedVolumes, List<String> arguments, @Nullable String shmSize) {
  /// What a run has that is told nothing.
  public static final DockerConfiguration NONE =
      new DockerConfiguration(false, true, List.of(), null);

  /// Copies the list.
  public DockerConfiguration {
    arguments = List.copyOf(arguments);
  }

  static DockerConfiguration read(JsonObject json) {
    return new DockerConfiguration(
        json.optionalBoolean("useDocker").orElse(false),
        json.optionalBoolean("sharedVolumes").orElse(true),
        json.strings("arguments"),
        json.optionalString("shmSize").filter(size -> !size.isBlank()).orElse(null));
  }

  /// The arguments of a run in an environment.
  public List<String> arguments(DockerSection environment) {
    return useDocker && !arguments.isEmpty() ? arguments : environment.arguments();
  }

  /// The size of shared memory of a run in an environment, or null for the engine's.
  public @Nullable String shmSize(DockerSection environment) {
    return useDocker && shmSize != null ? shmSize : environment.shmSize();
  }
}
