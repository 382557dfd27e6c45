package dev.terroir.compute;

import dev.terroir.compute.configuration.RunConfiguration;
import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.compute.data.RunData;
import dev.terroir.compute.data.RunOutputs;
import dev.terroir.compute.snapshot.Snapshot;
import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import dev.terroir.workspace.runs.RunRecords;
import dev.terroir.workspace.runs.RunRecords.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/// The runs of a server: recorded at once, prepared in threads of their own, each by one server at
/// a time. What a dead server had not launched is taken up again, under a lease; what was launched
/// lives on by itself and is looked at until it has ended. Thread-safe.
///
/// @since 0.1
public final class RunQueue implements AutoCloseable {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");
  private static final Duration LEASE = Duration.ofSeconds(30);
  private static final Duration LOOK = Duration.ofMillis(500);

  /// Looks between two renewals of leases.
  private static final int RENEWAL = 10;

  /// What runs are the work of that drive others: searches for parameters, pipelines.
  private static final Set<String> DRIVING = Set.of("hyperdrive", "azureml.PipelineRun");

  private static final String SEARCH = "HyperDrive";

  private final LocalWorkspace workspace;
  private final RunCredentials credentials;
  private final BiConsumer<String, Throwable> failures;
  private final String owner =
      "server " + ProcessHandle.current().pid() + " " + new SecureRandom().nextLong();
  private final Map<String, Thread> preparing = new ConcurrentHashMap<>();

  /// Runs whose end is still to be told.
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  private final Thread keeper = Thread.ofVirtual().name("runs").unstarted(this::keep);
  private volatile boolean isClosing;

  /// @param failures is told what nobody expects, with the run's id
  public RunQueue(
      LocalWorkspace workspace,
      RunCredentials credentials,
      BiConsumer<String, Throwable> failures) {
    this.workspace = workspace;
    this.credentials = credentials;
    this.failures = failures;
  }

  /// Begins to look after runs.
  ///
  /// @param isAlone whether no other server can have this workspace
  public void start(boolean isAlone) {
    if (isAlone) {
      open().forEach(run -> workspace.leases().end(lease(run.id())));
    }
    keeper.start();
  }

  private List<RunRecord> open() {
    return workspace.runs().open(RunStatus.over());
  }

  private static String lease(String id) {
    return "run/" + id;
  }

  /// Whether a script is being prepared or runs.
  public boolean isAlive() {
    return open().stream().anyMatch(run -> !Run.isInteractive(run));
  }

  /// Starts an interactive run, which keeps the snapshot of where it was begun if there is one.
  ///
  /// @throws ComputeException code `run-configuration` when there is no such snapshot
  public Run startLogging(RunRequest request) {
    var snapshot = request.snapshot();
    if (snapshot == null) {
      return record(request, RunStatus.RUNNING, Run.INTERACTIVE, JsonObject.builder());
    }
    checkSnapshot(snapshot);
    var details = JsonObject.builder().put("snapshotId", snapshot);
    return record(request, RunStatus.RUNNING, Run.INTERACTIVE, details);
  }

  /// Records a script run and prepares it in a thread of its own.
  ///
  /// @throws TerroirException when the request is wrong; nothing is recorded then
  public Run submit(RunRequest request) {
    var experiment = new Experiment(workspace, request.experiment());
    var configuration = RunConfiguration.sent(request.configuration());
    Experiment.checkTarget(workspace, configuration.target());
    var items = RunData.read(request.configuration(), workspace);
    RunOutputs.check(request.configuration(), workspace);
    checkScript(request, configuration);
    var environment = request.environment();
    if (environment == null) {
      environment = configuration.environment();
      if (environment == null) {
        configuration.condaFile().ifPresent(RunQueue::refuseFile);
      }
    }
    var registered =
        workspace
            .environments()
            .autosave(environment == null ? experiment.defaultEnvironment() : environment);
    var definition =
        request.configuration().toBuilder()
            .put("environment", registered.environment().toJson())
            .build();
    return record(
        request,
        RunStatus.PREPARING,
        RunRecords.SCRIPT,
        JsonObject.builder()
            .put("queued", true)
            .put("launched", false)
            .put("target", configuration.target())
            .put("script", configuration.command() == null ? configuration.script() : null)
            .put("arguments", configuration.arguments())
            .put("snapshotId", request.snapshot())
            .put("environment", named(registered))
            .put("maxRunDurationSeconds", configuration.maxDuration().toSeconds())
            .put("outputCollection", configuration.outputCollection())
            .put("runDefinition", definition)
            .put("inputDatasets", datasets(items)));
  }

