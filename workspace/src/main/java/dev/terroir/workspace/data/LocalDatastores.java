package dev.terroir.workspace.data;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The datastores of a workspace on this machine: folders of it. Two are always there, below the
/// workspace's own folder. Safe for any number of processes.
///
/// @since 0.1
public final class LocalDatastores implements Datastores {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,254}");

  private final Database database;
  private final Path directory;
  private final Clock clock;

  /// @param directory the workspace's `datastores`
  public LocalDatastores(Database database, Path directory, Clock clock) {
    this.database = database;
    this.directory = directory;
    this.clock = clock;
  }

  private record Known(DataFolder folder, boolean isDefault, @Nullable String createdAt) {
    Datastore datastore() {
      return new Datastore(folder.name(), folder.path().toString(), isDefault, createdAt);
    }
  }

  @Override
  public Datastore get(String name) {
    return known(name).datastore();
  }

  private Known known(String name) {
    var all = known();
    return all.stream()
        .filter(store -> store.folder().name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new WorkspaceException(
                Problem.of(
                        WorkspaceCode.DATASTORE_NOT_FOUND, "no datastore `" + name + "` is there")
                    .because(
                        "there are "
                            + String.join(
                                ", ", all.stream().map(store -> store.folder().name()).toList()))));
  }

  /// The folder of a datastore.
  ///
  /// @param name or null for the default one
  /// @throws WorkspaceException code `datastore-not-found`
  public DataFolder folder(@Nullable String name) {
    return known(name == null ? getDefault().name() : name).folder();
  }

  @Override
  public List<Datastore> list() {
    return known().stream().map(Known::datastore).toList();
  }

  private List<Known> known() {
    record Row(String name, @Nullable Path path, String createdAt, boolean isDefault) {}
    var rows =
        database.query(
            "SELECT name, created_at, document FROM datastore ORDER BY name",
            (ResultSet row) -> {
              var document = document(row);
              return new Row(
                  row.getString(1),
                  document.optionalString("path").map(Path::of).orElse(null),
                  row.getString(2),
                  document.optionalBoolean("isDefault").orElse(false));
            });
    var all = new TreeMap<String, Known>();
    var hasDefault = rows.stream().anyMatch(Row::isDefault);
    all.put(BLOBS, new Known(own(BLOBS), !hasDefault, null));
    all.put(FILES, new Known(own(FILES), false, null));
    for (var row : rows) {
      var path = row.path();
      all.put(
          row.name(),
          new Known(
              path == null ? own(row.name()) : new DataFolder(row.name(), path),
              row.isDefault(),
              row.createdAt()));
    }
    return List.copyOf(all.values());
  }

  private static JsonObject document(ResultSet row) throws SQLException {
    return JsonReader.parseObject(row.getString(3), "datastore " + row.getString(1));
  }

  private DataFolder own(String name) {
    var folder = directory.resolve(name);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw FoundationException.ofFile("the datastore cannot be made", folder, e);
    }
    return new DataFolder(name, folder);
  }

  @Override
  public Datastore put(String name, @Nullable Path path, @Nullable Boolean isDefault) {
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name a datastore")
              .hint("use letters, digits, `_` and `-`"));
    }
    var isBuiltIn = name.equals(BLOBS) || name.equals(FILES);
    if (path != null && (isBuiltIn || !path.isAbsolute() || !Files.isDirectory(path))) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.DATA_REFUSED,
                  isBuiltIn
                      ? "the datastore `" + name + "` is the workspace's own"
                      : "a datastore is a folder that is there, by its absolute path")
              .at(Place.file(path)));
    }
    return database.transaction(() -> {
      var before =
          database
              .first(
                  "SELECT name, created_at, document FROM datastore WHERE name = ?",
                  LocalDatastores::document,
                  name)
              .orElse(JsonObject.EMPTY);
      if (Boolean.TRUE.equals(isDefault)) {
        for (var other :
            database.query(
                "SELECT name, created_at, document FROM datastore",
                row -> new Named(row.getString(1), document(row)))) {
          write(other.name(), other.document().toBuilder().put("isDefault", false).build());
        }
      }
      var document = before.toBuilder();
      if (path != null) {
        document.put("path", path.toString());
      }
      if (isDefault != null) {
        document.put("isDefault", isDefault.booleanValue());
      }
      write(name, document.build());
      return get(name);
    });
  }

  private record Named(String name, JsonObject document) {}

  private void write(String name, JsonObject document) {
    database.update(
        "INSERT INTO datastore (name, created_at, document) VALUES (?, ?, ?)"
            + " ON CONFLICT (name) DO UPDATE SET document = excluded.document",
        name,
        clock.instant().truncatedTo(ChronoUnit.MILLIS).toString(),
        JsonWriter.compact(document));
  }

  @Override
  public void unregister(String name) {
    get(name);
    if (name.equals(BLOBS) || name.equals(FILES)) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.DATA_REFUSED, "the datastore `" + name + "` is the workspace's own"));
    }
    database.update("DELETE FROM datastore WHERE name = ?", name);
  }

  @Override
  public List<DataFile> files(String store, String prefix) {
    var folder = folder(store);
    var files = new ArrayList<DataFile>();
    for (var name : folder.files(prefix)) {
      var file = folder.path().resolve(name);
      try {
        files.add(
            new DataFile(
                name, Files.size(file), Files.getLastModifiedTime(file).toInstant().toString()));
      } catch (NoSuchFileException e) {
        // It was deleted meanwhile.
      } catch (IOException e) {
        throw FoundationException.ofFile("the file cannot be listed", file, e);
      }
    }
    return files;
  }

  @Override
  public void write(String store, String relative, Path source, boolean isOverwriting) {
    try (var in = Files.newInputStream(source)) {
      folder(store).write(relative, in, isOverwriting);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be read", source, e);
    }
  }

  @Override
  public void read(String store, String relative, Path target) {
    var file = folder(store).file(relative);
    AtomicFiles.write(target, out -> Files.copy(file, out));
  }

  @Override
  public void delete(String store, String relative) {
    folder(store).delete(relative);
  }
}
