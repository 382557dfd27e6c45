package dev.terroir.server.services;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerContext;
import dev.terroir.server.environments.EnvironmentChoice;
import dev.terroir.server.work.JobCredentials;
import dev.terroir.serving.Service;
import dev.terroir.serving.Services;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import dev.terroir.serving.supervisor.ServiceDefinition;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.models.ModelRegistry.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Does what a job of kind `deploy` is asked. It may be done again when a server has died on the
/// way: what was deployed is replaced by the same.
final class Deployments {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private final ServerContext context;
  private final JobCredentials credentials;

  Deployments(ServerContext context) {
    this.context = context;
    this.credentials = new JobCredentials(context);
  }

  /// The work of the job.
  ///
  /// @param input as sent, with the service's name, and `isUpdate`
  JsonObject run(JsonObject input, Progress progress) {
    try (var work = credentials.open(progress)) {
      var services = new Services(work.workspace());
      Files.createDirectories(context.directory());
      var folder = Files.createTempDirectory(context.directory(), ".deploy-");
      try {
        var service =
            input.optionalBoolean("isUpdate").orElse(false)
                ? services.update(updated(input, services, folder), progress)
                : deployed(input, services, folder, progress);
        progress.step("waiting until " + service.name() + " answers");
        service.waitForDeployment(PATIENCE);
        return service.toJson();
      } finally {
        Trees.delete(folder);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the service cannot be made", context.directory(), e);
    }
  }

  private Service deployed(JsonObject input, Services services, Path folder, Progress progress) {
    var inference = input.object("inference");
    var deployment =
        new Services.Deployment(
            input.string("name"),
            models(input.strings("models")),
            inference(inference, folder).orElseThrow(),
            environment(inference)
                .orElseGet(() ->
                    Environment.of(
                        input.string("name") + "-environment",
                        dev.terroir.environment.conda.CondaDependencies.defaults())),
            configuration(input.optionalObject("deployment").orElse(JsonObject.EMPTY)));
    // Whether it may be replaced was judged before the job, which may be begun again.
    var service = services.deploy(deployment, true, progress);
    service.startDetached();
    return service;
  }

  private Services.Deployment updated(JsonObject input, Services services, Path folder) {
    var service = services.get(input.string("name"));
    var former = service.definition();
    var inference = input.optionalObject("inference").orElse(JsonObject.EMPTY);
    var source = ServiceDefinition.sources(service.directory(), former.revision());
    // Versions may have colons: those of environments that nobody registered are times.
    var colon = former.environment().indexOf(':');
    var settings = input.optionalObject("deployment").orElse(JsonObject.EMPTY);
    return new Services.Deployment(
        service.name(),
        models(input.has("models") ? input.strings("models") : former.models()),
        inference(inference, folder)
            .orElseGet(() ->
                new InferenceConfig(
                    inference
                        .optionalString("entryScript")
                        .orElse(source.relativize(former.entryScript()).toString()),
                    copy(source, folder.resolve("source")),
                    null)),
        environment(inference)
            .orElseGet(() ->
                workspace()
                    .environments()
                    .get(
                        former.environment().substring(0, colon),
                        former.environment().substring(colon + 1),
                        null)
                    .environment()),
        configuration(merged(former, settings)));
  }

  /// What a patch does not name stays.
  private static JsonObject merged(ServiceDefinition former, JsonObject patch) {
    return JsonObject.builder()
        .put("port", former.port())
        .put("authEnabled", former.authEnabled())
        .put("tags", JsonValue.ofStrings(former.tags()))
        .put("properties", JsonValue.ofStrings(former.properties()))
        .put("description", former.description())
        .putAll(patch)
        .build();
  }

  private static Path copy(Path from, Path to) {
    Trees.copy(from, to);
    return to;
  }

  private LocalWorkspace workspace() {
    return context.workspace();
  }

  private List<Model> models(List<String> ids) {
    return ids.stream().map(id -> workspace().models().parse(id)).toList();
  }

  private Optional<InferenceConfig> inference(JsonObject json, Path folder) {
    return json.optionalString("snapshot")
        .map(id -> {
          var source = folder.resolve("snapshot");
          Snapshot.restore(
              workspace().directory().resolve("snapshots"),
              id.replaceFirst("^sha256:", ""),
              source);
          return new InferenceConfig(json.string("entryScript"), source, null);
        });
  }

  private Optional<Environment> environment(JsonObject inference) {
    return inference
        .optionalObject("environment")
        .map(choice -> EnvironmentChoice.read(choice, workspace()));
  }

  static DeploymentConfig configuration(JsonObject json) {
    return DeploymentConfig.read(json, _ -> {});
  }
}
