package dev.terroir.client;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.ScoringServices;
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
  public JsonObject update(Change change, Progress progress) {
    get(change.name());
    var accepted = client.patch(path(change.name()), patch(change, progress), null);
    return new RemoteJob(client, accepted.json()).await(progress::line);
  }

  private JsonObject patch(Change change, Progress progress) {
    var inference = JsonObject.builder();
    var script = change.entryScript();
    if (script != null) {
      inference.put("entryScript", script);
    }
    var source = change.sourceDirectory();
    if (source != null) {
      inference.put(
          "snapshot", new Contents(client).snapshot(source, Snapshot.Limits.DEFAULT, progress));
    }
    var environment = change.environment();
    if (environment != null) {
      inference.put(
          "environment", JsonObject.builder().put("definition", environment.toJson()).build());
    }
    var patch = JsonObject.builder();
    var models = change.models();
    if (models != null) {
      patch.put("models", models);
    }
    return patch.put("inference", inference.build()).put("deployment", change.settings()).build();
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
        .put("deployment", plan.configuration().toJson());
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
