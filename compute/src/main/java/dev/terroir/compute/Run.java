package dev.terroir.compute;

import dev.terroir.compute.data.RunData;
import dev.terroir.compute.data.RunOutputs;
import dev.terroir.compute.supervisor.LogFollower;
import dev.terroir.compute.supervisor.RunSupervisor;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.models.ModelRegistry;
import dev.terroir.workspace.runs.RunRecords;
import dev.terroir.workspace.runs.RunRecords.RunRecord;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A run of a script. Every look at it first finds the truth from its supervisor's files, so that
/// nothing stays `Running` for ever. Thread-safe.
///
/// @since 0.1
public final class Run {
  /// What an interactive run is: whoever started it says what becomes of it.
  public static final String INTERACTIVE = "azureml.interactiverun";

  /// Where the script's output is kept among the run's files.
  public static final String DRIVER_LOG = "azureml-logs/70_driver_log.txt";

  /// Where the making of the environment is told.
  public static final String CONTROL_LOG = "azureml-logs/60_control_log.txt";

  /// Where the making of the image is told, when the script runs in a container.
  public static final String IMAGE_LOG = "azureml-logs/20_image_build_log.txt";

  /// Set when somebody said that the run failed while its script was there.
  static final String FAILING = "failing";

  private final LocalWorkspace workspace;
  private final String id;

  private Run(LocalWorkspace workspace, String id) {
    this.workspace = workspace;
    this.id = id;
  }

  /// A recorded run.
  ///
  /// @throws dev.terroir.workspace.WorkspaceException code `run-not-found`
  public static Run get(LocalWorkspace workspace, String id) {
    var run = new Run(workspace, workspace.runs().get(id).id());
    run.record();
    return run;
  }

  /// Runs, newest first.
  ///
  /// @param experiment or null for all
  public static List<Run> list(LocalWorkspace workspace, @Nullable String experiment) {
    return workspace.runs().list(experiment).stream()
        .map(record -> new Run(workspace, record.id()))
        .toList();
  }

  /// Its id, `<experiment>_<unix seconds>_<8 hex digits>`.
  public String id() {
    return id;
  }

  /// Where its files lie.
  public Path directory() {
    return directory(workspace, id);
  }

  static Path directory(LocalWorkspace workspace, String id) {
    return workspace.directory().resolve("runs").resolve(id);
  }

  static Path work(Path directory) {
    return directory.resolve("work");
  }

  static Path artifacts(Path directory) {
    return directory.resolve("artifacts");
  }

  /// What is true about it now.
  public RunRecord record() {
    var record = workspace.runs().get(id);
    return RunStatus.of(record.status()).isFinal() ? record : reconcile(record);
  }

  /// Its status now.
  public RunStatus status() {
    return RunStatus.of(record().status());
  }

  private RunRecord reconcile(RunRecord record) {
    var document = record.document();
    if (isWithoutScript(record)) {
      // Its caller says what becomes of the one, the server that prepares it of the other.
      return record;
    }
    if (!document.optionalBoolean("launched").orElse(false)) {
      var submitter = document.object("submitter");
      if (RunSupervisor.isAlive(submitter.longValue("pid"), submitter.string("startTime"))) {
        return record;
      }
      // The submitter may have been killed between the start of the script and its note of it.
      if (!Files.exists(directory().resolve("supervisor.json"))
          && !Files.exists(directory().resolve("exit.json"))) {
        return end(
            RunStatus.FAILED,
            -1,
            "the submitting process was killed before the script was started",
            null,
            null);
      }
    }
    return switch (RunSupervisor.inspect(directory())) {
      case RunSupervisor.State.Starting _ -> record;
      case RunSupervisor.State.Running(var startedAt) -> {
        if (record.status().equals(RunStatus.PREPARING.word())
            || record.status().equals(RunStatus.QUEUED.word())) {
          yield change(
              RunStatus.RUNNING,
              JsonObject.builder().put("launched", true).put("startTimeUtc", startedAt).build());
        }
        yield record;
      }
      case RunSupervisor.State.Lost(var reason) -> {
        RunSupervisor.sweep(id);
        if (document.has("container")) {
          RunContainer.sweep(id, workspace.settings());
        }
        yield end(RunStatus.FAILED, -1, reason, null, null);
      }
      case RunSupervisor.State.Ended ended -> finish(ended);
    };
  }

