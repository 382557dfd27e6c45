package dev.terroir.workspace.runs;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.workspace.database.Database;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What runs have logged, in the order it arrived. Safe for any number of processes.
///
/// @since 0.1
public final class RunMetrics {
  /// Rows of one statement; each has four parameters, and SQLite takes 32,766.
  private static final int ROWS = 500;

  private final Database database;

  /// @param database the workspace's
  public RunMetrics(Database database) {
    this.database = database;
  }

  /// A logged item.
  ///
  /// @param ordinal counted from 1 in each run
  /// @param document `name`, `kind`, `value` and more
  public record Item(long ordinal, JsonObject document) {
    /// The item with its number.
    public JsonObject toJson() {
      return document.toBuilder().put("ordinal", ordinal).build();
    }
  }

  /// Adds what a sender logged, and leaves out what it had sent before. When items before `first`
  /// have not arrived, none is taken: the sender goes on after the number that comes back.
  ///
  /// @param sender counts its own items
  /// @param first the number of the first item, from 1
  /// @return the number of the last item of this sender that is kept
  public long add(String runId, String sender, long first, List<JsonObject> items) {
    return database.transaction(() -> {
      var last =
          database
              .first(
                  "SELECT last FROM run_metric_batch WHERE run_id = ? AND sender = ?",
                  row -> row.getLong(1),
                  runId,
                  sender)
              .orElse(0L);
      var end = first + items.size() - 1;
      if (first > last + 1 || end <= last) {
        return last;
      }
      insert(runId, items.subList((int) (last + 1 - first), items.size()));
      database.update(
          "INSERT INTO run_metric_batch (run_id, sender, last) VALUES (?, ?, ?)"
              + " ON CONFLICT (run_id, sender) DO UPDATE SET last = excluded.last",
          runId,
          sender,
          end);
      return end;
    });
  }

  private void insert(String runId, List<JsonObject> items) {
    var ordinal =
        database
            .first(
                "SELECT COALESCE(MAX(ordinal), 0) FROM run_metric WHERE run_id = ?",
                row -> row.getLong(1),
                runId)
            .orElseThrow();
    for (int from = 0; from < items.size(); from += ROWS) {
      var part = items.subList(from, Math.min(items.size(), from + ROWS));
      var values = new ArrayList<Object>(4 * part.size());
      for (var item : part) {
        ordinal++;
        values.add(runId);
        values.add(ordinal);
        values.add(item.string("name"));
        values.add(JsonWriter.compact(item));
      }
      database.update(
          "INSERT INTO run_metric (run_id, ordinal, name, document) VALUES "
              + String.join(", ", Collections.nCopies(part.size(), "(?, ?, ?, ?)")),
          values.toArray());
    }
  }

  /// A page of what a run logged.
  ///
  /// @param name only items of this name, or null
  /// @param after the number of the last item of the page before, 0 for the first page
  /// @param limit how many at most
  public List<Item> list(String runId, @Nullable String name, long after, int limit) {
    var select = "SELECT ordinal, document FROM run_metric WHERE run_id = ? AND ordinal > ?";
    var end = " ORDER BY ordinal LIMIT " + limit;
    Database.Row<Item> row =
        result ->
            new Item(
                result.getLong(1), JsonReader.parseObject(result.getString(2), "metric of a run"));
    return name == null
        ? database.query(select + end, row, runId, after)
        : database.query(select + " AND name = ?" + end, row, runId, after, name);
  }
}
