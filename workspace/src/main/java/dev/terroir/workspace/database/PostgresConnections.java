package dev.terroir.workspace.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/// Connections to PostgreSQL from a pool, which drops those that broke.
///
/// Who writes holds an advisory lock of the server until the transaction ends, one for each schema;
/// in this process they queue before they take a connection, as [PostgresWriters] says, so that
/// writers who wait take none from readers, and readers leave one to the writer: those who queue
/// behind it would all wait with it.
final class PostgresConnections implements Connections {
  /// One for the writer, the others for readers.
  private static final int CONNECTIONS = 8;

  /// How long a call waits for a connection, also for a server that is being restarted.
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration IDLE = Duration.ofMinutes(1);

  /// A server that is dead without a word is given up after this; more than any wait for the lock.
  private static final Duration SILENCE = Duration.ofMinutes(2);

  /// For each connection: nobody waits for the lock longer than SQLite's busy timeout; the server
  /// notices within a minute that a machine is gone, whose lock it holds, and ends transactions
  /// that nobody goes on with.
  private static final String BEGINNING =
      "SET lock_timeout = '60s';"
          + " SET tcp_keepalives_idle = 30;"
          + " SET tcp_keepalives_interval = 10;"
          + " SET tcp_keepalives_count = 3;"
          + " SET idle_in_transaction_session_timeout = '10min'";

  /// Kept, so that its level is: loggers that nobody holds are forgotten. What goes wrong becomes a
  /// problem where it is met; the pool tells the same, and when it begins and ends.
  private static final Logger POOL_LOG = Logger.getLogger("com.zaxxer.hikari");

  private final PostgresAddress address;
  private final HikariDataSource pool;
  private final Semaphore readers = new Semaphore(CONNECTIONS - 1, true);
  private final PostgresWriters writers;

  /// What the calling thread works on, in a transaction or while it reads.
  private final ScopedValue<Session> current = ScopedValue.newInstance();

  /// A connection while a thread uses it.
  private record Session(Connection connection, boolean isTransaction) {}

  private PostgresConnections(PostgresAddress address, HikariDataSource pool) {
    this.address = address;
    this.pool = pool;
    this.writers = new PostgresWriters(pool, lock(address));
  }

  /// The statement that waits until nobody else writes.
  static String lock(PostgresAddress address) {
    var digest = Sha256.of("terroir-workspace " + address.schema()).hex();
    return "SELECT pg_advisory_xact_lock(" + Long.parseUnsignedLong(digest, 0, 16, 16) + ")";
  }

  static PostgresConnections open(PostgresAddress address, Settings settings) {
    POOL_LOG.setLevel(Level.OFF);
    try {
      var pool = new HikariDataSource(configuration(address, settings));
      try (var connection = pool.getConnection()) {
        PostgresMigration.apply(connection, address);
        return new PostgresConnections(address, pool);
      } catch (SQLException | RuntimeException e) {
        pool.close();
        throw e;
      }
    } catch (HikariPool.PoolInitializationException e) {
      throw failed(
          address, e.getCause() instanceof SQLException cause ? cause : new SQLException(e));
    } catch (SQLException e) {
      throw failed(address, e);
    }
  }

  private static HikariConfig configuration(PostgresAddress address, Settings settings) {
    var login = PostgresLogin.of(address, settings);
    var source = new PGSimpleDataSource();
    source.setServerNames(new String[] {address.host()});
    source.setPortNumbers(new int[] {address.port()});
    source.setDatabaseName(address.database());
    source.setCurrentSchema(address.schema());
    source.setUser(login.user());
    source.setPassword(login.password());
    source.setApplicationName("terroir");
    source.setTcpKeepAlive(true);
    source.setConnectTimeout(Math.toIntExact(PATIENCE.toSeconds()));
    source.setLoginTimeout(Math.toIntExact(PATIENCE.multipliedBy(2).toSeconds()));
    source.setSocketTimeout(Math.toIntExact(SILENCE.toSeconds()));
    settings.get(Settings.PGSSLMODE).ifPresent(source::setSslMode);
    settings.get(Settings.PGSSLROOTCERT).ifPresent(source::setSslRootCert);
    settings.get(Settings.PGSSLCERT).ifPresent(source::setSslCert);
    settings.get(Settings.PGSSLKEY).ifPresent(source::setSslKey);
    var config = new HikariConfig();
    config.setDataSource(source);
    config.setPoolName("terroir");
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(0);
    config.setIdleTimeout(IDLE.toMillis());
    config.setConnectionTimeout(PATIENCE.toMillis());
    config.setConnectionInitSql(BEGINNING);
    return config;
  }

