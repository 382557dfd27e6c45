package dev.terroir.client;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.ScoringServices;
import dev.terroir.serving.configuration.DeploymentConfig;
import java.util.ArrayDeque;
import java.util.List;

/// The scoring services of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteServices implements ScoringServices {
  private static final String SERVICES = "/services";

  private final RestClient client;

  RemoteServices(RestClient client) {
    this.client = client;
  }

  private static String path(String name) {
    return SERVICES + "/" + RestClient.part(name);
  }

  @Override
  public JsonObject deploy(Plan plan, boolean overwrite, Progress progress) {
    return begin(plan, overwrite, progress).await(progress::line);
  }

  /// Begins to deploy a service that the caller deletes when it ends itself.
  public KeptService keep(Plan plan, boolean overwrite, Progress progress) {
    return new KeptService(this, plan.name(), begin(plan, overwrite, progress));
  }

  private RemoteJob begin(Plan plan, boolean overwrite, Progress progress) {
    var accepted =
        client.post(
            SERVICES,
            body(plan, progress).put("name", plan.name()).put("overwrite", overwrite).build());
    return new RemoteJob(client, accepted.json());
  }

  @Override
  public JsonObject update(Plan plan, Progress progress) {
    get(plan.name());
    var accepted = client.patch(path(plan.name()), body(plan, progress).build(), null);
    return new RemoteJob(client, accepted.json()).await(progress::line);
  }

  private JsonObject.Builder body(Plan plan, Progress progress) {
    var snapshot =
        new Contents(client)
            .snapshot(plan.inference().sourceDirectory(), Snapshot.Limits.DEFAULT, progress);
    return JsonObject.builder()
        .put("models", plan.models())
        .put(
            "inference",
            JsonObject.builder()
                .put("entryScript", plan.inference().entryScript())
                .put("snapshot", snapshot)
                .put(
                    "environment",
                    JsonObject.builder().put("definition", plan.environment().toJson()).build())
                .build())
        .put("deployment", configuration(plan.configuration()));
  }

  /// Its document, with what options of a command changed.
  private static JsonObject configuration(DeploymentConfig configuration) {
    return configuration.source().toBuilder()
        .put("computeType", configuration.computeType())
        .put("port", configuration.port())
        .put("authEnabled", configuration.authEnabled())
        .put("tags", JsonValue.ofStrings(configuration.tags()))
        .put("description", configuration.description())
        .build();
  }

  @Override
  public List<JsonObject> list() {
    return client.get(SERVICES).json().objects("items");
  }

  @Override
  public JsonObject get(String name) {
    return client.get(path(name)).json();
  }

  @Override
  public String score(String name, String data) {
    return client.score(path(name) + "/score", data);
  }

  @Override
  public List<String> logs(String name, int lines) {
    var last = new ArrayDeque<String>();
    new RemoteLog(client, path(name) + "/log")
        .print(line -> {
          last.add(line);
          if (last.size() > lines) {
            last.remove();
          }
        });
    return List.copyOf(last);
  }

  @Override
  public List<String> keys(String name) {
    if (!get(name).optionalBoolean("authEnabled").orElse(true)) {
      return List.of();
    }
    var keys = client.get(path(name) + "/keys").json();
    return List.of(keys.string("primaryKey"), keys.string("secondaryKey"));
  }

  @Override
  public void delete(String name) {
    client.delete(path(name));
  }

  @Override
  public List<String> usersOf(String environment, String version) {
    return list().stream()
        .filter(service ->
            service
                .optionalString("environment")
                .filter((environment + ":" + version)::equals)
                .isPresent())
        .filter(service -> !service.string("state").equals("Failed"))
        .map(service -> service.string("name"))
        .toList();
  }
}
