package dev.terroir.workspace.data;

import dev.terroir.foundation.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The datastores of a workspace, on this machine ([LocalDatastores]) or on a server (module
/// `client`): folders of the workspace's machine. Thread-safe. [DataTransfer] takes whole folders
/// to them and back.
///
/// @since 0.1
public interface Datastores {
  /// The default one unless another is told to be.
  String BLOBS = "workspaceblobstore";

  /// The other that every workspace has.
  String FILES = "workspacefilestore";

  /// A datastore.
  ///
  /// @param path its folder on the workspace's machine, or null when that is not told
  /// @param createdAt UTC, ISO 8601, or null for those that are always there
  record Datastore(
      String name, @Nullable String path, boolean isDefault, @Nullable String createdAt) {
    /// As lists show it.
    public JsonObject toJson() {
      var json = JsonObject.builder().put("name", name).put("isDefault", isDefault);
      if (path != null) {
        json.put("path", path);
      }
      if (createdAt != null) {
        json.put("createdAt", createdAt);
      }
      return json.build();
    }
  }

  /// A file of a datastore.
  ///
  /// @param name its path in the datastore, with `/`
  /// @param modifiedAt UTC, ISO 8601
  record DataFile(String name, long size, String modifiedAt) {
    /// As lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("name", name)
          .put("size", size)
          .put("modifiedAt", modifiedAt)
          .build();
    }
  }

  /// All of them, by name.
  List<Datastore> list();

  /// A datastore.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException code `datastore-not-found`
  Datastore get(String name);

  /// The default one, as `get_default_datastore` of the retired service.
  default Datastore getDefault() {
    return list().stream().filter(Datastore::isDefault).findFirst().orElseThrow();
  }

  /// Registers a folder, or makes one below the workspace; one that is there gets what is given.
  ///
  /// @param path an absolute path on the workspace's machine, or null to leave or make the
  ///   workspace's own folder
  /// @param isDefault whether it becomes the default one; null leaves that as it is
  /// @throws dev.terroir.foundation.problem.TerroirException code `invalid-name` or `data-refused`
  Datastore put(String name, @Nullable Path path, @Nullable Boolean isDefault);

  /// Makes a datastore that is there the default one, as `set_default_datastore` of the retired
  /// service.
  default Datastore setDefault(String name) {
    get(name);
    return put(name, null, true);
  }

  /// Forgets a datastore; its files stay.
  void unregister(String name);

  /// Its files whose names begin so, by name.
  List<DataFile> files(String store, String prefix);

  /// Takes a file of this machine there; it appears whole.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException code `data-file-exists` or
  ///   `data-refused`
  void write(String store, String relative, Path source, boolean isOverwriting);

  /// Takes a file of it to this machine, where it appears whole and replaces what is there.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException code `data-file-not-found`
  void read(String store, String relative, Path target);

  /// Deletes a file of it.
  void delete(String store, String relative);
}
