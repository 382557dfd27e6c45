package dev.terroir.workspace.database;

import dev.terroir.foundation.problem.Place;
import java.sql.Connection;
import java.sql.SQLException;

/// Brings a schema of PostgreSQL to the newest one. All steps that are missing are one transaction,
/// which whoever comes at the same time waits for.
final class PostgresMigration {
  private PostgresMigration() {}

  /// @param connection commits by itself, and so it does afterwards
  static void apply(Connection connection, PostgresAddress address) throws SQLException {
    var version = version(connection, address);
    Migrations.check(version, Place.of(address.place()));
    if (version == Migrations.newest()) {
      return;
    }
    connection.setAutoCommit(false);
    try (var statement = connection.createStatement()) {
      statement.execute(PostgresConnections.lock(address));
      version = version(connection, address);
      Migrations.check(version, Place.of(address.place()));
      if (version == 0) {
        // Asked first: making one that is there needs permission all the same.
        if (!hasSchema(connection, address)) {
          statement.execute("CREATE SCHEMA " + address.schema());
        }
        statement.execute(
            "CREATE TABLE " + address.schema() + ".terroir_schema (version INTEGER NOT NULL)");
        statement.execute("INSERT INTO " + address.schema() + ".terroir_schema VALUES (0)");
      }
      for (int step = version + 1; step <= Migrations.newest(); step++) {
        for (var sql : Migrations.statements(step)) {
          statement.execute(ordered(sql));
        }
      }
      statement.execute(
          "UPDATE " + address.schema() + ".terroir_schema SET version = " + Migrations.newest());
      connection.commit();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  /// Text compares by its bytes, as in SQLite, whatever the database's language is: lists come in
  /// the same order, and times as text can be compared.
  private static String ordered(String sql) {
    return sql.replaceAll("\\bTEXT\\b", "TEXT COLLATE \"C\"");
  }

  private static int version(Connection connection, PostgresAddress address) throws SQLException {
    // Not by `to_regclass`: in a transaction that waited for the lock it answers what it knew
    // before.
    if (!is(
        connection,
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            + " WHERE n.nspname = ? AND c.relname = 'terroir_schema'",
        address.schema())) {
      return 0;
    }
    try (var statement = connection.createStatement();
        var result =
            statement.executeQuery("SELECT version FROM " + address.schema() + ".terroir_schema")) {
      return result.next() ? result.getInt(1) : 0;
    }
  }

  private static boolean hasSchema(Connection connection, PostgresAddress address)
      throws SQLException {
    return is(connection, "SELECT 1 FROM pg_namespace WHERE nspname = ?", address.schema());
  }

  private static boolean is(Connection connection, String sql, String parameter)
      throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      statement.setString(1, parameter);
      try (var result = statement.executeQuery()) {
        return result.next();
      }
    }
  }
}
