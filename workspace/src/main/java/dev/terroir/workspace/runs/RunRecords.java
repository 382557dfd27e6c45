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
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
  /// @param parent the run that it is a child of, or null
  public record RunRecord(
      String id,
      String experiment,
      long number,
      String status,
      String createdAt,
      JsonObject document,
      @Nullable String parent) {
    /// The same with another status and document.
    public RunRecord with(String newStatus, JsonObject newDocument) {
      return new RunRecord(id, experiment, number, newStatus, createdAt, newDocument, parent);
    }
  }

  /// Records a new run.
  public RunRecord add(
      String id, String experiment, String status, String createdAt, JsonObject document) {
    return add(id, experiment, status, createdAt, document, null);
  }

  /// Records a new run, a child of another when it has a parent.
  ///
  /// @throws WorkspaceException code `run-exists`
  public RunRecord add(
      String id,
      String experiment,
      String status,
      String createdAt,
      JsonObject document,
      @Nullable String parent) {
    return database.transaction(() -> {
      if (database.first("SELECT 1 FROM run WHERE id = ?", row -> row.getLong(1), id).isPresent()) {
        throw new WorkspaceException(
            Problem.of(WorkspaceCode.RUN_EXISTS, "a run `" + id + "` is recorded already")
                .hint("leave the id out to have one made"));
      }
      database.update(
          "INSERT INTO experiment (name, created_at, document) VALUES (?, ?, '{}')"
              + " ON CONFLICT (name) DO NOTHING",
          experiment,
          createdAt);
      database.update(
          "INSERT INTO run (id, experiment, number, status, created_at, document, parent) VALUES"
              + " (?, ?, (SELECT COALESCE(MAX(number), 0) + 1 FROM run WHERE experiment = ?), ?, ?,"
              + " ?, ?)",
          id,
          experiment,
          experiment,
          status,
          createdAt,
          JsonWriter.compact(document),
          parent);
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

  /// A run, if it is recorded.
  public Optional<RunRecord> find(String id) {
    return database.first(SELECT + " WHERE id = ?", RunRecords::read, id);
  }

  /// A run.
  ///
  /// @throws WorkspaceException code `run-not-found`
  public RunRecord get(String id) {
    return find(id)
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

  /// Which runs are asked for.
  ///
  /// @param experiment or null for all
  /// @param parent only its children, or null
  /// @param isWithChildren whether child runs are listed when no parent is named
  /// @param status or null for all
  /// @param tags each `KEY` or `KEY=VALUE`
  /// @param properties each `KEY` or `KEY=VALUE`
  /// @param type or null for all
  public record Filter(
      @Nullable String experiment,
      @Nullable String parent,
      boolean isWithChildren,
      @Nullable String status,
      List<String> tags,
      List<String> properties,
      @Nullable String type) {
    /// Copies the lists.
    public Filter {
      tags = List.copyOf(tags);
      properties = List.copyOf(properties);
    }

    /// All runs of an experiment that are no children.
    public static Filter ofExperiment(@Nullable String experiment) {
      return new Filter(experiment, null, false, null, List.of(), List.of(), null);
    }

    private boolean accepts(RunRecord run) {
      return (type == null || isOfType(run.document(), type))
          && hasAll(run.document().stringMap("tags"), tags)
          && hasAll(run.document().stringMap("properties"), properties);
    }

    /// A search or the like is a script run whose property says what it is.
    private static boolean isOfType(JsonObject run, String type) {
      var source = run.stringMap("properties").get(SOURCE);
      return type.equalsIgnoreCase(source)
          || (source == null
              && type.equalsIgnoreCase(run.optionalString("runType").orElse(SCRIPT)));
    }

    private static boolean hasAll(Map<String, String> members, List<String> wanted) {
      return wanted.stream()
          .allMatch(text -> {
            var equals = text.indexOf('=');
            return equals < 0
                ? members.containsKey(text)
                : text.substring(equals + 1).equals(members.get(text.substring(0, equals)));
          });
    }
  }

  /// The property of a run whose script runs others, such as a search: what it is.
  public static final String SOURCE = "azureml.runsource";

  /// What a run is that does not say what it is.
  public static final String SCRIPT = "azureml.scriptrun";

  /// Rows that are read at once while a page is filled.
  private static final int STRIDE = 500;

  /// A page of runs, newest first.
  ///
  /// @param after the id of the last run of the page before, or null
  /// @param limit how many at most
  public List<RunRecord> list(Filter filter, @Nullable String after, int limit) {
    var found = new ArrayList<RunRecord>();
    var place = after == null ? null : get(after);
    while (found.size() < limit) {
      var rows = rows(filter, place);
      for (var row : rows) {
        if (found.size() < limit && filter.accepts(row)) {
          found.add(row);
        }
      }
      if (rows.size() < STRIDE) {
        return found;
      }
      place = rows.getLast();
    }
    return found;
  }

  private List<RunRecord> rows(Filter filter, @Nullable RunRecord after) {
    var conditions = new ArrayList<String>();
    var values = new ArrayList<Object>();
    if (filter.experiment() != null) {
      conditions.add("experiment = ?");
      values.add(filter.experiment());
    }
    if (filter.parent() != null) {
      conditions.add("parent = ?");
      values.add(filter.parent());
    } else if (!filter.isWithChildren()) {
      conditions.add("parent IS NULL");
    }
    if (filter.status() != null) {
      conditions.add("status = ?");
      values.add(filter.status());
    }
    if (after != null) {
      conditions.add("(created_at < ? OR (created_at = ? AND id > ?))");
      values.add(after.createdAt());
      values.add(after.createdAt());
      values.add(after.id());
    }
    return database.query(
        SELECT
            + (conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions))
            + " ORDER BY created_at DESC, id LIMIT "
            + STRIDE,
        RunRecords::read,
        values.toArray());
  }

  /// Runs of which something is still to come, oldest first.
  ///
  /// @param over the words of statuses after which nothing happens
  public List<RunRecord> open(List<String> over) {
    return database.query(
        SELECT
            + " WHERE status NOT IN ("
            + String.join(", ", Collections.nCopies(over.size(), "?"))
            + ") ORDER BY created_at, id",
        RunRecords::read,
        over.toArray());
  }

  /// The names of all experiments.
  public List<String> experiments() {
    return database.query(
        "SELECT DISTINCT experiment FROM run ORDER BY experiment", row -> row.getString(1));
  }

  private static final String SELECT =
      "SELECT id, experiment, number, status, created_at, document, parent FROM run";

  private static RunRecord read(ResultSet row) throws SQLException {
    return new RunRecord(
        row.getString(1),
        row.getString(2),
        row.getLong(3),
        row.getString(4),
        row.getString(5),
        JsonReader.parseObject(row.getString(6), "run " + row.getString(1)),
        row.getString(7));
  }
}
