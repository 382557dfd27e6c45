package dev.terroir.workspace.database;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteErrorCode;

/// Connections to a file. There is one, for whoever comes; only a thread that wants to read while
/// another has it gets one of its own, which the write-ahead log lets read beside the writer.
final class SqliteConnections implements Connections {
  private static final int BUSY_TIMEOUT_MILLIS = 60_000;

  /// How soon the right to write is asked for again.
  private static final Duration PAUSE = Duration.ofMillis(2);

  /// More would only share the processors and the file's page cache.
  private static final int READERS = 4;

  private final Path file;
  private final Connection main;

  /// Held while `main` is used; fair, so that of many writers each has its turn.
  private final ReentrantLock turn = new ReentrantLock(true);

  /// Changed by whoever has the turn.
  private boolean isInTransaction;

  private final Semaphore readers = new Semaphore(READERS, true);

  /// What the calling thread reads on beside the writer. A row that asks for more asks there too:
  /// readers who each waited for a second connection would wait for each other.
  private final ScopedValue<Connection> reading = ScopedValue.newInstance();

  private final ArrayDeque<Connection> idle = new ArrayDeque<>();
  private boolean isClosed;

  private SqliteConnections(Path file, Connection main) {
    this.file = file;
    this.main = main;
  }

  static SqliteConnections open(Path file) {
    try {
      var connection = connect(file);
      try {
        SqliteMigration.apply(connection, file);
        return new SqliteConnections(file, connection);
      } catch (SQLException | WorkspaceException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      throw failed(file, e);
    }
  }

  private static Connection connect(Path file) throws SQLException {
    var config = new SQLiteConfig();
    config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
    return config.createConnection("jdbc:sqlite:" + file);
  }

  @Override
  public <T> T read(Use<T> use) throws SQLException {
    if (reading.isBound() && !turn.isHeldByCurrentThread()) {
      return use.on(reading.get());
    }
    if (turn.tryLock()) {
      try {
        return use.on(main);
      } finally {
        turn.unlock();
      }
    }
    readers.acquireUninterruptibly();
    try {
      var connection = reader();
      try {
        return ScopedValue.where(reading, connection)
            .call((ScopedValue.CallableOp<T, SQLException>) () -> use.on(connection));
      } finally {
        giveBack(connection);
      }
    } finally {
      readers.release();
    }
  }

  private Connection reader() throws SQLException {
    synchronized (idle) {
      var connection = idle.pollFirst();
      if (connection != null) {
        return connection;
      }
    }
    return connect(file);
  }

  private void giveBack(Connection connection) throws SQLException {
    synchronized (idle) {
      if (!isClosed) {
        idle.addFirst(connection);
        return;
      }
    }
    connection.close();
  }

  @Override
  public int update(String sql, @Nullable Object... parameters) throws SQLException {
    turn.lock();
    try (var statement = main.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return isInTransaction ? statement.executeUpdate() : writing(statement::executeUpdate);
    } finally {
      turn.unlock();
    }
  }

  @Override
  public <T> T transaction(Database.Work<T> work) throws SQLException {
    turn.lock();
    try (var statement = main.createStatement()) {
      var isPart = isInTransaction;
      if (isPart) {
        statement.execute("SAVEPOINT part");
      } else {
        writing(() -> statement.execute("BEGIN IMMEDIATE"));
      }
      isInTransaction = true;
      var isDone = false;
      try {
        var result = work.run();
        statement.execute(isPart ? "RELEASE part" : "COMMIT");
        isDone = true;
        return result;
      } finally {
        isInTransaction = isPart;
        if (!isDone) {
          undo(isPart);
        }
      }
    } finally {
      turn.unlock();
    }
  }

  /// What needs the file's one right to write.
  @FunctionalInterface
  private interface Writing<T> {
    T run() throws SQLException;
  }

  /// Waits for the right to write, by whoever has the turn. SQLite would wait inside its own code,
  /// where a virtual thread keeps its carrier: a few who wait so, each with connections of its own,
  /// would keep all of them from the one who has the right.
  private <T> T writing(Writing<T> first) throws SQLException {
    var deadline = System.nanoTime() + Duration.ofMillis(BUSY_TIMEOUT_MILLIS).toNanos();
    var isInterrupted = false;
    main.unwrap(SQLiteConnection.class).setBusyTimeout(0);
    try {
      while (true) {
        try {
          return first.run();
        } catch (SQLException e) {
          if ((e.getErrorCode() & 0xff) != SQLiteErrorCode.SQLITE_BUSY.code
              || System.nanoTime() > deadline) {
            throw e;
          }
        }
        LockSupport.parkNanos(PAUSE.toNanos());
        isInterrupted |= Thread.interrupted();
      }
    } finally {
      main.unwrap(SQLiteConnection.class).setBusyTimeout(BUSY_TIMEOUT_MILLIS);
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void undo(boolean isPart) {
    try (var statement = main.createStatement()) {
      if (isPart) {
        statement.execute("ROLLBACK TO part");
        statement.execute("RELEASE part");
      } else {
        statement.execute("ROLLBACK");
      }
    } catch (SQLException e) {
      // A disk that is full has ended the transaction already; the first error is what counts.
    }
  }

  @Override
  public String now() {
    return "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
  }

  @Override
  public WorkspaceException failed(SQLException e) {
    return failed(file, e);
  }

  private static WorkspaceException failed(Path file, SQLException e) {
    var code = e.getErrorCode() & 0xff;
    var message = String.valueOf(e.getMessage());
    if (code == SQLiteErrorCode.SQLITE_FULL.code) {
      return new WorkspaceException(
          Problem.of(
                  FoundationCode.DISK_FULL,
                  "the workspace's database cannot be written: the disk is full")
              .at(Place.file(file))
              .because(message)
              .hint("free some space there; what was committed before is kept"),
          e);
    }
    if (code == SQLiteErrorCode.SQLITE_READONLY.code) {
      return new WorkspaceException(
          Problem.of(
                  WorkspaceCode.DATABASE_FAILED,
                  "the workspace's database cannot be written: it is read-only")
              .at(Place.file(file))
              .because(message)
              .hint("give this user permission to write it, the files beside it and its directory"),
          e);
    }
    return new WorkspaceException(
        Problem.of(WorkspaceCode.DATABASE_FAILED, "the workspace's database cannot be used")
            .at(Place.file(file))
            .because(message)
            .hint("check that its directory is writable and its disk not full"),
        e);
  }

  @Override
  public void close() throws SQLException {
    synchronized (idle) {
      isClosed = true;
      for (var connection : idle) {
        connection.close();
      }
      idle.clear();
    }
    turn.lock();
    try {
      main.close();
    } finally {
      turn.unlock();
    }
  }
}
