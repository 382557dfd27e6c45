package dev.terroir.compute;

import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.compute.supervisor.LogFollower;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The runs of a workspace on this machine. Thread-safe.
///
/// @since 0.1
public final class LocalRuns implements Runs {
  private static final int METRICS_AT_ONCE = 1000;

  private final LocalWorkspace workspace;

  /// @param workspace theirs
  public LocalRuns(LocalWorkspace workspace) {
    this.workspace = workspace;
  }

  @Override
  public Accepted submit(String experiment, ScriptRunConfig config, Progress progress) {
    var submitted = new Experiment(workspace, experiment).submit(config, progress);
    return new Accepted(submitted.run().id(), submitted.environment());
  }

  @Override
  public List<JsonObject> list(@Nullable String experiment) {
    return Run.list(workspace, experiment).stream().map(Run::details).toList();
  }

  @Override
  public JsonObject details(String id) {
    return Run.get(workspace, id).details();
  }

  @Override
  public void log(String id, boolean isFollowed, Consumer<String> lines) {
    var run = Run.get(workspace, id);
    LogFollower.follow(run.log(), lines, isFollowed ? () -> run.status().isFinal() : () -> true);
  }

  @Override
  public void cancel(String id) {
    Run.get(workspace, id).cancel();
  }

  @Override
  public List<JsonObject> metrics(String id, @Nullable String name) {
    var run = Run.get(workspace, id);
    var items = new ArrayList<JsonObject>();
    var after = 0L;
    while (true) {
      var page = workspace.metrics().list(run.id(), name, after, METRICS_AT_ONCE);
      page.forEach(item -> items.add(item.toJson()));
      if (page.size() < METRICS_AT_ONCE) {
        return items;
      }
      after = page.getLast().ordinal();
    }
  }

  @Override
  public void tag(String id, Map<String, String> tags) {
    Run.get(workspace, id)
        .update(new RunChange(JsonObject.builder().put("tags", JsonValue.ofStrings(tags)).build()));
  }

  @Override
  public Environment environment(String id) {
    return Run.get(workspace, id).getEnvironment();
  }

  @Override
  public int download(String id, String prefix, Path target, Progress progress) {
    return Run.get(workspace, id).download(prefix, target);
  }
}
