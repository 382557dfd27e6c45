package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.compute.ComputeTargets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The compute targets of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteComputeTargets implements ComputeTargets {
  private static final String TARGETS = "/computetargets";

  private final RestClient client;

  RemoteComputeTargets(RestClient client) {
    this.client = client;
  }

  private static String path(String name) {
    return TARGETS + "/" + RestClient.part(name);
  }

  private static ComputeTarget target(JsonObject json) {
    return new ComputeTarget(
        json.string("name"),
        json.string("type"),
        json.optionalString("vmSize").orElse(null),
        json.optionalLong("minNodes").orElse(null),
        json.optionalLong("maxNodes").orElse(null));
  }

  @Override
  public List<ComputeTarget> list() {
    return client.get(TARGETS).json().objects("items").stream()
        .map(RemoteComputeTargets::target)
        .toList();
  }

  @Override
  public ComputeTarget get(String name) {
    return target(client.get(path(name)).json());
  }

  @Override
  public ComputeTarget put(
      String name,
      String type,
      @Nullable String vmSize,
      @Nullable Long minNodes,
      @Nullable Long maxNodes) {
    var body = JsonObject.builder().put("type", type);
    if (vmSize != null) {
      body.put("vmSize", vmSize);
    }
    if (minNodes != null) {
      body.put("minNodes", minNodes);
    }
    if (maxNodes != null) {
      body.put("maxNodes", maxNodes);
    }
    return target(client.put(path(name), body.build()).json());
  }

  @Override
  public void delete(String name) {
    client.delete(path(name));
  }
}
