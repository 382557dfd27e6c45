package dev.terroir.compute;

import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The runs of a workspace, on this machine ([LocalRuns]) or on a server (module `client`).
/// Thread-safe.
///
/// @since 0.1
public interface Runs {
  /// A run that was submitted.
  ///
  /// @param id its id
  /// @param environment what it runs in, or null when that is decided later
  record Accepted(String id, Experiment.@Nullable Used environment) {}

  /// Submits a script.
  ///
  /// @param experiment its name
  Accepted submit(String experiment, ScriptRunConfig config, Progress progress);

  /// Everything about the runs, newest first.
  ///
  /// @param experiment or null for all
  List<JsonObject> list(@Nullable String experiment);

  /// Everything about a run, in the shape of the service's `get_details`.
  JsonObject details(String id);

  /// Hands on a run's output.
  ///
  /// @param isFollowed whether until the run has ended
  void log(String id, boolean isFollowed, Consumer<String> lines);

  /// Asks a run to end with its whole process tree, and waits until it has.
  void cancel(String id);

  /// What a run has logged, in the order it arrived.
  ///
  /// @param name only items of this name, or null for all
  List<JsonObject> metrics(String id, @Nullable String name);

  /// Sets tags of a run; its others stay.
  void tag(String id, Map<String, String> tags);

  /// The exact environment that a run used.
  Environment environment(String id);

  /// Copies files of a run.
  ///
  /// @param prefix of their names, or empty for all
  /// @return how many
  int download(String id, String prefix, Path target, Progress progress);
}
