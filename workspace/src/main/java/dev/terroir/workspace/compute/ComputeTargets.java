package dev.terroir.workspace.compute;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The compute targets of a workspace, on this machine ([DatabaseComputeTargets]) or on a server
/// (module `client`): `local` and `docker`, and pools of the workspace's machine by other names.
/// Thread-safe.
///
/// @since 0.1
public interface ComputeTargets {
  /// The workspace's machine.
  String LOCAL = "local";

  /// The same, in a container.
  String DOCKER = "docker";

  /// A compute target.
  ///
  /// @param type such as `AmlCompute`
  /// @param vmSize what it was said to be made of; nothing follows from it
  /// @param maxNodes how many runs it has at once, or null for any number
  record ComputeTarget(
      String name,
      String type,
      @Nullable String vmSize,
      @Nullable Long minNodes,
      @Nullable Long maxNodes) {
    /// As lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("name", name)
          .put("type", type)
          .put("provisioningState", "Succeeded")
          .put("vmSize", vmSize)
          .put("minNodes", number(minNodes))
          .put("maxNodes", number(maxNodes))
          .build();
    }

    private static JsonValue number(@Nullable Long value) {
      return value == null ? JsonValue.NULL : JsonValue.of(value);
    }
  }

  /// All of them, by name.
  List<ComputeTarget> list();

  /// A target.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException code `compute-target-not-found`
  ComputeTarget get(String name);

  /// A target, if it is there.
  default Optional<ComputeTarget> find(String name) {
    return list().stream().filter(target -> target.name().equals(name)).findFirst();
  }

  /// Names a pool, or changes one, as `ComputeTarget.create` of the retired service.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException code `invalid-name` or
  ///   `compute-target-refused`
  ComputeTarget put(
      String name,
      String type,
      @Nullable String vmSize,
      @Nullable Long minNodes,
      @Nullable Long maxNodes);

  /// Changes how many nodes a pool has, as `AmlCompute.update` of the retired service.
  ///
  /// @param minNodes or null to leave it
  /// @param maxNodes or null to leave it
  default ComputeTarget update(String name, @Nullable Long minNodes, @Nullable Long maxNodes) {
    var before = get(name);
    return put(
        name,
        before.type(),
        before.vmSize(),
        minNodes == null ? before.minNodes() : minNodes,
        maxNodes == null ? before.maxNodes() : maxNodes);
  }

  /// Forgets a pool; runs that are there go on.
  void delete(String name);
}
