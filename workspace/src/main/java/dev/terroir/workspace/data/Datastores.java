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
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The datastores of a workspace: folders of this machine. Two are always there, below the
/// workspace's own folder. Safe for any number of processes.
///
/// @since 0.1
public final class Datastores {
  /// The default one unless another is told to be.
  public static final String BLOBS = "workspaceblobstore";

  /// The other that every workspace has.
  public static final String FILES = "workspacefilestore";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,254}");

  private final Database database;
  private final Path directory;
  private final Clock clock;

  /// @param directory the workspace's `datastores`
  public Datastores(Database database, Path directory, Clock clock) {
    this.database = database;
    this.directory = directory;
    this.clock = clock;
  }

  /// A datastore.
  ///
  /// @param path its folder
  /// @param createdAt UTC, ISO 8601, or null for those that are always there
  public record Datastore(String name, Path path, boolean isDefault, @Nullable String createdAt) {
    /// As lists show it.
    public JsonObject toJson() {
      var json =
          JsonObject.builder()
              .put("name", name)
              .put("isDefault", isDefault)
              .put("path", path.toString());
      if (createdAt != null) {
        json.put("createdAt", createdAt);
      }
      return json.build();
    }

    /// A file or folder of it, which need not be there.
    ///
    /// @param relative with `/`; empty, `.` and `/` are the datastore itself
    /// @throws WorkspaceException code `data-refused` when it leads out
    public Path resolve(String relative) {
      var text = relative.replaceFirst("^(\\./+|/+)+", "").replaceFirst("/+$", "");
      if (text.isEmpty() || text.equals(".")) {
        return path;
      }
      var isSound =
          text.length() <= 4096
              && text.chars().noneMatch(c -> c < 0x20 || c == 0x7f || c == '\\')
              && Arrays.stream(text.split("/", -1))
                  .noneMatch(part ->
                      part.isEmpty()
                          || part.equals(".")
                          || part.equals("..")
                          || part.length() > 255);
      if (!isSound) {
        throw refusal("`" + relative + "` is no path of a datastore");
      }
      var file = path.resolve(text);
      try {
        Path there = file;
        while (!Files.exists(there)) {
          there = there.resolveSibling("").normalize();
        }
        if (!there.toRealPath().startsWith(path.toRealPath())) {
          throw refusal("`" + relative + "` leads out of the datastore `" + name + "`");
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the path cannot be followed", file, e);
      }
      return file;
    }

    private static WorkspaceException refusal(String what) {
      return new WorkspaceException(
          Problem.of(WorkspaceCode.DATA_REFUSED, what)
              .hint("write it relative, with `/` between its parts, without `..`"));
    }
  }

  /// A datastore.
  ///
  /// @throws WorkspaceException code `datastore-not-found`
  public Datastore get(String name) {
    return list().stream()
        .filter(store -> store.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new WorkspaceException(
                Problem.of(
                        WorkspaceCode.DATASTORE_NOT_FOUND, "no datastore `" + name + "` is there")
                    .because(
                        "there are "
                            + String.join(", ", list().stream().map(Datastore::name).toList()))));
  }

  /// The default one.
  public Datastore getDefault() {
    return list().stream().filter(Datastore::isDefault).findFirst().orElseThrow();
  }

  /// All of them, by name.
  public List<Datastore> list() {
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
    var all = new java.util.TreeMap<String, Datastore>();
    var hasDefault = rows.stream().anyMatch(Row::isDefault);
    all.put(BLOBS, made(BLOBS, !hasDefault));
    all.put(FILES, made(FILES, false));
    for (var row : rows) {
      var path = row.path();
      all.put(
          row.name(),
          path == null
              ? new Datastore(row.name(), folder(row.name()), row.isDefault(), row.createdAt())
              : new Datastore(row.name(), path, row.isDefault(), row.createdAt()));
    }
    return List.copyOf(all.values());
  }

  private static JsonObject document(ResultSet row) throws SQLException {
    return JsonReader.parseObject(row.getString(3), "datastore " + row.getString(1));
  }

  private Datastore made(String name, boolean isDefault) {
    return new Datastore(name, folder(name), isDefault, null);
  }

  private Path folder(String name) {
    var folder = directory.resolve(name);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw FoundationException.ofFile("the datastore cannot be made", folder, e);
    }
    return folder;
  }

  /// Registers a folder, or makes one below the workspace.
  ///
  /// @param path a folder of this machine, or null to leave or make the workspace's own
  /// @param isDefault whether it becomes the default one; null leaves that as it is
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
                  Datastores::document,
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

  /// Forgets a datastore; its files stay.
  public void unregister(String name) {
    get(name);
    if (name.equals(BLOBS) || name.equals(FILES)) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.DATA_REFUSED, "the datastore `" + name + "` is the workspace's own"));
    }
    database.update("DELETE FROM datastore WHERE name = ?", name);
  }

  /// The names of its files that begin so, with `/`, sorted.
  public List<String> files(Datastore store, String prefix) {
    if (!Files.isDirectory(store.path())) {
      return List.of();
    }
    try (var walk = Files.walk(store.path())) {
      return walk.filter(Files::isRegularFile)
          .map(file -> store.path().relativize(file).toString())
          .filter(name -> name.startsWith(prefix))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the files cannot be listed", store.path(), e);
    }
  }

  /// A file of it.
  ///
  /// @throws WorkspaceException code `data-file-not-found`
  public Path file(Datastore store, String relative) {
    var file = store.resolve(relative);
    if (!Files.isRegularFile(file)) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.DATA_FILE_NOT_FOUND,
              "the datastore `" + store.name() + "` has no file `" + relative + "`"));
    }
    return file;
  }

  /// Writes a file; it appears whole.
  ///
  /// @throws WorkspaceException code `data-file-exists`
  public void write(Datastore store, String relative, InputStream in, boolean isOverwriting) {
    var file = store.resolve(relative);
    var temporary = AtomicFiles.temporaryBeside(file);
    try {
      if (Files.isDirectory(file) || (Files.exists(file) && !isOverwriting)) {
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.DATA_FILE_EXISTS,
                    "the datastore `" + store.name() + "` has a file `" + relative + "`")
                .hint("say `overwrite` to replace it"));
      }
      Files.createDirectories(file.resolveSibling("").normalize());
      Files.copy(in, temporary);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be written", file, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // It was never there.
      }
    }
  }

  /// Deletes a file.
  public void delete(Datastore store, String relative) {
    var file = file(store, relative);
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be deleted", file, e);
    }
  }
}
