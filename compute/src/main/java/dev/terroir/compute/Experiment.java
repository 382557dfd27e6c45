package dev.terroir.compute;

import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.tool.UvProgram;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import dev.terroir.workspace.runs.RunRecords.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// A name under which runs are gathered. Immutable and thread-safe.
///
/// @since 0.1
public final class Experiment {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,254}");

  /// How much of a script's output is kept.
  private static final long LOG_CAP_BYTES = 200L << 20;

  /// The target that is this machine, in a container.
  private static final String DOCKER = "docker";

  private final Workspace workspace;
  private final String name;

  /// @param name letters, digits, `_` and `-`
  public Experiment(Workspace workspace, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name an experiment")
              .hint("use letters, digits, `_` and `-`"));
    }
    this.workspace = workspace;
    this.name = name;
  }

  /// Its name.
  public String name() {
    return name;
  }

  /// Its runs, newest first.
  public List<Run> runs() {
    return Run.list(workspace, name);
  }

  /// What a submit says about its environment.
  ///
  /// @param name the environment's name
  /// @param version the version that the run is recorded with
  /// @param hash definition hash
  /// @param isCached whether nothing had to be resolved or installed
  /// @param changed parts of the definition that differ from the latest registered version of that
  ///   name, when something had to be made
  public record Used(
      String name, String version, String hash, boolean isCached, List<String> changed) {}

  /// A submitted run and what it runs in.
  public record Submitted(Run run, Used environment) {}

  /// Submits a script: registers its environment if need be, keeps the source directory, makes the
  /// environment ready, starts the script and comes back.
  ///
  /// @throws TerroirException when the configuration is wrong (nothing is recorded then) or the
  ///   environment cannot be made (the run is recorded as failed then)
  public Submitted submit(ScriptRunConfig config, Progress progress) {
    check(config);
    var wanted = config.environment() == null ? defaultEnvironment() : config.environment();
    var before = workspace.environments().versions(wanted.name());
    var registered = workspace.environments().autosave(wanted);
    var created = workspace.clock().instant();
    var id =
        name
            + "_"
            + created.getEpochSecond()
            + "_"
            + String.format(Locale.ROOT, "%08x", new SecureRandom().nextInt());
    var directory = Run.directory(workspace, id);
    workspace
        .runs()
        .add(
            id,
            name,
            RunStatus.PREPARING.word(),
            created.truncatedTo(ChronoUnit.MILLIS).toString(),
            document(config, registered));
    var launched = false;
    try {
      var store = workspace.directory().resolve("snapshots");
      String snapshot = null;
      if (config.snapshotProject()) {
        snapshot = Snapshot.take(config.sourceDirectory(), store, config.limits()).id();
      } else {
        Snapshot.copy(config.sourceDirectory(), Run.work(directory), config.limits());
      }
      var setting =
          prepare(config, directory, registered.environment(), logged(progress, directory));
      if (snapshot != null) {
        Snapshot.restore(store, snapshot, Run.work(directory));
      }
      makeOutputs(directory);
      var used =
          new Used(
              registered.environment().name(),
              registered.version(),
              registered.hash(),
              setting.isCached(),
              setting.isCached() ? List.of() : changed(before, wanted));
      update(
          id,
          RunStatus.QUEUED,
          setting.toJson().toBuilder()
              .put("snapshotId", snapshot)
              .put("isEnvironmentCached", used.isCached())
              .build());
      RunSupervisor.start(launch(config, id, directory, registered.environment(), setting));
      launched = true;
      update(id, RunStatus.QUEUED, JsonObject.builder().put("launched", true).build());
      return new Submitted(Run.get(workspace, id), used);
    } catch (TerroirException e) {
      if (!launched) {
        Trees.delete(Run.work(directory));
        update(
            id,
            RunStatus.FAILED,
            JsonObject.builder()
                .put("error", e.problem().what())
                .put("errorCode", e.problem().code().id())
                .put(
                    "endTimeUtc",
                    workspace.clock().instant().truncatedTo(ChronoUnit.MILLIS).toString())
                .build());
      }
      throw e;
    }
  }

  private void check(ScriptRunConfig config) {
    if (!config.target().equals("local") && !config.target().equals(DOCKER)) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.UNKNOWN_TARGET,
                  "the compute target `" + config.target() + "` is not attached to this workspace")
              .at(Place.field("target"))
              .hint(
                  "set the target to `local` to run on this machine, or to `docker` to run there in"
                      + " a container"));
    }
    var script = config.sourceDirectory().resolve(config.script()).normalize();
    if (!Files.isRegularFile(script) || !script.startsWith(config.sourceDirectory().normalize())) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.SCRIPT_NOT_FOUND,
                  "the script `" + config.script() + "` is not in the source directory")
              .at(Place.file(config.sourceDirectory().toAbsolutePath()))
              .hint("give its path below that directory, or another directory with --source"));
    }
  }

  private Environment defaultEnvironment() {
    return Environment.of("Experiment " + name + " Environment", CondaDependencies.defaults());
  }

  private static List<String> changed(List<Registered> before, Environment wanted) {
    if (before.isEmpty()) {
      return List.of();
    }
    return CanonicalForm.difference(before.getLast().environment(), wanted).stream()
        .map(CanonicalForm.Difference::part)
        .toList();
  }

  private JsonObject document(ScriptRunConfig config, Registered registered) {
    var me = ProcessHandle.current().pid();
    return JsonObject.builder()
        .put("target", config.target())
        .put("script", config.script())
        .put("arguments", config.arguments())
        .put(
            "environment",
            JsonObject.builder()
                .put("name", registered.environment().name())
                .put("version", registered.version())
                .put("hash", registered.hash())
                .build())
        .put("maxRunDurationSeconds", config.maxDuration().toSeconds())
        .put("outputCollection", config.outputCollection())
        .put("tags", JsonValue.ofStrings(config.tags()))
        .put("properties", GitRevision.properties(config.sourceDirectory(), workspace.settings()))
        .put("launched", false)
        .put(
            "submitter",
            JsonObject.builder()
                .put("pid", me)
                .put("startTime", RunSupervisor.startTime(me).orElse(""))
                .build())
        .build();
  }

  private static void makeOutputs(Path directory) {
    try {
      Files.createDirectories(Run.work(directory).resolve("outputs"));
      Files.createDirectories(Run.work(directory).resolve("logs"));
    } catch (IOException e) {
      throw FoundationException.ofFile("the working copy cannot be made", directory, e);
    }
  }

  /// Where the packages of a run are.
  private sealed interface Setting {
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

  private Setting prepare(
      ScriptRunConfig config, Path directory, Environment environment, Progress progress) {
    if (!environment.docker().enabled()
        && !config.docker().useDocker()
        && !config.target().equals(DOCKER)) {
      return new Setting.Local(
          workspace.realise(
              environment,
              Workspace.LockOptions.here().withBase(config.sourceDirectory()),
              progress));
    }
    return new Setting.Image(
        RunContainer.prepare(
            workspace,
            RunContainer.engine(workspace.settings()),
            environment,
            config.sourceDirectory(),
            Run.artifacts(directory).resolve(Run.IMAGE_LOG),
            progress));
  }

  private RunSupervisor.Launch launch(
      ScriptRunConfig config, String id, Path directory, Environment environment, Setting setting) {
    var own = new TreeMap<String, String>();
    own.put("PYTHONUNBUFFERED", "1");
    own.putAll(environment.environmentVariables());
    own.putAll(config.environmentVariables());
    own.put("AZUREML_RUN_ID", id);
    own.put("AZUREML_ARM_PROJECT_NAME", name);
    own.put("AZUREML_ARM_WORKSPACE_NAME", workspace.name());
    own.put("AZUREML_ARM_SUBSCRIPTION", "local");
    own.put("AZUREML_ARM_RESOURCEGROUP", "local");
    own.put("AZUREML_EXPERIMENT_ID", name);
    own.put("AZUREML_WORKSPACE_ID", workspace.name());
    own.put("AZUREML_SCRIPT_DIRECTORY_NAME", ".");
    var command = new ArrayList<String>();
    command.add(config.script());
    command.addAll(config.arguments());
    var log = Run.artifacts(directory).resolve(Run.DRIVER_LOG);
    return switch (setting) {
      case Setting.Local(var ready) -> {
        var variables = new TreeMap<>(ready.python().activated(workspace.settings().variables()));
        variables.putAll(own);
        command.addFirst(ready.python().python().toString());
        yield new RunSupervisor.Launch(
            directory,
            ready.python().python(),
            command,
            Run.work(directory),
            variables,
            log,
            config.maxDuration(),
            LOG_CAP_BYTES,
            id,
            null);
      }
      case Setting.Image(var container) -> {
        var order =
            container.order(
                id,
                directory,
                config.docker().arguments(environment.docker()),
                config.docker().shmSize(environment.docker()),
                command,
                own);
        yield new RunSupervisor.Launch(
            directory,
            machinePython(),
            order.command(),
            Run.work(directory),
            order.variables(),
            log,
            config.maxDuration(),
            LOG_CAP_BYTES,
            id,
            new RunSupervisor.InContainer(
                order.stop(),
                order.remove(),
                order.started(),
                directory.resolve(RunContainer.VARIABLES)));
      }
    };
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

  private void update(String id, RunStatus status, JsonObject changes) {
    workspace
        .runs()
        .update(
            id,
            before ->
                new RunRecord(
                    before.id(),
                    before.experiment(),
                    before.number(),
                    RunStatus.of(before.status()).isFinal() ? before.status() : status.word(),
                    before.createdAt(),
                    before.document().toBuilder().putAll(changes).build()));
  }

  /// Shows progress and keeps it among the run's logs.
  private static Progress logged(Progress progress, Path directory) {
    var file = Run.artifacts(directory).resolve(Run.CONTROL_LOG);
    var text = new StringBuffer();
    return progress.keeping(
        line -> AtomicFiles.write(file, text.append(line).append('\n').toString()));
  }
}