  static boolean isInteractive(RunRecord record) {
    return record.document().optionalString("runType").orElse("").equals(INTERACTIVE);
  }

  /// Whether no script of it can be there: it ends as soon as somebody says so.
  static boolean isWithoutScript(RunRecord record) {
    var document = record.document();
    return isInteractive(record) || (isQueued(document) && !isLaunched(document));
  }

  /// Whether a server has it prepared.
  static boolean isQueued(JsonObject document) {
    return document.optionalBoolean("queued").orElse(false);
  }

  static boolean isLaunched(JsonObject document) {
    return document.optionalBoolean("launched").orElse(false);
  }

  private RunRecord finish(RunSupervisor.State.Ended ended) {
    var status =
        ended.outcome().equals("canceled")
            ? RunStatus.CANCELED
            : ended.outcome().equals("exited") && ended.exitCode() == 0
                ? RunStatus.COMPLETED
                : RunStatus.FAILED;
    var message = ended.message();
    var error =
        switch (ended.outcome()) {
          case "exited" ->
              ended.exitCode() == 0 ? null : "the script ended with exit code " + ended.exitCode();
          case "signaled" -> "the script was killed by signal " + (ended.exitCode() - 128);
          case "timedOut" -> "the script did not end within its time limit";
          case "notStarted" -> "the script could not be started: " + message;
          default -> null;
        };
    if (ended.leftBehind() > 0 && error == null) {
      change(
          RunStatus.FINALIZING,
          JsonObject.builder()
              .put(
                  "warnings",
                  List.of(ended.leftBehind() + " processes that the script had left were ended"))
              .build());
    }
    return end(status, ended.exitCode(), error, ended.startedAt(), ended.endedAt());
  }

  private RunRecord end(
      RunStatus status,
      int exitCode,
      @Nullable String error,
      @Nullable String startedAt,
      @Nullable String endedAt) {
    collect();
    forgetLaunch();
    var ended =
        endedAt == null
            ? workspace.clock().instant().truncatedTo(ChronoUnit.MILLIS).toString()
            : endedAt;
    var changes =
        JsonObject.builder()
            .put("launched", true)
            .put("exitCode", exitCode)
            .put("error", error)
            .put("endTimeUtc", ended);
    if (startedAt != null) {
      changes.put("startTimeUtc", startedAt);
    }
    if (status == RunStatus.COMPLETED) {
      register(changes);
    }
    RunTokens.of(workspace).end(id);
    return change(status, changes.build());
  }

  /// Registers the outputs of a run that has completed.
  private void register(JsonObject.Builder changes) {
    var document = workspace.runs().get(id).document();
    if (document.has(FAILING)) {
      return;
    }
    var definition = document.optionalObject("runDefinition").orElse(JsonObject.EMPTY);
    var registered = RunOutputs.register(definition, workspace);
    if (!registered.datasets().isEmpty()) {
      changes.put("outputDatasets", new JsonValue.JsonArray(registered.datasets()));
    }
    if (!registered.warnings().isEmpty()) {
      var warnings = new ArrayList<>(document.strings("warnings"));
      warnings.addAll(registered.warnings());
      changes.put("warnings", warnings);
    }
  }

  /// A killed supervisor, or one that never came up, has not removed the script's variables.
  private void forgetLaunch() {
    try {
      Files.deleteIfExists(directory().resolve("launch.json"));
      Files.deleteIfExists(directory().resolve(RunContainer.VARIABLES));
    } catch (IOException e) {
      throw FoundationException.ofFile("the run cannot be finished", directory(), e);
    }
  }

