package dev.terroir.compute;

import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.compute.data.RunData;
import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.UvProgram;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Makes a run's environment ready, then its working copy, then says how it is started. For one
/// thread.
final class RunLaunch {
  /// How much of a script's output is kept.
  private static final long LOG_CAP_BYTES = 200L << 20;

  private static final String SHELL = "/bin/sh";

  /// The launcher of the distribution, which it tells the program by this property.
  private static final String LAUNCHER = "terroir.launcher";

  private final LocalWorkspace workspace;
  private final String experiment;
  private final String id;
  private final ScriptRunConfig config;
  private final Environment environment;
  private final Path directory;

  RunLaunch(
      LocalWorkspace workspace,
      String experiment,
      String id,
      ScriptRunConfig config,
      Environment environment) {
    this.workspace = workspace;
    this.experiment = experiment;
    this.id = id;
    this.config = config;
    this.environment = environment;
    this.directory = Run.directory(workspace, id);
  }

  /// Where the packages of a run are.
  sealed interface Setting {
    /// Whether nothing had to be made.
    boolean isCached();

    /// What the run's record says of it.
    JsonObject toJson();

    /// In a folder of this machine.
    record Local(Workspace.Ready ready) implements Setting {
      @Override
      public boolean isCached() {
        return ready.isCached();
      }

      @Override
      public JsonObject toJson() {
        return JsonObject.builder().put("lockDigest", ready.python().lockDigest()).build();
      }
    }

    /// In an image.
    record Image(RunContainer container) implements Setting {
      @Override
      public boolean isCached() {
        return container.isCached();
      }

      @Override
      public JsonObject toJson() {
        var image = container.image();
        return JsonObject.builder()
            .put("lockDigest", image.lockDigest())
            .put(
                "container",
                JsonObject.builder()
                    .put("engine", container.engine().kind().program())
                    .put("image", image.repository() + "@" + image.manifest().digest())
                    .put("imageId", container.name())
                    .build())
            .build();
      }
    }
  }

  /// Whether the script will run in a container.
  boolean isInContainer() {
    return environment.docker().enabled()
        || config.docker().useDocker()
        || config.target().equals("docker");
  }

  /// Makes the environment ready.
  ///
  /// @param base what paths of the definition are relative to
  Setting prepare(Path base, Progress progress) {
    if (!isInContainer()) {
      return new Setting.Local(
          workspace.realise(environment, Workspace.LockOptions.here().withBase(base), progress));
    }
    return new Setting.Image(
        RunContainer.prepare(
            workspace,
            RunContainer.engine(workspace.settings()),
            environment,
            base,
            Run.artifacts(directory).resolve(Run.IMAGE_LOG),
            progress));
  }

  /// Lays the data down beside the working copy, which is there already, and says what to start.
  ///
  /// @param credentials variables of this run alone
  RunSupervisor.Launch order(Setting setting, Map<String, String> credentials) {
    makeOutputs();
    var data =
        RunData.prepare(
            RunData.read(config.definition(), workspace),
            Run.work(directory),
            directory.resolve("data"),
            isInContainer() ? RunContainer.DIRECTORY : null);
    keep(data);
    var own = variables(data);
    own.putAll(credentials);
    var line = config.command();
    var command = new ArrayList<String>();
    if (line == null) {
      command.add(config.script());
      command.addAll(data.replace(config.arguments()));
    } else {
      command.add("-c");
      command.add(data.replaceInLine(line));
    }
    return switch (setting) {
      case Setting.Local(var ready) -> {
        var all = new TreeMap<>(ready.python().activated(workspace.settings().variables()));
        // Of the run that this one is submitted by, perhaps to another server.
        all.remove(RunTokens.ENDPOINT);
        all.remove(RunTokens.VARIABLE);
        all.putAll(own);
        var python = ready.python().python();
        command.addFirst(line == null ? python.toString() : SHELL);
        yield launch(python, command, all, null);
      }
      case Setting.Image(var container) -> {
        var order =
            container.order(
                id,
                directory,
                config.docker().arguments(environment.docker()),
                config.docker().shmSize(environment.docker()),
                line == null ? null : SHELL,
                command,
                own,
                data.binds());
        yield launch(
            machinePython(),
            order.command(),
            order.variables(),
            new RunSupervisor.InContainer(
                order.stop(),
                order.remove(),
                order.started(),
                directory.resolve(RunContainer.VARIABLES)));
      }
    };
  }