  private static void refuseFile(String condaFile) {
    throw new ComputeException(
        Problem.of(
                ComputeCode.RUN_CONFIGURATION,
                "the conda file `" + condaFile + "` of a configuration that was sent is not read")
            .at(Place.field("configuration"))
            .because("it lies on the machine of whoever sent it")
            .hint("send its packages in `environment.python.condaDependencies`"));
  }

  private static JsonObject named(Registered registered) {
    return JsonObject.builder()
        .put("name", registered.environment().name())
        .put("version", registered.version())
        .put("hash", registered.hash())
        .build();
  }

  private static JsonValue datasets(List<RunData.Item> items) {
    var datasets = new ArrayList<JsonValue>();
    for (var item : items) {
      var id = item.dataset();
      if (id != null) {
        datasets.add(
            JsonObject.builder()
                .put("dataset", JsonObject.builder().put("id", id).build())
                .put(
                    "consumptionDetails",
                    JsonObject.builder()
                        .put("type", "RunInput")
                        .put("inputName", item.name())
                        .put("mechanism", item.mode() == RunData.Mode.MOUNT ? "Mount" : "Download")
                        .put("pathOnCompute", item.pathOnCompute())
                        .build())
                .build());
      }
    }
    return new JsonValue.JsonArray(datasets);
  }

  private void checkSnapshot(String snapshot) {
    if (!Files.isRegularFile(manifest(snapshot))) {
      throw wrongSnapshot("no snapshot has the id `" + snapshot + "`");
    }
  }

  private static ComputeException wrongSnapshot(String what) {
    return new ComputeException(
        Problem.of(ComputeCode.RUN_CONFIGURATION, what)
            .at(Place.field("snapshot"))
            .hint("make one with `POST /api/v1/snapshots`"));
  }

  private void checkScript(RunRequest request, RunConfiguration configuration) {
    var snapshot = request.snapshot();
    if (snapshot == null) {
      throw wrongSnapshot("a script run needs the snapshot of its source directory");
    }
    checkSnapshot(snapshot);
    if (configuration.command() != null) {
      return;
    }
    var script = configuration.script();
    if (script == null) {
      throw new ComputeException(
          Problem.of(ComputeCode.RUN_CONFIGURATION, "a run configuration names a script")
              .at(Place.field("configuration.script"))
              .hint("name one, or a `command`"));
    }
    var normal = Path.of(script).normalize().toString();
    if (JsonReader.readObject(manifest(snapshot)).objects("files").stream()
        .noneMatch(file -> file.string("path").equals(normal))) {
      throw Experiment.noScript(script, Place.field("configuration.script"));
    }
  }

  private Path store() {
    return workspace.directory().resolve("snapshots");
  }

  private Path manifest(String snapshot) {
    return store().resolve("manifests").resolve(snapshot + ".json");
  }

  private Run record(
      RunRequest request, RunStatus status, String type, JsonObject.Builder document) {
    var experiment = new Experiment(workspace, request.experiment());
    var created = workspace.clock().instant();
    var wanted = request.runId();
    if (wanted != null && !ID.matcher(wanted).matches()) {
      throw new ComputeException(
          Problem.of(ComputeCode.RUN_CONFIGURATION, "`" + wanted + "` cannot be the id of a run")
              .at(Place.field("runId"))
              .hint("use letters, digits, `.`, `_` and `-`, at most 255"));
    }
    var parent = request.parent();
    if (parent != null) {
      workspace.runs().get(parent);
    }
    var id = wanted == null ? experiment.newId(created) : wanted;
    var at = created.truncatedTo(ChronoUnit.MILLIS).toString();
    if (status == RunStatus.RUNNING) {
      document.put("startTimeUtc", at);
    } else {
      workspace.leases().tryAcquire(lease(id), owner, LEASE);
    }
    workspace
        .runs()
        .add(
            id,
            request.experiment(),
            status.word(),
            at,
            document
                .put("runType", type)
                .put("displayName", request.displayName())
                .put("tags", JsonValue.ofStrings(request.tags()))
                .put("properties", JsonValue.ofStrings(request.properties()))
                .build(),
            parent);
    if (status == RunStatus.PREPARING) {
      begin(id);
    }
    return Run.get(workspace, id);
  }