  /// Takes `outputs` and `logs` of the working copy over; may be repeated after a kill.
  private void collect() {
    var work = work(directory());
    if (!Files.isDirectory(work)) {
      return;
    }
    var document = workspace.runs().get(id).document();
    RunData.upload(document.objects("uploads"), directory(), workspace);
    if (document.optionalBoolean("outputCollection").orElse(true)) {
      for (var name : List.of("outputs", "logs")) {
        var from = work.resolve(name);
        try {
          RunFiles.take(from, artifacts(directory()).resolve(name));
        } catch (IOException e) {
          throw FoundationException.ofFile("the run's " + name + " cannot be collected", from, e);
        }
      }
    }
    try {
      Trees.delete(work);
    } catch (FoundationException e) {
      // Another process deletes it too.
    }
  }

  private RunRecord change(RunStatus status, JsonObject changes) {
    return change(workspace, id, status, changes);
  }

  /// Changes a run's record unless the run has ended.
  static RunRecord change(
      LocalWorkspace workspace, String id, RunStatus status, JsonObject changes) {
    return workspace
        .runs()
        .update(
            id,
            before ->
                RunStatus.of(before.status()).isFinal()
                    ? before
                    : status.isFinal() && before.document().has(FAILING)
                        ? failed(before, changes)
                        : before.with(
                            status.word(), before.document().toBuilder().putAll(changes).build()));
  }

  /// However its script ended: it was said before that the run failed, and perhaps why.
  private static RunRecord failed(RunRecord before, JsonObject changes) {
    var document = before.document();
    var error = document.optionalString("error").orElse("somebody set the run to Failed");
    return before.with(
        RunStatus.FAILED.word(),
        document.toBuilder().putAll(changes).put("error", error).remove(FAILING).build());
  }

  /// Waits for the end and hands on the script's output as it comes.
  ///
  /// @param lines receives every line
  /// @param raiseOnError whether a run that did not succeed is an exception
  /// @throws ComputeException code `run-failed` or `run-canceled`
  public RunStatus waitForCompletion(Consumer<String> lines, boolean raiseOnError) {
    LogFollower.follow(log(), lines, () -> status().isFinal());
    var record = record();
    var status = RunStatus.of(record.status());
    if (raiseOnError && status != RunStatus.COMPLETED) {
      throw failure(record, status);
    }
    return status;
  }

  private ComputeException failure(RunRecord record, RunStatus status) {
    if (status == RunStatus.CANCELED) {
      return new ComputeException(
          Problem.of(ComputeCode.RUN_CANCELED, "run `" + id + "` was canceled"));
    }
    return new ComputeException(
        Problem.of(ComputeCode.RUN_FAILED, "run `" + id + "` failed")
            .at(Place.file(log()))
            .because(record.document().optionalString("error").orElse("no reason was recorded"))
            .hint("`terroir run logs -r " + id + "` shows its output"));
  }

  /// The file of the script's output.
  public Path log() {
    return artifacts(directory()).resolve(DRIVER_LOG);
  }

  /// Asks the run to end with its whole process tree, and waits until it has.
  public RunStatus cancel() {
    requestCancel();
    LogFollower.follow(directory().resolve("no-log"), _ -> {}, () -> status().isFinal());
    return status();
  }

  /// Asks the run to end with its whole process tree, and comes back at once. One whose script has
  /// not started is canceled then.
  public void requestCancel() {
    if (status().isFinal()) {
      return;
    }
    var now = workspace.clock().instant().truncatedTo(ChronoUnit.MILLIS).toString();
    var after =
        workspace
            .runs()
            .update(
                id,
                before -> {
                  var document = before.document();
                  if (RunStatus.of(before.status()).isFinal()) {
                    return before;
                  }
                  return isWithoutScript(before)
                      ? before.with(
                          RunStatus.CANCELED.word(),
                          document.toBuilder().put("endTimeUtc", now).build())
                      : before.with(RunStatus.CANCEL_REQUESTED.word(), document);
                });
    if (!RunStatus.of(after.status()).isFinal()) {
      RunSupervisor.requestCancel(directory());
    }
  }

