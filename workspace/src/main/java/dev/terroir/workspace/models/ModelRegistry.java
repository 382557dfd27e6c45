package dev.terroir.workspace.models;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The registered models. Safe for any number of processes.
///
/// @since 0.1
public final class ModelRegistry {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,254}");

  private final Database database;
  private final Path directory;
  private final Clock clock;

  /// @param directory the workspace's `models`
  public ModelRegistry(Database database, Path directory, Clock clock) {
    this.database = database;
    this.directory = directory;
    this.clock = clock;
  }

  /// A registered version of a model.
  ///
  /// @param name its name
  /// @param version counted from 1 for each name; a deleted number is not used again
  /// @param path the file or folder, under its original name
  /// @param createdAt UTC, ISO 8601
  /// @param runId the run it came from, or null
  /// @param tags words of its owner
  /// @param description or null
  /// @param sizeBytes of all its files
  /// @param sha256 of its files' names and contents
  /// @param facts more of its owner
  public record Model(
      String name,
      long version,
      Path path,
      String createdAt,
      @Nullable String runId,
      Map<String, String> tags,
      @Nullable String description,
      long sizeBytes,
      String sha256,
      Facts facts) {
    /// `name:version`.
    public String id() {
      return name + ":" + version;
    }

    /// The model as lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("id", id())
          .put("name", name)
          .put("version", version)
          .put("createdTime", createdAt)
          .put("description", description)
          .put("runId", runId)
          .put("tags", JsonValue.ofStrings(tags))
          .put("properties", JsonValue.ofStrings(facts.properties()))
          .put("modelFramework", facts.framework())
          .put("modelFrameworkVersion", facts.frameworkVersion())
          .put("sizeBytes", sizeBytes)
          .put("sha256", sha256)
          .put("url", path.toUri().toString())
          .build();
    }

    /// Its files, by their names below the folder that it is, or its own name alone.
    public Map<String, Path> files() {
      var found = new TreeMap<String, Path>();
      try {
        if (Files.isRegularFile(path)) {
          found.put(String.valueOf(path.getFileName()), path);
        } else {
          for (var file : ModelRegistry.files(path)) {
            found.put(path.relativize(file).toString(), file);
          }
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the model's files cannot be listed", path, e);
      }
      return found;
    }
  }

  /// What an owner says about a model beside its tags.
  ///
  /// @param properties words that never change once they are said
  /// @param framework such as `ScikitLearn`, or null
  /// @param frameworkVersion or null
  public record Facts(
      Map<String, String> properties,
      @Nullable String framework,
      @Nullable String frameworkVersion) {
    /// Nothing is said.
    public static final Facts NONE = new Facts(Map.of(), null, null);

    /// Copies the map.
    public Facts {
      properties = Collections.unmodifiableMap(new TreeMap<>(properties));
    }
  }

  /// Registers a copy of a file or folder as the next version of a name.
  ///
  /// @param runId the run it came from, or null
  /// @throws WorkspaceException when the name or the path cannot be used
  public Model register(
      String name,
      Path source,
      @Nullable String runId,
      Map<String, String> tags,
      @Nullable String description) {
    return register(name, source, runId, tags, description, Facts.NONE);
  }

  /// Registers a copy of a file or folder as the next version of a name, with more said about it.
  ///
  /// @param runId the run it came from, or null
  /// @throws WorkspaceException when the name or the path cannot be used
  public Model register(
      String name,
      Path source,
      @Nullable String runId,
      Map<String, String> tags,
      @Nullable String description,
      Facts facts) {
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name a model")
              .hint("use letters, digits, `.`, `_` and `-`, at most 255"));
    }
    if (!Files.exists(source)) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.MODEL_REFUSED, "there is no file or folder to register")
              .at(Place.file(source)));
    }
    var fileName = String.valueOf(source.toAbsolutePath().normalize().getFileName());
    var folder = directory.resolve(name);
    var temporary = AtomicFiles.temporaryBeside(folder.resolve("upload"));
    try {
      Files.createDirectories(temporary);
      Trees.copy(source, temporary.resolve(fileName));
      var digest = Sha256.engine();
      var size = 0L;
      for (var file : files(temporary)) {
        digest.update(
            (temporary.relativize(file) + "\0" + Sha256.of(file).hex() + "\n")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        size += Files.size(file);
      }
      return add(
          name,
          temporary,
          fileName,
          size,
          Sha256.finish(digest).hex(),
          runId,
          tags,
          description,
          facts);
    } catch (IOException e) {
      throw FoundationException.ofFile("the model `" + name + "` cannot be stored", source, e);
    } finally {
      if (Files.exists(temporary)) {
        Trees.delete(temporary);
      }
    }
  }

  private Model add(
      String name,
      Path temporary,
      String fileName,
      long size,
      String sha256,
      @Nullable String runId,
      Map<String, String> tags,
      @Nullable String description,
      Facts facts) {
    return database.transaction(() -> {
      database.update(
          "INSERT INTO model_counter VALUES (?, 1)"
              + " ON CONFLICT (name) DO UPDATE SET last = model_counter.last + 1",
          name);
      var version =
          database
              .first("SELECT last FROM model_counter WHERE name = ?", row -> row.getLong(1), name)
              .orElseThrow();
      var target = directory.resolve(name).resolve(String.valueOf(version));
      try {
        // A killed registration may have left files without a record.
        if (Files.exists(target)) {
          Trees.delete(target);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw FoundationException.ofFile("the model cannot be stored", target, e);
      }
      var document =
          JsonObject.builder()
              .put("fileName", fileName)
              .put("runId", runId)
              .put("tags", JsonValue.ofStrings(tags))
              .put("description", description)
              .put("sizeBytes", size)
              .put("sha256", sha256)
              .put("properties", JsonValue.ofStrings(facts.properties()))
              .put("modelFramework", facts.framework())
              .put("modelFrameworkVersion", facts.frameworkVersion())
              .build();
      database.update(
          "INSERT INTO model VALUES (?, ?, ?, ?)",
          name,
          version,
          clock.instant().truncatedTo(java.time.temporal.ChronoUnit.MILLIS).toString(),
          JsonWriter.compact(document));
      return get(name, version);
    });
  }

  /// A version of a model.
  ///
  /// @param version or null for the latest
  /// @throws WorkspaceException code `model-not-found`
  public Model get(String name, @Nullable Long version) {
    var found =
        version == null
            ? database.first(
                SELECT + " WHERE name = ? ORDER BY version DESC LIMIT 1", this::read, name)
            : database.first(SELECT + " WHERE name = ? AND version = ?", this::read, name, version);
    return found.orElseThrow(() ->
        new WorkspaceException(
            Problem.of(
                    WorkspaceCode.MODEL_NOT_FOUND,
                    "no model `"
                        + name
                        + (version == null ? "" : ":" + version)
                        + "` is registered")
                .hint("`terroir model list` shows the models")));
  }

  /// A model by `name` or `name:version`.
  public Model parse(String id) {
    var colon = id.lastIndexOf(':');
    if (colon < 0) {
      return get(id, null);
    }
    try {
      return get(id.substring(0, colon), Long.valueOf(id.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.MODEL_NOT_FOUND, "`" + id + "` names no model")
              .hint("write NAME or NAME:VERSION, the version being a whole number"),
          e);
    }
  }

  /// All versions, newest first.
  ///
  /// @param name or null for all models
  public List<Model> list(@Nullable String name) {
    return name == null
        ? database.query(SELECT + " ORDER BY name, version DESC", this::read)
        : database.query(SELECT + " WHERE name = ? ORDER BY version DESC", this::read, name);
  }

  /// Changes what is said about a version.
  ///
  /// @param change gets the present document and gives the next; only `tags`, `properties` and
  ///   `description` of it are kept
  /// @throws WorkspaceException code `model-refused` when a property would change
  public Model update(String name, long version, UnaryOperator<JsonObject> change) {
    return database.transaction(() -> {
      var before = get(name, version);
      var document =
          database
              .first(
                  SELECT + " WHERE name = ? AND version = ?",
                  row -> JsonReader.parseObject(row.getString(4), "model " + name),
                  name,
                  version)
              .orElseThrow();
      var wanted = change.apply(document);
      var properties = wanted.stringMap("properties");
      for (var property : before.facts().properties().entrySet()) {
        if (!property.getValue().equals(properties.get(property.getKey()))) {
          throw new WorkspaceException(
              Problem.of(
                      WorkspaceCode.MODEL_REFUSED,
                      "property `"
                          + property.getKey()
                          + "` of model `"
                          + before.id()
                          + "` is said already")
                  .because("it is `" + property.getValue() + "`, and properties never change")
                  .hint("use a tag for what may change"));
        }
      }
      database.update(
          "UPDATE model SET document = ? WHERE name = ? AND version = ?",
          JsonWriter.compact(
              document.toBuilder()
                  .put("tags", JsonValue.ofStrings(wanted.stringMap("tags")))
                  .put("properties", JsonValue.ofStrings(properties))
                  .put("description", wanted.optionalString("description").orElse(null))
                  .build()),
          name,
          version);
      return get(name, version);
    });
  }

  /// Deletes a version and its files.
  public void delete(Model model) {
    database.update(
        "DELETE FROM model WHERE name = ? AND version = ?", model.name(), model.version());
    Trees.delete(directory.resolve(model.name()).resolve(String.valueOf(model.version())));
  }

  private static final String SELECT = "SELECT name, version, created_at, document FROM model";

  private Model read(ResultSet row) throws SQLException {
    var document = JsonReader.parseObject(row.getString(4), "model " + row.getString(1));
    return new Model(
        row.getString(1),
        row.getLong(2),
        directory
            .resolve(row.getString(1))
            .resolve(row.getString(2))
            .resolve(document.string("fileName")),
        row.getString(3),
        document.optionalString("runId").orElse(null),
        document.stringMap("tags"),
        document.optionalString("description").orElse(null),
        document.longValue("sizeBytes"),
        document.string("sha256"),
        new Facts(
            document.stringMap("properties"),
            document.optionalString("modelFramework").orElse(null),
            document.optionalString("modelFrameworkVersion").orElse(null)));
  }

  private static List<Path> files(Path root) throws IOException {
    try (var walk = Files.walk(root)) {
      return new ArrayList<>(walk.filter(Files::isRegularFile).sorted().toList());
    }
  }
}