  private void begin(String id) {
    var thread = Thread.ofVirtual().name("run " + id).unstarted(() -> prepare(id));
    preparing.put(id, thread);
    known.add(id);
    thread.start();
  }

  private void prepare(String id) {
    try {
      launch(workspace.runs().get(id));
    } catch (TerroirException e) {
      if (!isClosing) {
        fail(id, e.problem().what(), e.problem().code().id(), e.problem().render());
      }
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      if (!isClosing) {
        failures.accept(id, e);
        fail(id, "Terroir met something that it does not expect", "server-error", "");
      }
    } finally {
      preparing.remove(id);
      release(id);
    }
  }

  private void release(String id) {
    try {
      workspace.leases().release(lease(id), owner);
    } catch (RuntimeException e) {
      // It ends by itself.
    }
  }

  private void fail(String id, String error, String code, String log) {
    var directory = Run.directory(workspace, id);
    try {
      if (!log.isEmpty()) {
        var file = Run.artifacts(directory).resolve(Run.CONTROL_LOG);
        var before = Files.exists(file) ? Files.readString(file) : "";
        AtomicFiles.write(file, before + log + "\n");
      }
      Trees.delete(Run.work(directory));
      change(
          id,
          RunStatus.FAILED,
          JsonObject.builder()
              .put("error", error)
              .put("errorCode", code)
              .put(
                  "endTimeUtc",
                  workspace.clock().instant().truncatedTo(ChronoUnit.MILLIS).toString())
              .build());
    } catch (RuntimeException | IOException e) {
      failures.accept(id, e);
    }
  }

  private void launch(RunRecord record) {
    var id = record.id();
    var directory = Run.directory(workspace, id);
    if (RunSupervisor.isStarted(directory)) {
      // The server before was killed between the start of the script and its note of it.
      change(id, RunStatus.QUEUED, JsonObject.builder().put("launched", true).build());
      return;
    }
    var document = record.document();
    var work = Run.work(directory);
    Trees.delete(work);
    Trees.delete(directory.resolve("data"));
    Snapshot.restore(store(), document.string("snapshotId"), work);
    var configuration = RunConfiguration.sent(document.object("runDefinition"));
    var environment = environment(document);
    var script = configuration.script();
    var config =
        ScriptRunConfig.of(
                work, script == null ? "" : script, configuration.arguments(), environment)
            .with(configuration);
    var launch = new RunLaunch(workspace, record.experiment(), id, config, environment);
    var progress = RunLaunch.logged(Progress.SILENT, directory);
    RunLaunch.Setting setting;
    try (var preparation = credentials.preparation(workspace, progress)) {
      setting =
          new RunLaunch(preparation.workspace(), record.experiment(), id, config, environment)
              .prepare(work, progress);
    }
    if (setting instanceof RunLaunch.Setting.Image(var container)) {
      setting =
          new RunLaunch.Setting.Image(container.in(RunContainer.engine(workspace.settings())));
    }
    change(
        id,
        RunStatus.QUEUED,
        setting.toJson().toBuilder().put("isEnvironmentCached", setting.isCached()).build());
    var own = credentials.variables(id, launch.isInContainer());
    var order = launch.order(setting, own);
    while (!start(id, config.target(), order)) {
      pause();
    }
  }

  private Environment environment(JsonObject document) {
    var named = document.object("environment");
    return workspace
        .environments()
        .get(named.string("name"), named.string("version"), null)
        .environment();
  }