  @Override
  public <T> T read(Use<T> use) throws SQLException {
    if (current.isBound()) {
      return use.on(current.get().connection());
    }
    await();
    try (var connection = pool.getConnection()) {
      var session = new Session(connection, false);
      return ScopedValue.where(current, session)
          .call((ScopedValue.CallableOp<T, SQLException>) () -> use.on(connection));
    } catch (SQLException e) {
      throw noticed(e);
    } finally {
      readers.release();
    }
  }

  /// Waits until a connection is left for a reader, as long as for one of the pool.
  private void await() throws SQLException {
    try {
      if (!readers.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new SQLTransientConnectionException(
            "every connection was taken for " + PATIENCE.toSeconds() + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLTransientConnectionException("interrupted while every connection was taken", e);
    }
  }

  @Override
  public int update(String sql, @Nullable Object... parameters) throws SQLException {
    if (current.isBound() && current.get().isTransaction()) {
      return update(current.get().connection(), sql, parameters);
    }
    try {
      return writers.update(sql, parameters);
    } catch (SQLException e) {
      throw noticed(e);
    }
  }

  static int update(Connection connection, String sql, @Nullable Object... parameters)
      throws SQLException {
    try (var statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      if (statement.execute()) {
        statement.getMoreResults();
      }
      return Math.max(0, statement.getUpdateCount());
    }
  }

  @Override
  public <T> T transaction(Database.Work<T> work) throws SQLException {
    if (current.isBound() && current.get().isTransaction()) {
      return part(current.get().connection(), work);
    }
    try {
      return writers.write(connection ->
          ScopedValue.where(current, new Session(connection, true))
              .call((ScopedValue.CallableOp<T, SQLException>) work::run));
    } catch (SQLException e) {
      throw noticed(e);
    }
  }

  private static <T> T part(Connection connection, Database.Work<T> work) throws SQLException {
    var before = connection.setSavepoint();
    var isDone = false;
    try {
      var result = work.run();
      connection.releaseSavepoint(before);
      isDone = true;
      return result;
    } finally {
      if (!isDone) {
        try {
          connection.rollback(before);
        } catch (SQLException e) {
          // As above.
        }
      }
    }
  }

  @Override
  public String now() {
    return "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
  }

  /// When one connection broke, the others that lie idle have most likely broken with it.
  private SQLException noticed(SQLException e) {
    if (isBroken(e.getSQLState())) {
      var beans = pool.getHikariPoolMXBean();
      if (beans != null) {
        beans.softEvictConnections();
      }
    }
    return e;
  }

  private static boolean isBroken(@Nullable String state) {
    return state != null && (state.startsWith("08") || state.startsWith("57P"));
  }

  @Override
  public WorkspaceException failed(SQLException e) {
    return failed(address, e);
  }

  private static WorkspaceException failed(PostgresAddress address, SQLException e) {
    var cause = e;
    // The pool says that no connection came in time; why is behind it.
    while (cause.getSQLState() == null || cause instanceof SQLTransientConnectionException) {
      if (!(cause.getCause() instanceof SQLException deeper)) {
        break;
      }
      cause = deeper;
    }
    var state = cause.getSQLState() == null ? "" : cause.getSQLState();
    var place = Place.of(address.place());
    var reason = String.valueOf(cause.getMessage());
    // The driver says so itself when the server asks for a password and there is none.
    var isDenied = state.startsWith("28") || state.equals("08004");
    var problem =
        isDenied
            ? Problem.of(
                    WorkspaceCode.DATABASE_UNREACHABLE,
                    "the database of the workspace does not let this user in")
                .at(place)
                .because(reason)
                .hint(
                    "`PGUSER` and `PGPASSWORD`, or a line of `~/.pgpass`, say who asks and by which"
                        + " password")
            : state.equals("3D000")
                ? Problem.of(
                        WorkspaceCode.DATABASE_UNREACHABLE,
                        "the database of the workspace is missing")
                    .at(place)
                    .because(reason)
                    .hint("make it on that server with `createdb " + address.database() + "`")
                : isBroken(state) || state.startsWith("53") || state.isEmpty()
                    ? Problem.of(
                            WorkspaceCode.DATABASE_UNREACHABLE,
                            "the database of the workspace cannot be reached")
                        .at(place)
                        .because(reason)
                        .hint("the next call tries again; check that the server runs and answers")
                    : Problem.of(
                            WorkspaceCode.DATABASE_FAILED,
                            "the workspace's database cannot be used")
                        .at(place)
                        .because(reason);
    return new WorkspaceException(problem, e);
  }

  @Override
  public void close() {
    pool.close();
  }
}
