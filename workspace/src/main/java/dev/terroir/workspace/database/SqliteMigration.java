package dev.terroir.workspace.database;

import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.problem.Place;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.sqlite.SQLiteErrorCode;

/// Brings a database of SQLite to the newest schema.
final class SqliteMigration {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(10);

  private SqliteMigration() {}

  static void apply(Connection connection, Path file) throws SQLException {
    var version = version(connection);
    Migrations.check(version, Place.file(file));
    if (version == Migrations.newest()) {
      return;
    }
    // SQLite does not wait for another process that changes the journal's mode, but fails.
    try (var _ = ProcessLock.acquire(file.resolveSibling(file.getFileName() + ".lock"), PATIENCE)) {
      migrate(connection, file);
    }
  }

  private static void migrate(Connection connection, Path file) throws SQLException {
    var version = version(connection);
    if (version == Migrations.newest()) {
      return;
    }
    if (version > 0) {
      backUp(connection, file, version);
    }
    try (var statement = connection.createStatement()) {
      // The write-ahead log is a property of the file, so that it is asked for only here.
      setJournal(statement);
      statement.execute("BEGIN IMMEDIATE");
      for (int step = version(connection); step < Migrations.newest(); step++) {
        for (var sql : Migrations.statements(step + 1)) {
          statement.execute(sql);
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