  /// Starts the script unless the run has ended meanwhile, another server has it, or its pool is
  /// full.
  ///
  /// @return false when it must wait
  private boolean start(String id, String target, RunSupervisor.Launch order) {
    return workspace
        .database()
        .transaction(() -> {
          var record = workspace.runs().get(id);
          var isMine =
              workspace
                  .leases()
                  .holder(lease(id))
                  .filter(holder -> holder.owner().equals(owner))
                  .isPresent();
          if (RunStatus.of(record.status()).isFinal()) {
            Trees.delete(Run.work(Run.directory(workspace, id)));
            return true;
          }
          if (!isMine) {
            return true;
          }
          if (isFull(target)) {
            return false;
          }
          RunSupervisor.start(order);
          change(id, RunStatus.QUEUED, JsonObject.builder().put("launched", true).build());
          return true;
        });
  }

  private boolean isFull(String target) {
    var most = workspace.computeTargets().find(target).map(pool -> pool.maxNodes()).orElse(null);
    return most != null
        && open().stream()
                .filter(run -> Run.isLaunched(run.document()))
                .filter(run -> run.document().optionalString("target").orElse("").equals(target))
                .count()
            >= most;
  }

  private static void pause() {
    try {
      Thread.sleep(LOOK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "the run was not started"), e);
    }
  }

  private void change(String id, RunStatus status, JsonObject changes) {
    Run.change(workspace, id, status, changes);
  }

  private void keep() {
    for (long look = 0; !isClosing; look++) {
      try {
        // Known before it is looked who is open: one that is missing then has ended.
        var before = List.copyOf(known);
        var now = new HashSet<String>();
        for (var run : open()) {
          now.add(run.id());
          look(run, look % RENEWAL == 0);
          if (look % RENEWAL == 0 && isLeftBehind(run)) {
            Run.get(workspace, run.id()).requestCancel();
          }
        }
        known.addAll(now);
        for (var id : before) {
          if (!now.contains(id)) {
            interrupt(id);
            credentials.ended(id);
            known.remove(id);
          }
        }
      } catch (RuntimeException e) {
        // The database has gone for a while.
        failures.accept("runs", e);
      }
      try {
        Thread.sleep(LOOK);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /// Whether the run that drives it has ended: where its script was killed, nobody is there any
  /// more who would look at this one.
  private boolean isLeftBehind(RunRecord run) {
    var parent = run.parent();
    return parent != null
        && workspace
            .runs()
            .find(parent)
            .filter(driving -> RunStatus.of(driving.status()).isFinal())
            .map(driving -> driving.document().stringMap("properties"))
            .filter(RunQueue::isDriving)
            .isPresent();
  }

  // A search may also be a step of a pipeline, by what it calls itself.
  private static boolean isDriving(Map<String, String> properties) {
    return DRIVING.contains(properties.getOrDefault(RunRecords.SOURCE, ""))
        || SEARCH.equals(properties.get("runTemplate"));
  }

  /// A run that was canceled needs no environment any more.
  private void interrupt(String id) {
    var thread = preparing.get(id);
    if (thread != null) {
      thread.interrupt();
    }
  }

  private void look(RunRecord run, boolean isRenewing) {
    var isMine = preparing.containsKey(run.id());
    if (!Run.isQueued(run.document()) || Run.isLaunched(run.document())) {
      var _ = Run.get(workspace, run.id());
    } else if (isMine) {
      if (isRenewing) {
        workspace.leases().renew(lease(run.id()), owner, LEASE);
      }
    } else if (isRenewing && workspace.leases().tryAcquire(lease(run.id()), owner, LEASE)) {
      begin(run.id());
    }
  }

  /// Stops to look after runs: scripts go on, and what is being prepared is taken up by the next
  /// server.
  @Override
  public void close() {
    isClosing = true;
    keeper.interrupt();
    preparing.values().forEach(Thread::interrupt);
    for (var thread : List.copyOf(preparing.values())) {
      try {
        var _ = thread.join(Duration.ofSeconds(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
