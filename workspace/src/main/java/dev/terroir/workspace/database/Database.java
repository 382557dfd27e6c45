package dev.terroir.workspace.database;

import dev.terroir.foundation.home.Settings;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteJDBCLoader;

/// A workspace's database, SQLite in a file or PostgreSQL on a server; what is written for one
/// holds for the other. Safe for any number of threads.
///
/// One at a time writes, all over the world: a transaction, and an update outside of one, begins
/// when the one before has ended. Reads wait for nobody and see what was committed when they began.
/// Who writes is told so when it is on the disk; threads that queue to write to PostgreSQL wait for
/// that together, and when the server is lost meanwhile, all of them are told.
///
/// @since 0.1
public final class Database implements AutoCloseable {
  private final Connections connections;

  private Database(Connections connections) {
    this.connections = connections;
  }

  /// Makes the driver of SQLite ready, which takes most of the time of opening a first database: it
  /// prepares date formats that are never used. A program that will need a database calls this
  /// beside its other beginnings.
  public static void warmUp() {
    var _ = new SQLiteConfig();
    try {
      SQLiteJDBCLoader.initialize();
    } catch (Exception e) {
      // Opening the database says it with its place.
    }
  }

  /// Opens a database of SQLite, makes it when it is not there, and brings its schema up to date.
  ///
  /// @throws WorkspaceException code `database-too-new` when a later Terroir wrote it
  public static Database open(Path file) {
    return new Database(SqliteConnections.open(file));
  }

  /// Opens a database of PostgreSQL, makes its schema when it is not there, and brings it up to
  /// date.
  ///
  /// @param settings where user, password and certificates are found, as [PostgresLogin] says
  /// @throws WorkspaceException code `database-too-new` when a later Terroir wrote it,
  ///   `database-unreachable` when it does not answer
  public static Database open(PostgresAddress address, Settings settings) {
    return new Database(PostgresConnections.open(address, settings));
  }

  /// Reads the fields of a row.
  public interface Row<T> {
    /// @param row positioned at the row
    T read(ResultSet row) throws SQLException;
  }

  /// Work that happens as a whole or not at all.
  public interface Work<T> {
    /// Does it.
    T run() throws SQLException;
  }

  /// All rows of a query. Inside a transaction of the same thread it sees what that has written.
  ///
  /// @param parameters strings, longs, or null
  public <T> List<T> query(String sql, Row<T> row, @Nullable Object... parameters) {
    try {
      return connections.read(connection -> {
        try (var statement = connection.prepareStatement(sql)) {
          for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
          }
          try (var result = statement.executeQuery()) {
            var rows = new ArrayList<T>();
            while (result.next()) {
              rows.add(row.read(result));
            }
            return rows;
          }
        }
      });
    } catch (SQLException e) {
      throw connections.failed(e);
    }
  }

  /// The first row of a query.
  public <T> Optional<T> first(String sql, Row<T> row, @Nullable Object... parameters) {
    return query(sql, row, parameters).stream().findFirst();
  }

  /// Changes rows, inside a transaction of the same thread as a part of it.
  ///
  /// @return how many
  public int update(String sql, @Nullable Object... parameters) {
    try {
      return connections.update(sql, parameters);
    } catch (SQLException e) {
      throw connections.failed(e);
    }
  }

  /// Does work in one transaction that holds the write lock from its beginning. What this thread
  /// asks of this database meanwhile belongs to it. A transaction within a transaction is a part of
  /// the outer one; when it fails, only what it did is undone, and the outer one may go on.
  ///
  /// Elsewhere than in a transaction of its own, a statement that fails ends the whole transaction
  /// in PostgreSQL, so nobody catches its error and goes on.
  public <T> T transaction(Work<T> work) {
    try {
      return connections.transaction(work);
    } catch (SQLException e) {
      throw connections.failed(e);
    }
  }

  /// The time by the database's own clock, the same for all who share it, to the millisecond.
  public Instant now() {
    return first("SELECT " + connections.now(), row -> Instant.parse(row.getString(1)))
        .orElseThrow();
  }

  @Override
  public void close() {
    try {
      connections.close();
    } catch (SQLException e) {
      throw connections.failed(e);
    }
  }
}
