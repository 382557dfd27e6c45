package dev.terroir.workspace.jobs;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.workspace.database.Database;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Records of jobs. Safe for any number of threads and processes.
///
/// @since 0.1
public final class JobRecords {
  private static final String SELECT = "SELECT id, kind, status, created_at, document FROM job";

  private final Database database;

  /// @param database the workspace's
  public JobRecords(Database database) {
    this.database = database;
  }

  /// Keeps a new one.
  public void add(Job job) {
    database.update(
        "INSERT INTO job (id, kind, status, created_at, document) VALUES (?, ?, ?, ?, ?)",
        job.id(),
        job.kind(),
        job.status().word(),
        job.createdAt(),
        JsonWriter.compact(job.document()));
  }

  /// Keeps a new one, unless one that has not ended does the same: one of all who ask at once, of
  /// whatever process, adds it.
  ///
  /// @param isSame judges the open ones of its kind
  /// @return the one that does it
  public Job addUnless(Job job, Predicate<Job> isSame) {
    return database.transaction(() -> {
      var other =
          open().stream()
              .filter(open -> open.kind().equals(job.kind()) && isSame.test(open))
              .findFirst();
      if (other.isEmpty()) {
        add(job);
      }
      return other.orElse(job);
    });
  }

  /// Keeps what became of one, unless it has ended meanwhile.
  ///
  /// @return whether it had not
  public boolean update(Job job) {
    return database.update(
            "UPDATE job SET status = ?, document = ? WHERE id = ?"
                + " AND status IN ('Queued', 'Running')",
            job.status().word(),
            JsonWriter.compact(job.document()),
            job.id())
        > 0;
  }

  /// One of them.
  public Optional<Job> find(String id) {
    return database.first(SELECT + " WHERE id = ?", JobRecords::read, id);
  }

  /// Those that have not ended, oldest first.
  public List<Job> open() {
    return database.query(
        SELECT + " WHERE status IN ('Queued', 'Running') ORDER BY id", JobRecords::read);
  }

  /// A page, newest first.
  ///
  /// @param before the id after which it begins, or null for the first one
  public List<Job> list(
      @Nullable String kind, Job.@Nullable Status status, @Nullable String before, int limit) {
    var sql = new StringBuilder(SELECT).append(" WHERE id < ?");
    var parameters = new ArrayList<Object>(List.of(before == null ? "9999" : before));
    if (kind != null) {
      sql.append(" AND kind = ?");
      parameters.add(kind);
    }
    if (status != null) {
      sql.append(" AND status = ?");
      parameters.add(status.word());
    }
    parameters.add((long) limit);
    return database.query(
        sql.append(" ORDER BY id DESC LIMIT ?").toString(), JobRecords::read, parameters.toArray());
  }

  private static Job read(ResultSet row) throws SQLException {
    return Job.read(
        row.getString(1),
        row.getString(2),
        Job.Status.of(row.getString(3)).orElse(Job.Status.FAILED),
        row.getString(4),
        JsonReader.parseObject(row.getString(5), "the workspace's database"));
  }
}
