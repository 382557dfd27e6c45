package dev.terroir.workspace.database;

import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.sqlite.SQLiteErrorCode;

/// The schema, as the steps that led to it. Steps are only ever added; each database says in
/// `user_version` how many it has had.
final class Migrations {
  private static final List<String> STEPS =
      List.of(
          """
          CREATE TABLE environment (
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            hash TEXT NOT NULL,
            definition TEXT NOT NULL,
            created_at TEXT NOT NULL,
            autosaved INTEGER NOT NULL DEFAULT 0,
            archived INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (name, version)
          );
          CREATE INDEX environment_hash ON environment (hash);
          CREATE TABLE environment_label (
            name TEXT NOT NULL,
            label TEXT NOT NULL,
            version TEXT NOT NULL,
            PRIMARY KEY (name, label)
          );
          CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY,
            experiment TEXT NOT NULL,
            number INTEGER NOT NULL,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            UNIQUE (experiment, number)
          );
          CREATE TABLE model (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (name, version)
          );
          CREATE TABLE model_counter (
            name TEXT NOT NULL PRIMARY KEY,
            last INTEGER NOT NULL
          );
          """,
          """
          ALTER TABLE run ADD COLUMN parent TEXT;
          CREATE INDEX run_parent ON run (parent);
          CREATE TABLE experiment (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE run_metric (
            run_id TEXT NOT NULL,
            ordinal BIGINT NOT NULL,
            name TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (run_id, ordinal)
          );
          CREATE TABLE run_metric_batch (
            run_id TEXT NOT NULL,
            sender TEXT NOT NULL,
            last BIGINT NOT NULL,
            PRIMARY KEY (run_id, sender)
          );
          CREATE TABLE datastore (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE dataset (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (name, version)
          );
          CREATE TABLE compute_target (
            name TEXT NOT NULL PRIMARY KEY,
            created_at TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE access_token (
            id TEXT NOT NULL PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            run_id TEXT,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT,
            last_used_at TEXT
          );
          CREATE TABLE secret (
            name TEXT NOT NULL PRIMARY KEY,
            sealed TEXT NOT NULL,
            updated_at TEXT NOT NULL
          );
          CREATE TABLE audit (
            id TEXT NOT NULL PRIMARY KEY,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            document TEXT NOT NULL
          );
          CREATE TABLE job (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            status TEXT NOT NULL,
            created_at TEXT NOT NULL,
            owner TEXT,
            lease_until TEXT,
            document TEXT NOT NULL
          );
          CREATE INDEX job_status ON job (status);
          CREATE TABLE lease (
            name TEXT NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            until TEXT NOT NULL
          );
          CREATE TABLE idempotency (
            request TEXT NOT NULL,
            actor TEXT NOT NULL,
            digest TEXT NOT NULL,
            status INTEGER NOT NULL,
            answer TEXT NOT NULL,
            created_at TEXT NOT NULL,
            PRIMARY KEY (request, actor)
          );
          """);

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(10);

  private Migrations() {}

  static void apply(Connection connection, Path file) throws SQLException {
    var version = version(connection);
    if (version > STEPS.size()) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.DATABASE_TOO_NEW,
                  "the workspace's database was written by a later Terroir")
              .at(Place.file(file))
              .because(
                  "its schema is number "
                      + version
                      + ", this Terroir knows schemas up to "
                      + STEPS.size())
              .hint("use that later Terroir; nothing was changed"));
    }
    if (version == STEPS.size()) {
      return;
    }
    // SQLite does not wait for another process that changes the journal's mode, but fails.
    try (var _ = ProcessLock.acquire(file.resolveSibling(file.getFileName() + ".lock"), PATIENCE)) {
      migrate(connection, file);
    }
  }

  private static void migrate(Connection connection, Path file) throws SQLException {
    var version = version(connection);
    if (version == STEPS.size()) {
      return;
    }
    if (version > 0) {
      backUp(connection, file, version);
    }
    try (var statement = connection.createStatement()) {
      // The write-ahead log is a property of the file, so that it is asked for only here.
      setJournal(statement);
      statement.execute("BEGIN IMMEDIATE");
      for (int step = version(connection); step < STEPS.size(); step++) {
        for (var sql : STEPS.get(step).split(";\\s*\n")) {
          if (!sql.isBlank()) {
            statement.execute(sql);
          }
        }
        statement.execute("PRAGMA user_version = " + (step + 1));
      }
      statement.execute("COMMIT");
    }
  }

  /// Tries again while somebody reads: SQLite does not wait here.
  private static void setJournal(Statement statement) throws SQLException {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        statement.execute("PRAGMA journal_mode = WAL");
        return;
      } catch (SQLException e) {
        var isBusy = (e.getErrorCode() & 0xff) == SQLiteErrorCode.SQLITE_BUSY.code;
        if (!isBusy || System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static void backUp(Connection connection, Path file, int version) throws SQLException {
    var backup = file.resolveSibling(file.getFileName() + ".schema-" + version + ".backup");
    if (!Files.exists(backup)) {
      try (var statement = connection.prepareStatement("VACUUM INTO ?")) {
        statement.setString(1, backup.toString());
        statement.execute();
      }
    }
  }

  private static int version(Connection connection) throws SQLException {
    try (var statement = connection.createStatement();
        var result = statement.executeQuery("PRAGMA user_version")) {
      return result.next() ? result.getInt(1) : 0;
    }
  }
}
