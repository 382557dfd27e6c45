package dev.terroir.workspace.accounts;

import dev.terroir.workspace.database.Database;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/// Secrets as they are kept: sealed, by somebody who has the key. Safe for any number of threads.
///
/// @since 0.1
public final class SecretRecords {
  private final Database database;
  private final Clock clock;

  /// @param database the workspace's
  public SecretRecords(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /// A secret's name.
  ///
  /// @param updatedAt when it was kept: UTC, ISO 8601
  public record Named(String name, String updatedAt) {}

  /// The names, sorted.
  public List<Named> list() {
    return database.query(
        "SELECT name, updated_at FROM secret ORDER BY name",
        row -> new Named(row.getString(1), row.getString(2)));
  }

  /// What is kept under a name.
  public Optional<String> sealed(String name) {
    return database.first(
        "SELECT sealed FROM secret WHERE name = ?", row -> row.getString(1), name);
  }

  /// Keeps one, in place of what is there.
  public void put(String name, String sealed) {
    database.update(
        "INSERT INTO secret (name, sealed, updated_at) VALUES (?, ?, ?) ON CONFLICT (name)"
            + " DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
        name,
        sealed,
        clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
  }

  /// Forgets one.
  ///
  /// @return whether it was there
  public boolean delete(String name) {
    return database.update("DELETE FROM secret WHERE name = ?", name) > 0;
  }
}
