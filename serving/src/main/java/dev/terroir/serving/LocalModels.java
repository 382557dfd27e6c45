package dev.terroir.serving;

import dev.terroir.compute.Run;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.models.ModelRegistry.Model;
import dev.terroir.workspace.models.Models;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The models of a workspace on this machine; only here it is known which of them services use.
/// Thread-safe.
///
/// @since 0.1
public final class LocalModels implements Models {
  private final LocalWorkspace workspace;

  /// @param workspace theirs
  public LocalModels(LocalWorkspace workspace) {
    this.workspace = workspace;
  }

  private Model find(String id) {
    return workspace.models().parse(id);
  }

  @Override
  public JsonObject register(
      String name, Path source, Map<String, String> tags, @Nullable String description) {
    return workspace.models().register(name, source, null, tags, description).toJson();
  }

  @Override
  public JsonObject registerFromRun(
      String name,
      String run,
      String path,
      Map<String, String> tags,
      @Nullable String description) {
    return Run.get(workspace, run).registerModel(name, path, tags, description).toJson();
  }

  @Override
  public List<JsonObject> list(@Nullable String name) {
    return workspace.models().list(name).stream().map(Model::toJson).toList();
  }

  @Override
  public JsonObject get(String id) {
    return find(id).toJson();
  }

  @Override
  public String fileName(String id) {
    return String.valueOf(find(id).path().getFileName());
  }

  @Override
  public void download(String id, Path target) {
    Trees.copy(find(id).path(), target.toAbsolutePath());
  }

  @Override
  public void delete(String id) {
    new Services(workspace).deleteModel(find(id));
  }
}
