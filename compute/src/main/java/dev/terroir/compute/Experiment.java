package dev.terroir.compute;

import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.compute.data.RunOutputs;
import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import dev.terroir.workspace.runs.ExperimentRecords;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A name under which runs are gathered. Immutable and thread-safe.
///
/// @since 0.1
public final class Experiment {
  private final LocalWorkspace workspace;
  private final String name;

  /// @param name letters, digits, `_` and `-`
  public Experiment(LocalWorkspace workspace, String name) {
    this.workspace = workspace;
    this.name = ExperimentRecords.check(name);
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
    var id = newId(created);
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
      var launch = new RunLaunch(workspace, name, id, config, registered.environment());
      var setting = launch.prepare(config.sourceDirectory(), RunLaunch.logged(progress, directory));
      if (snapshot != null) {
        Snapshot.restore(store, snapshot, Run.work(directory));
      }
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
      var token = RunTokens.of(workspace).create(id);
      RunSupervisor.start(launch.order(setting, Map.of(RunTokens.VARIABLE, token)));
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
    checkTarget(workspace, config.target());
    RunOutputs.check(config.definition(), workspace);
    if (config.command() != null) {
      return;
    }
    var script = config.sourceDirectory().resolve(config.script()).normalize();
    if (!Files.isRegularFile(script) || !script.startsWith(config.sourceDirectory().normalize())) {
      throw noScript(config.script(), Place.file(config.sourceDirectory().toAbsolutePath()));
    }
  }

  static void checkTarget(LocalWorkspace workspace, String target) {
    if (target.equals("local") || workspace.computeTargets().find(target).isPresent()) {
      return;
    }
    throw new ComputeException(
        Problem.of(
                ComputeCode.UNKNOWN_TARGET,
                "the compute target `" + target + "` is not attached to this workspace")
            .at(Place.field("target"))
            .hint(
                "set the target to `local` to run on this machine, or to `docker` to run there in"
                    + " a container"));
  }

  static ComputeException noScript(String script, Place place) {
    return new ComputeException(
        Problem.of(
                ComputeCode.SCRIPT_NOT_FOUND,
                "the script `" + script + "` is not in the source directory")
            .at(place)
            .hint("give its path below that directory, or another directory with --source"));
  }

  /// What a run has that names no environment.
  Environment defaultEnvironment() {
    return Environment.of("Experiment " + name + " Environment", CondaDependencies.defaults());
  }

  String newId(Instant created) {
    return name
        + "_"
        + created.getEpochSecond()
        + "_"
        + String.format(Locale.ROOT, "%08x", new SecureRandom().nextInt());
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
        .put("script", config.command() == null ? config.script() : null)
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

  private void update(String id, RunStatus status, JsonObject changes) {
    workspace
        .runs()
        .update(
            id,
            before ->
                before.with(
                    RunStatus.of(before.status()).isFinal() ? before.status() : status.word(),
                    before.document().toBuilder().putAll(changes).build()));
  }
}
