package dev.terroir.workspace.environments;

import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The registered environments in the database of a workspace. Safe for any number of processes.
///
/// @since 0.1
public final class DatabaseEnvironments implements EnvironmentRegistry {
  private final Database database;
  private final Clock clock;

  /// @param clock says when something was registered
  public DatabaseEnvironments(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public Registered register(Environment environment) {
    return register(environment, _ -> {});
  }

  /// Registers a definition, and writes of it in the same transaction.
  ///
  /// @param record is given what is registered now, and was not before
  public Registered register(Environment environment, Consumer<Registered> record) {
    Validation.checkNewName(environment.name());
    Validation.check(environment);
    // Made before: nobody else writes meanwhile.
    var same = comparable(environment);
    var hash = CanonicalForm.hash(environment);
    return database.transaction(() -> {
      var registered = register(environment, same, hash);
      if (registered.isNew()) {
        record.accept(registered);
      }
      return registered;
    });
  }

  private Registered register(Environment environment, String same, String hash) {
    var wanted = environment.version();
    if (wanted != null && !isAutosaveName(wanted)) {
      var taken = row(environment.name(), wanted);
      if (taken.isPresent()) {
        if (comparable(taken.get().environment()).equals(same)) {
          return taken.get();
        }
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.VERSION_TAKEN,
                    "environment `"
                        + environment.name()
                        + "` with version `"
                        + wanted
                        + "` is already registered and cannot be changed")
                .hint("leave the version out to have the next one"));
      }
      return insert(environment, wanted, hash, false);
    }
    var known = known(environment.name());
    var latest = known.latest();
    if (latest.isPresent() && comparable(latest.get().environment()).equals(same)) {
      return latest.get();
    }
    return insert(environment, String.valueOf(known.next()), hash, false);
  }

  /// Registers what a run or deployment uses, unless some version of that name holds the same
  /// definition.
  public Registered autosave(Environment environment) {
    Validation.check(environment);
    return database.transaction(() -> {
      var same = comparable(environment);
      for (var version : all(environment.name())) {
        if (comparable(version.environment()).equals(same)) {
          return version;
        }
      }
      var curated = CuratedEnvironments.find(environment.name());
      if (curated.isPresent() && comparable(curated.get()).equals(same)) {
        return curated(curated.get());
      }
      var time = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
      var name = "Autosave_" + time + "_" + Sha256.of(same + time).hex().substring(0, 8);
      return insert(environment, name, CanonicalForm.hash(environment), true);
    });
  }

  @Override
  public Registered get(String name, @Nullable String version, @Nullable String label) {
    var wanted = version;
    if (label != null && !label.equals("latest")) {
      wanted =
          database
              .first(
                  "SELECT version FROM environment_label WHERE name = ? AND label = ?",
                  row -> row.getString(1),
                  name,
                  label)
              .orElseThrow(() -> notFound(name, "label `" + label + "`"));
    }
    var found = wanted == null ? latest(name) : row(name, wanted);
    if (found.isPresent()) {
      return found.get();
    }
    var curated = CuratedEnvironments.find(name);
    if (curated.isPresent()
        && (version == null || version.equals(curated.get().version()))
        && label == null) {
      return curated(curated.get());
    }
    throw notFound(name, version == null ? null : "version `" + version + "`");
  }

  @Override
  public Map<String, Registered> list() {
    var result = new TreeMap<String, Registered>();
    CuratedEnvironments.all().forEach(item -> result.put(item.name(), curated(item)));
    database
        .query(
            SELECT + " WHERE autosaved = 0 AND archived = 0 ORDER BY name, ordinal",
            DatabaseEnvironments::read)
        .forEach(item -> result.put(item.environment().name(), item));
    return result;
  }

  /// A part of [#list], by name, without reading the rest.
  ///
  /// @param prefix what names begin with, empty for all
  /// @param after the name that it begins after, empty for the first page
  public List<Registered> page(String prefix, String after, int limit) {
    var result = new TreeMap<String, Registered>();
    CuratedEnvironments.all().stream()
        .filter(item -> item.name().startsWith(prefix) && item.name().compareTo(after) > 0)
        .forEach(item -> result.put(item.name(), curated(item)));
    database
        .query(
            "SELECT e.definition, e.hash, e.created_at, e.autosaved, e.archived"
                + " FROM environment e JOIN"
                + " (SELECT name, MAX(ordinal) AS last FROM environment"
                + " WHERE autosaved = 0 AND archived = 0 AND name > ? AND name >= ?"
                + " AND substr(name, 1, CAST(? AS INTEGER)) = ?"
                + " GROUP BY name ORDER BY name LIMIT ?) latest"
                + " ON e.name = latest.name AND e.ordinal = latest.last",
            DatabaseEnvironments::read,
            after,
            prefix,
            (long) prefix.length(),
            prefix,
            (long) limit)
        .forEach(item -> result.put(item.environment().name(), item));
    return result.values().stream().limit(limit).toList();
  }

  /// Every name, sorted, also where lists leave all its versions out.
  public List<String> names() {
    var names = new TreeSet<String>();
    CuratedEnvironments.all().forEach(item -> names.add(item.name()));
    names.addAll(database.query("SELECT DISTINCT name FROM environment", row -> row.getString(1)));
    return List.copyOf(names);
  }

  @Override
  public List<Listed> listStored() {
    var result = new TreeMap<String, Listed>();
    CuratedEnvironments.stored().forEach(item -> result.put(item.name(), item));
    database.query(
        "SELECT e.name, e.version, e.definition FROM environment e JOIN"
            + " (SELECT name, MAX(ordinal) AS last FROM environment"
            + " WHERE autosaved = 0 AND archived = 0 GROUP BY name) latest"
            + " ON e.name = latest.name AND e.ordinal = latest.last",
        row ->
            result.put(
                row.getString(1),
                new Listed(row.getString(1), row.getString(2), row.getString(3))));
    return List.copyOf(result.values());
  }

  @Override
  public List<Registered> versions(String name) {
    return List.copyOf(all(name));
  }

  @Override
  public void archive(String name, @Nullable String version, boolean archived) {
    // All versions of a name may be archived, so that it has no latest one.
    if (version != null || all(name).isEmpty()) {
      get(name, version, null);
    }
    var count =
        version == null
            ? database.update(
                "UPDATE environment SET archived = ? WHERE name = ?", archived ? 1 : 0, name)
            : database.update(
                "UPDATE environment SET archived = ? WHERE name = ? AND version = ?",
                archived ? 1 : 0,
                name,
                version);
    if (count == 0) {
      throw new WorkspaceException(
          Problem.of(
              WorkspaceCode.INVALID_NAME,
              "`" + name + "` is a curated environment and cannot be archived"));
    }
  }

  @Override
  public void label(String name, String version, List<String> labels) {
    get(name, version, null);
    database.transaction(() -> {
      for (var label : labels) {
        if (label.equals("latest") || label.isBlank()) {
          throw new WorkspaceException(
              Problem.of(
                  WorkspaceCode.INVALID_NAME, "the label `" + label + "` is kept by Terroir"));
        }
        database.update(
            "INSERT INTO environment_label VALUES (?, ?, ?)"
                + " ON CONFLICT (name, label) DO UPDATE SET version = excluded.version",
            name,
            label,
            version);
      }
      return labels.size();
    });
  }

  @Override
  public List<String> labels(String name, String version) {
    return database.query(
        "SELECT label FROM environment_label WHERE name = ? AND version = ? ORDER BY label",
        row -> row.getString(1),
        name,
        version);
  }

  /// The labels of many versions, asked for at once.
  ///
  /// @param versions of names that lie near each other, such as those of a page
  /// @return the labels of each version that has some
  public Map<Labelled, List<String>> labels(List<Registered> versions) {
    var names = versions.stream().map(it -> it.environment().name()).sorted().toList();
    var result = new HashMap<Labelled, List<String>>();
    if (!names.isEmpty()) {
      database.query(
          "SELECT name, version, label FROM environment_label WHERE name >= ? AND name <= ?"
              + " ORDER BY name, label",
          row ->
              result
                  .computeIfAbsent(
                      new Labelled(row.getString(1), row.getString(2)), _ -> new ArrayList<>())
                  .add(row.getString(3)),
          names.getFirst(),
          names.getLast());
    }
    return result;
  }

  /// What labels point at.
  public record Labelled(String name, String version) {
    /// A version that is registered.
    public static Labelled of(Registered version) {
      return new Labelled(version.environment().name(), version.version());
    }
  }

  /// Curated ones never change, and every list has them.
  private static final Map<String, Registered> CURATED = new ConcurrentHashMap<>();

  private static final String SELECT =
      "SELECT definition, hash, created_at, autosaved, archived FROM environment";

  private static Registered read(ResultSet row) throws SQLException {
    return new Registered(
        Environment.parse(row.getString(1), "the workspace's database"),
        row.getString(2),
        row.getString(3),
        row.getInt(4) != 0,
        row.getInt(5) != 0,
        false);
  }

  private Optional<Registered> row(String name, String version) {
    return database.first(
        SELECT + " WHERE name = ? AND version = ?", DatabaseEnvironments::read, name, version);
  }

  private Optional<Registered> latest(String name) {
    return database.first(
        SELECT + " WHERE name = ? AND autosaved = 0 AND archived = 0 ORDER BY ordinal DESC LIMIT 1",
        DatabaseEnvironments::read,
        name);
  }

  private List<Registered> all(String name) {
    return new ArrayList<>(
        database.query(
            SELECT + " WHERE name = ? ORDER BY ordinal", DatabaseEnvironments::read, name));
  }

  /// What a registration asks of a name.
  ///
  /// @param latest of those that lists show
  /// @param next the number of a new version
  private record Known(Optional<Registered> latest, int next) {}

  /// Asked at once: others who write wait for every answer.
  private Known known(String name) {
    var latest = new ArrayList<Registered>();
    var numbers =
        database.query(
            "SELECT CASE WHEN ordinal = (SELECT MAX(ordinal) FROM environment WHERE name = ? AND"
                + " autosaved = 0 AND archived = 0) THEN definition END, hash, created_at,"
                + " autosaved, archived, version FROM environment WHERE name = ?",
            row -> {
              if (row.getString(1) != null) {
                latest.add(read(row));
              }
              var version = row.getString(6);
              return version.matches("[0-9]{1,9}") ? Integer.parseInt(version) : 0;
            },
            name,
            name);
    return new Known(
        latest.stream().findFirst(),
        numbers.stream().mapToInt(Integer::intValue).max().orElse(0) + 1);
  }

  private Registered insert(
      Environment environment, String version, String hash, boolean autosaved) {
    var registered = environment.withVersion(version);
    var created = clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
    database.update(
        "INSERT INTO environment (name, version, ordinal, hash, definition, created_at, autosaved)"
            + " VALUES (?, ?, (SELECT COALESCE(MAX(ordinal), 0) + 1 FROM environment WHERE name ="
            + " ?), ?, ?, ?, ?)",
        environment.name(),
        version,
        environment.name(),
        hash,
        JsonWriter.compact(registered.toJson()),
        created,
        autosaved ? 1 : 0);
    return new Registered(registered, hash, created, autosaved, false, true);
  }

  private static Registered curated(Environment environment) {
    return CURATED.computeIfAbsent(
        environment.name(),
        _ ->
            new Registered(
                environment,
                CanonicalForm.hash(environment),
                "2026-01-01T00:00:00Z",
                false,
                false,
                false));
  }

  private static boolean isAutosaveName(String version) {
    return version.startsWith("Autosave_");
  }

  /// What two registrations are compared by: everything but version and asset id, whatever the
  /// keys' order.
  private static String comparable(Environment environment) {
    return JsonWriter.canonical(
        environment.toJson().toBuilder().remove("version").remove("assetId").build());
  }

  private WorkspaceException notFound(String name, @Nullable String what) {
    var problem =
        Problem.of(
            WorkspaceCode.ENVIRONMENT_NOT_FOUND,
            what == null
                ? "no environment `" + name + "` is registered"
                : "environment `" + name + "` has no " + what);
    var versions = all(name).stream().map(Registered::version).toList();
    if (!versions.isEmpty()) {
      problem = problem.because("its versions are " + String.join(", ", versions));
    }
    return new WorkspaceException(
        problem.hint("`terroir environment list` shows what is registered"));
  }
}
