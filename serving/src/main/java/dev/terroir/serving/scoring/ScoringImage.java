package dev.terroir.serving.scoring;

import dev.terroir.foundation.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the containers of a service are made of. Immutable.
///
/// @param image what the engine calls it
/// @param cpus how many processors, 0 for all
/// @param memoryBytes how much memory, 0 for all
/// @param shmSize size of shared memory, or null
/// @param arguments more arguments of the engine's `run`
/// @since 0.1
public record ScoringImage(
    String image, double cpus, long memoryBytes, @Nullable String shmSize, List<String> arguments) {
  /// Copies the list.
  public ScoringImage {
    arguments = List.copyOf(arguments);
  }

  /// As a service's file has it.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("image", image)
        .put("cpus", String.valueOf(cpus))
        .put("memoryBytes", memoryBytes)
        .put("shmSize", shmSize)
        .put("arguments", arguments)
        .build();
  }

  /// From a service's file.
  public static ScoringImage of(JsonObject json) {
    return new ScoringImage(
        json.string("image"),
        Double.parseDouble(json.string("cpus")),
        json.longValue("memoryBytes"),
        json.optionalString("shmSize").orElse(null),
        json.strings("arguments"));
  }
}
