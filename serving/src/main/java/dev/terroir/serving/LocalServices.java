package dev.terroir.serving;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import dev.terroir.serving.supervisor.ServiceDefinition;
import dev.terroir.workspace.LocalWorkspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// The scoring services of a workspace on this machine. Thread-safe.
///
/// @since 0.1
public final class LocalServices implements ScoringServices {
  private static final Duration PATIENCE = Duration.ofMinutes(6);

  private final LocalWorkspace workspace;
  private final Services services;

  /// @param workspace theirs
  public LocalServices(LocalWorkspace workspace) {
    this.workspace = workspace;
    this.services = new Services(workspace);
  }

  /// A plan with its models found.
  public Services.Deployment deployment(Plan plan) {
    return new Services.Deployment(
        plan.name(),
        plan.models().stream().map(id -> workspace.models().parse(id)).toList(),
        plan.inference(),
        plan.environment(),
        plan.configuration());
  }

  /// A change with what stays of the service.
  ///
  /// @param folder of this machine, empty, for what stays of its files
  public Services.Deployment deployment(Change change, Path folder) {
    var service = services.get(change.name());
    var former = service.definition();
    var formerSource = ServiceDefinition.sources(service.directory(), former.revision());
    var models = change.models();
    var script = change.entryScript();
    var source = change.sourceDirectory();
    var environment = change.environment();
    if (source == null) {
      source = folder.resolve("source");
      Trees.copy(formerSource, source);
    }
    // Versions may have colons: those of environments that nobody registered are times.
    var colon = former.environment().indexOf(':');
    return new Services.Deployment(
        service.name(),
        (models == null ? former.models() : models)
            .stream().map(id -> workspace.models().parse(id)).toList(),
        new InferenceConfig(
            script == null ? formerSource.relativize(former.entryScript()).toString() : script,
            source,
            null),
        environment != null
            ? environment
            : workspace
                .environments()
                .get(
                    former.environment().substring(0, colon),
                    former.environment().substring(colon + 1),
                    null)
                .environment(),
        DeploymentConfig.read(
            JsonObject.builder()
                .put("port", former.port())
                .put("authEnabled", former.authEnabled())
                .put("tags", JsonValue.ofStrings(former.tags()))
                .put("properties", JsonValue.ofStrings(former.properties()))
                .put("description", former.description())
                .putAll(change.settings())
                .build(),
            _ -> {}));
  }

  /// Services as they are told to be.
  public Services services() {
    return services;
  }

  @Override
  public JsonObject deploy(Plan plan, boolean overwrite, Progress progress) {
    var service = services.deploy(deployment(plan), overwrite, progress);
    service.startDetached();
    progress.step("starting the service " + service.name());
    service.waitForDeployment(PATIENCE);
    return service.toJson();
  }

  @Override
  public JsonObject update(Change change, Progress progress) {
    Path folder;
    try {
      folder = Files.createTempDirectory("terroir-service");
    } catch (IOException e) {
      throw FoundationException.ofFile("the service cannot be updated", workspace.directory(), e);
    }
    try {
      var service = services.update(deployment(change, folder), progress);
      progress.step("updating the service " + service.name());
      service.waitForDeployment(PATIENCE);
      return service.toJson();
    } finally {
      Trees.delete(folder);
    }
  }

  @Override
  public List<JsonObject> list() {
    return services.list().stream().map(Service::toJson).toList();
  }

  @Override
  public JsonObject get(String name) {
    return services.get(name).toJson();
  }

  @Override
  public String score(String name, String data) {
    return services.get(name).score(data);
  }

  @Override
  public List<String> logs(String name, int lines) {
    return services.get(name).logs(lines);
  }

  @Override
  public List<String> keys(String name) {
    return services.get(name).keys();
  }

  @Override
  public void delete(String name) {
    services.delete(services.get(name));
  }

  @Override
  public List<String> usersOf(String environment, String version) {
    return services.usersOf(environment, version);
  }
}