  /// Changes what is said about the run, or the status of an interactive one. A script run that is
  /// said to have failed is asked to end, and is `Failed` then.
  ///
  /// @throws ComputeException code `run-conflict`
  public RunRecord update(RunChange change) {
    record();
    var after = workspace.runs().update(id, before -> change.apply(before, workspace.clock()));
    if (after.document().has(FAILING) && !RunStatus.of(after.status()).isFinal()) {
      RunSupervisor.requestCancel(directory());
    }
    return after;
  }

  /// Its children, newest first.
  public List<Run> children() {
    return workspace
        .runs()
        .list(
            new RunRecords.Filter(null, id, true, null, List.of(), List.of(), null),
            null,
            Integer.MAX_VALUE)
        .stream()
        .map(record -> new Run(workspace, record.id()))
        .toList();
  }

  /// The exact environment that the run used.
  public Environment getEnvironment() {
    var environment = record().document().object("environment");
    return workspace
        .environments()
        .get(environment.string("name"), environment.string("version"), null)
        .environment();
  }

  /// The names of its files, with `/`, sorted; while it runs, those of its working copy's `outputs`
  /// and `logs` too.
  public List<String> getFileNames() {
    record();
    return List.copyOf(files().all().keySet());
  }

  private RunFiles files() {
    return new RunFiles(id, artifacts(directory()), work(directory()));
  }

  /// A file or folder of the run.
  ///
  /// @param name with `/`, such as `outputs/model.pkl`
  /// @throws ComputeException code `run-file-not-found`
  public Path file(String name) {
    record();
    return files().get(name);
  }

  /// Adds a file; it appears whole.
  ///
  /// @param name with `/`
  /// @throws ComputeException code `run-file-exists` or `run-file-name`
  public void addFile(String name, InputStream in) {
    record();
    files().add(name, in);
  }

  /// Copies files of the run.
  ///
  /// @param prefix of their names, or empty for all
  /// @return how many
  public int download(String prefix, Path target) {
    var names = getFileNames().stream().filter(name -> name.startsWith(prefix)).toList();
    for (var name : names) {
      var file = target.resolve(name);
      try {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.copy(file(name), file, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw FoundationException.ofFile("the file cannot be downloaded", file, e);
      }
    }
    return names.size();
  }

  /// Registers a file or folder of the run as a model.
  ///
  /// @param path such as `outputs/model.pkl`
  public ModelRegistry.Model registerModel(
      String name, String path, Map<String, String> tags, @Nullable String description) {
    return workspace.models().register(name, file(path), id, tags, description);
  }

  /// Registers a file or folder of the run as a model, with more said about it.
  public ModelRegistry.Model registerModel(
      String name,
      String path,
      Map<String, String> tags,
      @Nullable String description,
      ModelRegistry.Facts facts) {
    return workspace.models().register(name, file(path), id, tags, description, facts);
  }

  /// Everything about it, in the shape of the service's `get_details`.
  public JsonObject details() {
    return details(record(), name -> file(name).toUri().toString());
  }

  /// Everything about it.
  ///
  /// @param record what is true about it
  /// @param address where a file of it is, by its name
  public JsonObject details(RunRecord record, UnaryOperator<String> address) {
    var document = record.document();
    var shown =
        JsonObject.builder()
            .put("runId", id)
            .put("experiment", record.experiment())
            .put("number", record.number())
            .put("status", record.status())
            .put("createdTimeUtc", record.createdAt())
            .put("runType", RunRecords.SCRIPT)
            .put("parentRunId", record.parent())
            .put("tags", JsonObject.EMPTY)
            .put("properties", JsonObject.EMPTY)
            .put("inputDatasets", new JsonValue.JsonArray(List.of()))
            .put("outputDatasets", new JsonValue.JsonArray(List.of()))
            .putAll(
                document.toBuilder()
                    .remove("launched")
                    .remove("submitter")
                    .remove("queued")
                    .remove("uploads")
                    .remove(FAILING)
                    .build());
    var logs = JsonObject.builder();
    for (var name : files().all().keySet()) {
      if (name.startsWith("azureml-logs/") || name.startsWith("logs/")) {
        logs.put(name, address.apply(name));
      }
    }
    return shown.put("logFiles", logs.build()).build();
  }
}
