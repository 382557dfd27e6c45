package dev.terroir.workspace.runs;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The records of experiments. Safe for any number of processes.
///
/// @since 0.1
public final class ExperimentRecords {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,254}");

  /// Those of workspaces from before experiments had records are told by their runs.
  private static final String SELECT =
      """
      SELECT name, MIN(created_at), MAX(document), MAX(runs) FROM (
        SELECT name, created_at, document, 0 AS runs FROM experiment
        UNION ALL
        SELECT experiment, MIN(created_at), '{}', COUNT(*) FROM run GROUP BY experiment
      ) AS known
      """;

  private final Database database;
  private final Clock clock;

  /// @param database the workspace's
  public ExperimentRecords(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /// An experiment.
  ///
  /// @param createdAt UTC, ISO 8601
  /// @param runs how many it has
  public record ExperimentRecord(
      String name, String createdAt, Map<String, String> tags, long runs) {
    /// As lists show it.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("name", name)
          .put("id", name)
          .put("createdAt", createdAt)
          .put("tags", JsonValue.ofStrings(tags))
          .put("runs", runs)
          .build();
    }
  }

  /// The name, when experiments may be called so.
  ///
  /// @throws WorkspaceException code `invalid-name`
  public static String check(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name an experiment")
              .hint("use letters, digits, `_` and `-`"));
    }
    return name;
  }

  /// Makes an experiment unless it is there.
  ///
  /// @param tags its new tags, or null to leave those it has
  public ExperimentRecord put(String name, @Nullable Map<String, String> tags) {
    check(name);
    return database.transaction(() -> {
      database.update(
          "INSERT INTO experiment (name, created_at, document) VALUES (?, ?, '{}')"
              + " ON CONFLICT (name) DO NOTHING",
          name,
          clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
      if (tags != null) {
        database.update(
            "UPDATE experiment SET document = ? WHERE name = ?",
            JsonWriter.compact(JsonObject.builder().put("tags", JsonValue.ofStrings(tags)).build()),
            name);
      }
      return get(name);
    });
  }

  /// An experiment.
  ///
  /// @throws WorkspaceException code `experiment-not-found`
  public ExperimentRecord get(String name) {
    return database
        .first(SELECT + " WHERE name = ? GROUP BY name", ExperimentRecords::read, name)
        .orElseThrow(() ->
            new WorkspaceException(
                Problem.of(
                    WorkspaceCode.EXPERIMENT_NOT_FOUND, "no experiment `" + name + "` is there")));
  }

  /// Deletes an experiment that has no runs: what was run stays on record.
  ///
  /// @throws WorkspaceException code `experiment-not-found` or `experiment-not-empty`
  public void delete(String name) {
    database.transaction(() -> {
      var runs = get(name).runs();
      if (runs > 0) {
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.EXPERIMENT_NOT_EMPTY,
                    "only empty experiments can be deleted, and `" + name + "` has runs: " + runs)
                .because("what was run stays on record")
                .hint("archive the experiment, which takes it out of lists"));
      }
      return database.update("DELETE FROM experiment WHERE name = ?", name);
    });
  }

  /// A page of experiments, by name.
  ///
  /// @param after the last name of the page before, or null
  public List<ExperimentRecord> list(@Nullable String after, int limit) {
    return database.query(
        SELECT + " WHERE name > ? GROUP BY name ORDER BY name LIMIT " + limit,
        ExperimentRecords::read,
        after == null ? "" : after);
  }

  private static ExperimentRecord read(ResultSet row) throws SQLException {
    return new ExperimentRecord(
        row.getString(1),
        row.getString(2),
        JsonReader.parseObject(row.getString(3), "experiment " + row.getString(1))
            .stringMap("tags"),
        row.getLong(4));
  }
}
