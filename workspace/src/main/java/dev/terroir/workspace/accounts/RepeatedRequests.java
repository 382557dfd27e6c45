package dev.terroir.workspace.accounts;

import dev.terroir.workspace.database.Database;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// First answers to requests that carry an idempotency key, repeated for a day. Safe for any number
/// of threads.
///
/// @since 0.1
public final class RepeatedRequests {
  private static final Duration KEPT = Duration.ofDays(1);

  private final Database database;
  private final Clock clock;

  /// @param database the workspace's
  public RepeatedRequests(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /// The first answer.
  ///
  /// @param digest of the request that it answered
  /// @param status of HTTP
  /// @param answer as it was kept
  public record Answered(String digest, int status, String answer) {}

  /// The first answer to a request of a key.
  ///
  /// @param actor whose key it is: two tokens may use the same
  public Optional<Answered> find(String key, String actor) {
    return database.first(
        "SELECT digest, status, answer FROM idempotency WHERE request = ? AND actor = ?"
            + " AND created_at > ?",
        row -> new Answered(row.getString(1), row.getInt(2), row.getString(3)),
        key,
        actor,
        limit());
  }

  /// Keeps the first answer.
  public void put(String key, String actor, Answered answered) {
    database.update(
        "INSERT INTO idempotency (request, actor, digest, status, answer, created_at)"
            + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (request, actor) DO UPDATE SET"
            + " digest = excluded.digest, status = excluded.status, answer = excluded.answer,"
            + " created_at = excluded.created_at",
        key,
        actor,
        answered.digest(),
        (long) answered.status(),
        answered.answer(),
        clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  /// Does work with what is found and kept of a key as one transaction, while nobody else writes.
  public <T> T together(Database.Work<T> work) {
    return database.transaction(work);
  }

  /// Forgets what is older than a day.
  public void sweep() {
    database.update("DELETE FROM idempotency WHERE created_at <= ?", limit());
  }

  private String limit() {
    return clock.instant().minus(KEPT).truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
