package dev.terroir.server.services;

import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerContext;
import dev.terroir.server.environments.EnvironmentChoice;
import dev.terroir.server.work.JobCredentials;
import dev.terroir.serving.LocalServices;
import dev.terroir.serving.ScoringServices;
import dev.terroir.serving.Service;
import dev.terroir.serving.Services;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
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
                ? services.update(updated(input, folder), progress)
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
            new InferenceConfig(
                inference.string("entryScript"), source(inference, folder).orElseThrow(), null),
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

  private Services.Deployment updated(JsonObject input, Path folder) {
    var inference = input.optionalObject("inference").orElse(JsonObject.EMPTY);
    return new LocalServices(workspace())
        .deployment(
            new ScoringServices.Change(
                input.string("name"),
                input.has("models") ? input.strings("models") : null,
                inference.optionalString("entryScript").orElse(null),
                source(inference, folder).orElse(null),
                environment(inference).orElse(null),
                input.optionalObject("deployment").orElse(JsonObject.EMPTY)),
            folder);
  }

  private LocalWorkspace workspace() {
    return context.workspace();
  }

  private List<Model> models(List<String> ids) {
    return ids.stream().map(id -> workspace().models().parse(id)).toList();
  }

  private Optional<Path> source(JsonObject inference, Path folder) {
    return inference
        .optionalString("snapshot")
        .map(id -> {
          var source = folder.resolve("snapshot");
          Snapshot.restore(
              workspace().directory().resolve("snapshots"),
              id.replaceFirst("^sha256:", ""),
              source);
          return source;
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
