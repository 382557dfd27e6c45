package dev.terroir.workspace.data;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The registered datasets: names, with versions, for files of datastores. Safe for any number of
/// processes.
///
/// @since 0.1
public final class Datasets {
  /// When a version was taken out of lists.
  private static final String UNREGISTERED = "unregisteredAt";

  private static final String SELECT = "SELECT name, version, created_at, document FROM dataset";

  private final Database database;
  private final LocalDatastores datastores;
  private final Clock clock;

  /// @param datastores that definitions name
  public Datasets(Database database, LocalDatastores datastores, Clock clock) {
    this.database = database;
    this.datastores = datastores;
    this.clock = clock;
  }

  /// A version of a dataset.
  ///
  /// @param version counted from 1 for each name
  /// @param definition `paths`: `datastore` and `path` of each, which may have `*` and `**`
  /// @param isRegistered whether its name still finds it; one that is not is found by its version
  public record Dataset(
      String name,
      long version,
      String createdAt,
      @Nullable String description,
      Map<String, String> tags,
      JsonObject definition,
      boolean isRegistered) {
    /// `name:version`.
    public String id() {
      return name + ":" + version;
    }

    /// As lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("name", name)
          .put("version", version)
          .put("id", id())
          .put("createdAt", createdAt)
          .put("description", description)
          .put("tags", JsonValue.ofStrings(tags))
          .put("definition", definition)
          .put("isRegistered", isRegistered)
          .build();
    }
  }

  /// The definition, when its paths are sound.
  ///
  /// @throws WorkspaceException code `data-refused` or `datastore-not-found`
  public JsonObject check(JsonObject definition) {
    var paths = definition.objects("paths");
    if (paths.isEmpty()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.DATA_REFUSED, "a file dataset has at least one path")
              .at(Place.field("definition.paths"))
              .hint("write `{\"paths\": [{\"datastore\": …, \"path\": …}]}`"));
    }
    for (var path : paths) {
      datastores.folder(path.string("datastore")).resolve(path.string("path"));
    }
    return definition;
  }

  /// Registers a definition. One that equals the latest of its name gets no new version.
  ///
  /// @param isNewVersion whether another definition becomes the next version of a name that is
  ///   there
  public Dataset register(
      String name,
      JsonObject definition,
      @Nullable String description,
      Map<String, String> tags,
      boolean isNewVersion) {
    if (name.isBlank() || name.length() > 255 || name.chars().anyMatch(c -> c < 0x20 || c == '/')) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name a dataset")
              .hint("use at most 255 characters and no `/`"));
    }
    check(definition);
    return database.transaction(() -> {
      var newest = newest(name);
      var latest = newest.filter(Dataset::isRegistered);
      if (latest.isPresent() && latest.get().definition().equals(definition)) {
        return latest.get();
      }
      if (latest.isPresent() && !isNewVersion) {
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.DATASET_EXISTS,
                    "a dataset `" + name + "` of other files is registered")
                .hint("say `create_new_version` to register the next version"));
      }
      // Versions that were unregistered are not given again: runs and models name them.
      var version = newest.map(Dataset::version).orElse(0L) + 1;
      database.update(
          "INSERT INTO dataset (name, version, created_at, document) VALUES (?, ?, ?, ?)",
          name,
          version,
          now(),
          JsonWriter.compact(
              JsonObject.builder()
                  .put("definition", definition)
                  .put("description", description)
                  .put("tags", JsonValue.ofStrings(tags))
                  .build()));
      return get(name, version);
    });
  }

  /// The newest version of a name, registered or not.
  private Optional<Dataset> newest(String name) {
    return database.first(
        SELECT + " WHERE name = ? ORDER BY version DESC LIMIT 1", Datasets::read, name);
  }

  /// Takes all versions of a name out of lists. What runs and models note of them stays true: each
  /// is still found by its version, and the next one of that name counts on. Files stay.
  ///
  /// @return how many there were
  /// @throws WorkspaceException code `dataset-not-found`
  public int unregister(String name) {
    return database.transaction(() -> {
      var registered = list(name);
      if (registered.isEmpty()) {
        throw notFound(name, null);
      }
      for (var dataset : registered) {
        database.update(
            "UPDATE dataset SET document = ? WHERE name = ? AND version = ?",
            JsonWriter.compact(document(dataset).put(UNREGISTERED, now()).build()),
            name,
            dataset.version());
      }
      return registered.size();
    });
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
  }

  private static JsonObject.Builder document(Dataset dataset) {
    return JsonObject.builder()
        .put("definition", dataset.definition())
        .put("description", dataset.description())
        .put("tags", JsonValue.ofStrings(dataset.tags()));
  }

  /// A version.
  ///
  /// @param version or null for the latest that is registered
  /// @throws WorkspaceException code `dataset-not-found`
  public Dataset get(String name, @Nullable Long version) {
    var found =
        version == null
            ? newest(name).filter(Dataset::isRegistered)
            : database.first(
                SELECT + " WHERE name = ? AND version = ?", Datasets::read, name, version);
    return found.orElseThrow(() -> notFound(name, version));
  }

  private static WorkspaceException notFound(String name, @Nullable Long version) {
    return new WorkspaceException(
        Problem.of(
            WorkspaceCode.DATASET_NOT_FOUND,
            "no dataset `" + name + (version == null ? "" : ":" + version) + "` is registered"));
  }

  /// The latest version of every name, or all versions of one, newest first.
  ///
  /// @param name or null
  public List<Dataset> list(@Nullable String name) {
    if (name != null) {
      return database
          .query(SELECT + " WHERE name = ? ORDER BY version DESC", Datasets::read, name)
          .stream()
          .filter(Dataset::isRegistered)
          .toList();
    }
    var latest = new TreeMap<String, Dataset>();
    for (var dataset : database.query(SELECT + " ORDER BY name, version", Datasets::read)) {
      if (dataset.isRegistered()) {
        latest.put(dataset.name(), dataset);
      }
    }
    return List.copyOf(latest.values());
  }

  private static Dataset read(ResultSet row) throws SQLException {
    var document = JsonReader.parseObject(row.getString(4), "dataset " + row.getString(1));
    return new Dataset(
        row.getString(1),
        row.getLong(2),
        row.getString(3),
        document.optionalString("description").orElse(null),
        document.stringMap("tags"),
        document.object("definition"),
        !document.has(UNREGISTERED));
  }
}
