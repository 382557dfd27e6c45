package dev.terroir.workspace.runs;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.database.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The records of runs. Safe for any number of processes.
///
/// @since 0.1
public final class RunRecords {
  private final Database database;

  /// @param database the workspace's
  public RunRecords(Database database) {
    this.database = database;
  }

  /// A run as recorded.
  ///
  /// @param id unique in the workspace
  /// @param experiment the experiment's name
  /// @param number counted from 1 in each experiment
  /// @param status one of the service's status words
  /// @param createdAt UTC, ISO 8601
  /// @param document everything else, written by the module that runs it
  public record RunRecord(
      String id,
      String experiment,
      long number,
      String status,
      String createdAt,
      JsonObject document) {}

  /// Records a new run.
  public RunRecord add(
      String id, String experiment, String status, String createdAt, JsonObject document) {
    return database.transaction(() -> {
      database.update(
          "INSERT INTO run (id, experiment, number, status, created_at, document) VALUES (?, ?,"
              + " (SELECT COALESCE(MAX(number), 0) + 1 FROM run WHERE experiment = ?), ?, ?, ?)",
          id,
          experiment,
          experiment,
          status,
          createdAt,
          JsonWriter.compact(document));
      return get(id);
    });
  }

  /// Changes a run's status and document as one step; what the change sees is what is recorded.
  public RunRecord update(String id, UnaryOperator<RunRecord> change) {
    return database.transaction(() -> {
      var before = get(id);
      var after = change.apply(before);
      if (!after.equals(before)) {
        database.update(
            "UPDATE run SET status = ?, document = ? WHERE id = ?",
            after.status(),
            JsonWriter.compact(after.document()),
            id);
      }
      return after;
    });
  }

  /// A run.
  ///
  /// @throws WorkspaceException code `run-not-found`
  public RunRecord get(String id) {
    return database
        .first(SELECT + " WHERE id = ?", RunRecords::read, id)
        .orElseThrow(() ->
            new WorkspaceException(
                Problem.of(WorkspaceCode.RUN_NOT_FOUND, "no run `" + id + "` is recorded")
                    .hint("`terroir run list` shows the runs")));
  }

  /// Runs, newest first.
  ///
  /// @param experiment or null for all
  public List<RunRecord> list(@Nullable String experiment) {
    return experiment == null
        ? database.query(
            SELECT + " ORDER BY created_at DESC, experiment, number DESC", RunRecords::read)
        : database.query(
            SELECT + " WHERE experiment = ? ORDER BY number DESC", RunRecords::read, experiment);
  }

  /// The names of all experiments.
  public List<String> experiments() {
    return database.query(
        "SELECT DISTINCT experiment FROM run ORDER BY experiment", row -> row.getString(1));
  }

  private static final String SELECT =
      "SELECT id, experiment, number, status, created_at, document FROM run";

  private static RunRecord read(ResultSet row) throws SQLException {
    return new RunRecord(
        row.getString(1),
        row.getString(2),
        row.getLong(3),
        row.getString(4),
        row.getString(5),
        JsonReader.parseObject(row.getString(6), "run " + row.getString(1)));
  }
}
