package dev.terroir.workspace.models;

import dev.terroir.foundation.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The registered models of a workspace, on this machine or on a server (module `client`).
/// Thread-safe. Models are named `NAME:VERSION`, or `NAME` for the latest.
///
/// @since 0.1
public interface Models {
  /// Registers a copy of a file or folder of this machine as the next version of a name.
  JsonObject register(
      String name, Path source, Map<String, String> tags, @Nullable String description);

  /// Registers a file or folder of a run.
  ///
  /// @param path such as `outputs/model.pkl`
  JsonObject registerFromRun(
      String name, String run, String path, Map<String, String> tags, @Nullable String description);

  /// Models, by name, newest version first.
  ///
  /// @param name or null for all
  List<JsonObject> list(@Nullable String name);

  /// A model.
  JsonObject get(String id);

  /// The name of a model's file or folder.
  String fileName(String id);

  /// Copies a model.
  ///
  /// @param target that is not there yet
  void download(String id, Path target);

  /// Deletes a model that no service uses.
  void delete(String id);
}
