package dev.terroir.workspace.database;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteJDBCLoader;

/// A connection to a workspace's database. Used by one thread at a time: its methods are
/// synchronized.
///
/// @since 0.1
public final class Database implements AutoCloseable {
  private static final int BUSY_TIMEOUT_MILLIS = 60_000;

  private final Path file;
  private final Connection connection;

  private Database(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /// Makes the driver ready, which takes most of the time of opening a first database: it prepares
  /// date formats that are never used. A program that will need a database calls this beside its
  /// other beginnings.
  public static void warmUp() {
    var _ = new SQLiteConfig();
    try {
      SQLiteJDBCLoader.initialize();
    } catch (Exception e) {
      // Opening the database says it with its place.
    }
  }

  /// Opens a database, makes it when it is not there, and brings its schema up to date.
  ///
  /// @throws WorkspaceException code `database-too-new` when a later Terroir wrote it
  public static Database open(Path file) {
    var config = new SQLiteConfig();
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    try {
      var connection = config.createConnection("jdbc:sqlite:" + file);
      try {
        Migrations.apply(connection, file);
        return new Database(file, connection);
      } catch (SQLException | WorkspaceException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      throw failed(file, e);
    }
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

  /// All rows of a query.
  ///
  /// @param parameters strings, longs, or null
  public synchronized <T> List<T> query(String sql, Row<T> row, Object... parameters) {
    try (var statement = prepare(sql, parameters);
        var result = statement.executeQuery()) {
      var rows = new ArrayList<T>();
      while (result.next()) {
        rows.add(row.read(result));
      }
      return rows;
    } catch (SQLException e) {
      throw failed(file, e);
    }
  }

  /// The first row of a query.
  public <T> Optional<T> first(String sql, Row<T> row, Object... parameters) {
    return query(sql, row, parameters).stream().findFirst();
  }

  /// Changes rows.
  ///
  /// @return how many
  public synchronized int update(String sql, Object... parameters) {
    try (var statement = prepare(sql, parameters)) {
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw failed(file, e);
    }
  }

  /// Does work in one transaction that holds the write lock from its beginning.
  public synchronized <T> T transaction(Work<T> work) {
    try (var begin = connection.createStatement()) {
      begin.execute("BEGIN IMMEDIATE");
      var done = false;
      try {
        var result = work.run();
        begin.execute("COMMIT");
        done = true;
        return result;
      } finally {
        if (!done) {
          begin.execute("ROLLBACK");
        }
      }
    } catch (SQLException e) {
      throw failed(file, e);
    }
  }

  private PreparedStatement prepare(String sql, Object... parameters) throws SQLException {
    var statement = connection.prepareStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      statement.setObject(i + 1, parameters[i]);
    }
    return statement;
  }

  private static WorkspaceException failed(Path file, SQLException e) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.DATABASE_FAILED, "the workspace's database cannot be used")
            .at(Place.file(file))
            .because(String.valueOf(e.getMessage()))
            .hint("check that its directory is writable and its disk not full"),
        e);
  }

  @Override
  public synchronized void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw failed(file, e);
    }
  }
}
