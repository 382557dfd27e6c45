package dev.terroir.client;

import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.workspace.environments.EnvironmentRegistry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The registered environments of a workspace on a server. Thread-safe.
///
/// @since 0.1
public final class RemoteEnvironments implements EnvironmentRegistry {
  private static final String ENVIRONMENTS = "/environments";

  private final RestClient client;

  RemoteEnvironments(RestClient client) {
    this.client = client;
  }

  @Override
  public Registered register(Environment environment) {
    Validation.checkNewName(environment.name());
    Validation.check(environment);
    var answer = client.post(ENVIRONMENTS, environment.toJson());
    return registered(answer.json(), answer.status() == 201);
  }

  /// A version as the server shows it.
  static Registered registered(JsonObject json, boolean isNew) {
    return new Registered(
        Environment.read(json.object("definition"), _ -> {}),
        json.string("hash"),
        json.string("createdAt"),
        json.optionalBoolean("isAutosaved").orElse(false),
        json.optionalBoolean("isArchived").orElse(false),
        isNew);
  }

  private static String path(String name, @Nullable String version) {
    return ENVIRONMENTS
        + "/"
        + RestClient.part(name)
        + "/versions/"
        + RestClient.part(version == null ? "latest" : version);
  }

  @Override
  public Registered get(String name, @Nullable String version, @Nullable String label) {
    // As in a database, a label goes before a version.
    var path = label == null || label.equals("latest") ? path(name, version) : path(name, null);
    return registered(
        client
            .get(
                label == null || label.equals("latest")
                    ? path
                    : RestClient.query(path, "label", label))
            .json(),
        false);
  }

  @Override
  public Map<String, Registered> list() {
    var result = new TreeMap<String, Registered>();
    for (var item : client.pages(ENVIRONMENTS)) {
      result.put(item.string("name"), registered(item, false));
    }
    return result;
  }

  @Override
  public List<Listed> listStored() {
    return client.pages(ENVIRONMENTS).stream()
        .map(item ->
            new Listed(
                item.string("name"),
                item.string("version"),
                JsonWriter.compact(item.object("definition"))))
        .toList();
  }

  private List<JsonObject> stored(String name) {
    try {
      return client.pages(ENVIRONMENTS + "/" + RestClient.part(name) + "/versions").stream()
          .filter(item -> !item.optionalBoolean("isCurated").orElse(false))
          .toList();
    } catch (TerroirException e) {
      if (e.problem().code().id().equals("environment-not-found")) {
        return List.of();
      }
      throw e;
    }
  }

  @Override
  public List<Registered> versions(String name) {
    return stored(name).stream().map(item -> registered(item, false)).toList();
  }

  @Override
  public void archive(String name, @Nullable String version, boolean archived) {
    var change = JsonObject.builder().put("archived", archived).build();
    var all = version == null ? stored(name) : List.<JsonObject>of();
    if (all.isEmpty()) {
      client.patch(path(name, version), change, null);
    }
    for (var item : all) {
      client.patch(path(name, item.string("version")), change, null);
    }
  }

  @Override
  public void label(String name, String version, List<String> labels) {
    client.patch(path(name, version), JsonObject.builder().put("labels", labels).build(), null);
  }

  @Override
  public List<String> labels(String name, String version) {
    return client.get(path(name, version)).json().strings("labels");
  }
}