  private RunSupervisor.Launch launch(
      Path python,
      List<String> command,
      Map<String, String> variables,
      RunSupervisor.@org.jspecify.annotations.Nullable InContainer container) {
    return new RunSupervisor.Launch(
        directory,
        python,
        command,
        Run.work(directory),
        variables,
        Run.artifacts(directory).resolve(Run.DRIVER_LOG),
        config.maxDuration(),
        LOG_CAP_BYTES,
        id,
        container);
  }

  private TreeMap<String, String> variables(RunData.Ready data) {
    var own = new TreeMap<String, String>();
    own.put("PYTHONUNBUFFERED", "1");
    if (isLoggedByMlflow()) {
      own.put(
          "MLFLOW_TRACKING_URI", "azureml://terroir/mlflow/v1.0/workspaces/" + workspace.name());
    }
    own.putAll(environment.environmentVariables());
    own.putAll(config.environmentVariables());
    own.putAll(data.variables());
    own.put("AZUREML_RUN_ID", id);
    own.put("AZUREML_ARM_PROJECT_NAME", experiment);
    own.put("AZUREML_ARM_WORKSPACE_NAME", workspace.name());
    own.put("AZUREML_ARM_SUBSCRIPTION", "local");
    own.put("AZUREML_ARM_RESOURCEGROUP", "local");
    own.put("AZUREML_EXPERIMENT_ID", experiment);
    own.put("AZUREML_WORKSPACE_ID", workspace.name());
    own.put("AZUREML_SCRIPT_DIRECTORY_NAME", ".");
    if (!isInContainer()) {
      own.put("TERROIR_WORKSPACE_DIRECTORY", workspace.directory().toAbsolutePath().toString());
      workspace
          .settings()
          .get(Settings.TERROIR_COMMAND)
          .or(() -> Optional.ofNullable(System.getProperty(LAUNCHER)))
          .ifPresent(command -> own.put(Settings.TERROIR_COMMAND, command));
    }
    return own;
  }

  /// Whether what MLflow logs becomes part of the run: the environment says so by the package of
  /// the retired service, whose place the client takes as a plug-in of MLflow.
  private boolean isLoggedByMlflow() {
    return environment.condaDependencies().stream()
        .flatMap(dependencies -> dependencies.pipPackages().stream())
        .map(CondaDependency::pipName)
        .anyMatch(name -> name.filter("azureml-mlflow"::equals).isPresent());
  }

  private void keep(RunData.Ready data) {
    if (data.uploads().isEmpty()) {
      return;
    }
    workspace
        .runs()
        .update(
            id,
            before ->
                before.with(
                    before.status(),
                    before.document().toBuilder()
                        .put("uploads", new JsonValue.JsonArray(List.copyOf(data.uploads())))
                        .build()));
  }

  private void makeOutputs() {
    try {
      Files.createDirectories(Run.work(directory).resolve("outputs"));
      Files.createDirectories(Run.work(directory).resolve("logs"));
    } catch (IOException e) {
      throw FoundationException.ofFile("the working copy cannot be made", directory, e);
    }
  }

  /// What runs the supervisor when the environment's own Python is in an image.
  private Path machinePython() {
    return UvProgram.python(workspace.settings())
        .orElseThrow(() ->
            new ResolveException(
                Problem.of(
                        ResolveCode.PYTHON_NOT_FOUND,
                        "no `python3` is on PATH to watch over the container")
                    .hint("install Python, or name one by TERROIR_PYTHON")));
  }

  /// Shows progress and keeps it among the run's logs.
  static Progress logged(Progress progress, Path directory) {
    var file = Run.artifacts(directory).resolve(Run.CONTROL_LOG);
    var text = new StringBuffer();
    return progress.keeping(
        line -> AtomicFiles.write(file, text.append(line).append('\n').toString()));
  }
}
