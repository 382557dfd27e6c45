package dev.terroir.workspace.database;

import dev.terroir.workspace.WorkspaceException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// Where statements find their connection, and what differs between the two databases. Safe for any
/// number of threads.
sealed interface Connections permits SqliteConnections, PostgresConnections {
  /// What is done on a connection.
  interface Use<T> {
    T on(Connection connection) throws SQLException;
  }

  /// Reads. Inside a transaction of the same thread on its connection.
  <T> T read(Use<T> use) throws SQLException;

  /// Changes rows by one statement while nobody else writes. Inside a transaction of the same
  /// thread as a part of it.
  ///
  /// @return how many rows
  int update(String sql, @Nullable Object... parameters) throws SQLException;

  /// Does work while nobody else writes, as a whole or not at all. Inside a transaction of the same
  /// thread it is a part of that, and when it fails, what it did is undone.
  <T> T transaction(Database.Work<T> work) throws SQLException;

  /// The time as an SQL expression: text as [java.time.Instant] reads it, with milliseconds.
  String now();

  /// Tells an error of the database in our words.
  WorkspaceException failed(SQLException e);

  void close() throws SQLException;
}
