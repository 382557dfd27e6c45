package dev.terroir.serving;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
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
  public JsonObject update(Plan plan, Progress progress) {
    var service = services.update(deployment(plan), progress);
    progress.step("updating the service " + service.name());
    service.waitForDeployment(PATIENCE);
    return service.toJson();
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
