package dev.terroir.workspace.database;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/// Lets one at a time write, and those who queue share one transaction of the server: each works
/// behind a savepoint of its own, the last one commits, and none is told that its work is done
/// before that. So many writers wait for the disk once, and for the server's lock once.
///
/// A transaction that is shared is that of works done one after the other: when one fails, only
/// what it did is undone. When the commit fails, or the connection breaks, all have failed, also
/// those that only read what another of them wrote. Nobody else sees anything of it before.
final class PostgresWriters {
  /// PostgreSQL keeps 64 parts of a transaction where all find them at once; a work may have parts
  /// of its own.
  private static final int MOST = 32;

  /// Nobody's work waits longer than this, and one other work, for those behind it. Another process
  /// that wants to write waits as long.
  private static final Duration LONGEST = Duration.ofMillis(50);

  private final HikariDataSource pool;
  private final String lock;
  private final ReentrantLock turn = new ReentrantLock(true);

  /// The transaction that has begun and not ended; changed by whoever has the turn.
  private @Nullable Shared shared;

  /// @param lock the statement that waits until no other process writes
  PostgresWriters(HikariDataSource pool, String lock) {
    this.pool = pool;
    this.lock = lock;
  }

  /// A transaction of the server.
  private static final class Shared {
    final Connection connection;
    final CompletableFuture<Boolean> end = new CompletableFuture<>();
    final long begun = System.nanoTime();
    int works;

    Shared(Connection connection) {
      this.connection = connection;
    }

    boolean isFull() {
      return works >= MOST || System.nanoTime() - begun > LONGEST.toNanos();
    }
  }

  /// A work that was done, well or not, in a transaction that may not have ended.
  private record Done<T>(Shared in, Outcome<T> outcome) {
    /// Waits for the end. What failed may have failed by what another wrote, so that it is not told
    /// before that is committed either.
    T result() throws SQLException {
      try {
        in.end.join();
      } catch (CompletionException e) {
        var cause = e.getCause();
        throw cause instanceof SQLException known
            ? new SQLException(known.getMessage(), known.getSQLState(), known)
            : new SQLException(cause);
      }
      return outcome.get();
    }
  }

  private interface Outcome<T> {
    T get() throws SQLException;
  }

  /// Does a work, and returns when it is committed.
  <T> T write(Connections.Use<T> work) throws SQLException {
    return shielded(() -> {
      Done<T> done;
      turn.lock();
      try {
        done = join(work);
      } finally {
        handOn();
        turn.unlock();
      }
      return done.result();
    });
  }

  /// Does one statement, with the lock in the same message when nobody else waits.
  int update(String sql, @Nullable Object... parameters) throws SQLException {
    return shielded(() -> {
      Done<Integer> done;
      turn.lock();
      try {
        if (shared == null && !turn.hasQueuedThreads()) {
          try (var connection = pool.getConnection()) {
            // Two statements sent at once are one transaction: the lock costs no time on the way.
            return PostgresConnections.update(connection, lock + "; " + sql, parameters);
          }
        }
        done = join(connection -> PostgresConnections.update(connection, sql, parameters));
      } finally {
        handOn();
        turn.unlock();
      }
      return done.result();
    });
  }

  /// An interrupt closes the connection of the thread that it meets, which others may share: one
  /// that came before waits until the work is done.
  private static <T> T shielded(Outcome<T> work) throws SQLException {
    var isInterrupted = Thread.interrupted();
    try {
      return work.get();
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /// Does a work in the transaction that has begun, or begins one.
  private <T> Done<T> join(Connections.Use<T> work) throws SQLException {
    var mine = shared;
    if (mine == null) {
      mine = begin();
      shared = mine;
    }
    return new Done<>(mine, outcome(mine, work));
  }

  private Shared begin() throws SQLException {
    var connection = pool.getConnection();
    var isBegun = false;
    try {
      connection.setAutoCommit(false);
      try (var statement = connection.createStatement()) {
        statement.execute(lock);
      }
      isBegun = true;
      return new Shared(connection);
    } finally {
      if (!isBegun) {
        giveBack(connection);
      }
    }
  }

  private <T> Outcome<T> outcome(Shared mine, Connections.Use<T> work) throws SQLException {
    var before = mine.works == 0 ? null : savepoint(mine);
    mine.works++;
    var isDone = false;
    try {
      var result = work.on(mine.connection);
      refuseFailed(mine.connection);
      isDone = true;
      return () -> result;
    } catch (SQLException e) {
      return () -> {
        throw e;
      };
    } catch (RuntimeException e) {
      return () -> {
        throw e;
      };
    } finally {
      if (!isDone) {
        undo(mine, before);
      }
    }
  }

  private Savepoint savepoint(Shared mine) throws SQLException {
    try {
      return mine.connection.setSavepoint();
    } catch (SQLException e) {
      end(mine, e);
      throw e;
    }
  }

  /// A work that went on after a statement had failed has failed: PostgreSQL keeps nothing of it.
  private static void refuseFailed(Connection connection) throws SQLException {
    if (connection.unwrap(BaseConnection.class).getTransactionState() == TransactionState.FAILED) {
      throw new SQLException("a statement of the transaction failed before", "25P02");
    }
  }

  /// @param before where the work began, or null when it is the only one
  private void undo(Shared mine, @Nullable Savepoint before) {
    if (before == null) {
      end(mine, null);
      return;
    }
    try {
      mine.connection.rollback(before);
    } catch (SQLException e) {
      end(mine, e);
    }
  }

  /// Leaves the transaction to the next in the queue, or commits it.
  private void handOn() {
    var mine = shared;
    if (mine == null || (turn.hasQueuedThreads() && !mine.isFull())) {
      return;
    }
    try {
      mine.connection.commit();
      shared = null;
      giveBack(mine.connection);
      mine.end.complete(true);
    } catch (SQLException | RuntimeException e) {
      end(mine, e);
    }
  }

  /// Ends a transaction without a commit.
  ///
  /// @param failure of all that was done in it, or null when that was one work, which knows its own
  private void end(Shared mine, @Nullable Exception failure) {
    shared = null;
    try {
      mine.connection.rollback();
    } catch (SQLException e) {
      // The connection broke, which undid everything; the first error is what counts.
    }
    giveBack(mine.connection);
    if (failure == null) {
      mine.end.complete(false);
    } else {
      mine.end.completeExceptionally(failure);
    }
  }

  private static void giveBack(Connection connection) {
    try (connection) {
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      // As above.
    }
  }
}
