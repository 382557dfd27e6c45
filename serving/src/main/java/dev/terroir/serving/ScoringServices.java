package dev.terroir.serving;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The scoring services of a workspace, on this machine or on a server (module `client`).
/// Thread-safe.
///
/// @since 0.1
public interface ScoringServices {
  /// What is to be deployed.
  ///
  /// @param name of the service
  /// @param models `NAME:VERSION`, the first being the one that `AZUREML_MODEL_DIR` names
  /// @param inference script and its directory on this machine
  /// @param environment what it runs in
  /// @param configuration address, keys, tags
  record Plan(
      String name,
      List<String> models,
      InferenceConfig inference,
      Environment environment,
      DeploymentConfig configuration) {
    /// Copies the list.
    public Plan {
      models = List.copyOf(models);
    }
  }

  /// What a service is to be other than it is; whatever is null stays.
  ///
  /// @param name of the service
  /// @param models `NAME:VERSION`
  /// @param entryScript path below the source directory
  /// @param sourceDirectory on this machine
  /// @param environment what it runs in
  /// @param settings members of a deployment configuration, of which those that are not there stay
  record Change(
      String name,
      @Nullable List<String> models,
      @Nullable String entryScript,
      @Nullable Path sourceDirectory,
      @Nullable Environment environment,
      JsonObject settings) {
    /// Copies the list.
    public Change {
      models = models == null ? null : List.copyOf(models);
    }

    /// Everything anew, but for an address and for keys, which are the service's own.
    static Change of(Plan plan) {
      var configuration = plan.configuration();
      var settings =
          configuration.toJson().members().entrySet().stream()
              .filter(member ->
                  configuration.authEnabled()
                      || configuration.isAuthNamed()
                      || !member.getKey().equals("authEnabled"))
              .collect(
                  JsonObject::builder,
                  (made, member) -> made.put(member.getKey(), member.getValue()),
                  (_, _) -> {});
      return new Change(
          plan.name(),
          plan.models(),
          plan.inference().entryScript(),
          plan.inference().sourceDirectory(),
          plan.environment(),
          settings.build());
    }
  }

  /// Deploys, and waits until the service answers.
  ///
  /// @param overwrite whether a service of that name is replaced
  JsonObject deploy(Plan plan, boolean overwrite, Progress progress);

  /// Gives a service another model, script or environment without dropping a request, and waits
  /// until it answers.
  default JsonObject update(Plan plan, Progress progress) {
    return update(Change.of(plan), progress);
  }

  /// The same with what is named alone.
  JsonObject update(Change change, Progress progress);

  /// All services, by name.
  List<JsonObject> list();

  /// A service, without its keys.
  JsonObject get(String name);

  /// Posts data and gives the answer.
  String score(String name, String data);

  /// The last lines of its scoring log.
  List<String> logs(String name, int lines);

  /// Both keys, empty when it asks for none.
  List<String> keys(String name);

  /// Ends it and deletes it.
  void delete(String name);

  /// The names of services that use a version of an environment now.
  List<String> usersOf(String environment, String version);
}
