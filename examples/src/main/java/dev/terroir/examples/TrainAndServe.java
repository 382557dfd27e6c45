package dev.terroir.examples;

import dev.terroir.compute.Experiment;
import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.Services;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import dev.terroir.workspace.Workspace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Defines an environment, trains in it, and serves the model from the same one.
public final class TrainAndServe {
  private TrainAndServe() {}

  /// Takes the project's directory and the version of Python.
  public static void main(String[] arguments) {
    System.out.println(run(Path.of(arguments[0]), arguments[1], Settings.system()));
  }

  /// Gives the service's answer.
  static String run(Path project, String python, Settings settings) {
    try (var workspace = Workspace.create("example", null, true, settings, Progress.SILENT)) {
      var packages = CondaDependencies.create(List.of("azureml-defaults"), List.of(), python);
      var environment =
          workspace
              .environments()
              .register(
                  Environment.of("example", packages)
                      .withEnvironmentVariables(Map.of("GREETING", "hello")))
              .environment();

      var config = ScriptRunConfig.of(project, "train.py", List.of("--slope", "3"), environment);
      var run = new Experiment(workspace, "example").submit(config, Progress.SILENT).run();
      run.waitForCompletion(System.out::println, true);

      var model = run.registerModel("line", "outputs/line.json", Map.of(), null);
      var services = new Services(workspace);
      var service =
          services.deploy(
              new Services.Deployment(
                  "example-line",
                  List.of(model),
                  new InferenceConfig("score.py", project, null),
                  run.getEnvironment(),
                  DeploymentConfig.local(0)),
              true,
              Progress.SILENT);
      try {
        service.startDetached();
        service.waitForDeployment(Duration.ofMinutes(3));
        return service.score("{\"x\": 14}");
      } finally {
        services.delete(service);
      }
    }
  }
}
