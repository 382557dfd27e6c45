package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.samples.PostgresServer;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Writers that queue for PostgreSQL share a transaction")
class PostgresWritersTest {
  private static final String TRANSACTION = "SELECT CAST(pg_current_xact_id() AS TEXT)";

  private Database database;
  private Database other;
  private ExecutorService threads;

  @BeforeEach
  void open() {
    var address = TestDatabase.address();
    var settings = Settings.of(PostgresServer.variables());
    database = Database.open(address, settings);
    other = Database.open(address, settings);
    threads = Executors.newVirtualThreadPerTaskExecutor();
  }

  @AfterEach
  void close() {
    threads.close();
    database.close();
    other.close();
  }

  /// Does works that queue behind one that waits until they all do.
  private <T> List<Future<T>> queued(List<Database.Work<T>> works) throws Exception {
    var begun = new CountDownLatch(1);
    var isFree = new CountDownLatch(1);
    var first =
        threads.submit(() ->
            database.transaction(() -> {
              begun.countDown();
              return awaited(isFree);
            }));
    assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
    var pending = new ArrayList<Future<T>>();
    for (var work : works) {
      pending.add(threads.submit(() -> database.transaction(work)));
      // In the order of the list.
      Thread.sleep(50);
    }
    isFree.countDown();
    assertThat(first.get(20, TimeUnit.SECONDS)).isTrue();
    return pending;
  }

  private static boolean awaited(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void insert(String name) {
    database.update("INSERT INTO model_counter (name, last) VALUES (?, 0)", name);
  }

  private List<String> names() {
    return other.query("SELECT name FROM model_counter ORDER BY name", row -> row.getString(1));
  }

  private String transaction() {
    return database.first(TRANSACTION, row -> row.getString(1)).orElseThrow();
  }

  @Test
  void andItsCommit() throws Exception {
    var works = new ArrayList<Database.Work<String>>();
    for (int i = 0; i < 10; i++) {
      var name = "n" + i;
      works.add(() -> {
        insert(name);
        return transaction();
      });
    }
    var transactions = new ArrayList<String>();
    for (var one : queued(works)) {
      transactions.add(one.get(20, TimeUnit.SECONDS));
    }
    assertThat(transactions.stream().distinct().count()).isLessThan(4);
    assertThat(names()).hasSize(10);
  }

  @Test
  void andNobodyIsDoneBeforeTheCommit() throws Exception {
    var isFree = new CountDownLatch(1);
    var works = new ArrayList<Database.Work<Boolean>>();
    works.add(() -> {
      insert("a");
      return true;
    });
    works.add(() -> awaited(isFree));
    var pending = queued(works);
    // The first is done but for the commit, which comes when the second is.
    assertThatThrownBy(() -> pending.getFirst().get(300, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    assertThat(names()).isEmpty();
    isFree.countDown();
    assertThat(pending.getFirst().get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(names()).containsExactly("a");
  }

  @Test
  void andAStatementThatFailedUnsaidFailsItsOwnWork() throws Exception {
    var works = new ArrayList<Database.Work<Boolean>>();
    for (var name : List.of("a", "b", "c")) {
      works.add(() -> {
        insert(name);
        if (name.equals("b")) {
          assertThatThrownBy(() -> database.update("UPDATE nothing SET last = 1"))
              .isInstanceOf(WorkspaceException.class);
        }
        return true;
      });
    }
    var pending = queued(works);
    assertThat(pending.get(0).get(20, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> pending.get(1).get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(WorkspaceException.class);
    assertThat(pending.get(2).get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(names()).containsExactly("a", "c");
  }

  @Test
  void andAConnectionThatBreaksFailsAllOfIt() throws Exception {
    var works = new ArrayList<Database.Work<Boolean>>();
    works.add(() -> {
      insert("a");
      return true;
    });
    works.add(() -> {
      insert("b");
      database.query("SELECT pg_terminate_backend(pg_backend_pid())", row -> row.getBoolean(1));
      return true;
    });
    for (var one : queued(works)) {
      assertThatThrownBy(() -> one.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(WorkspaceException.class)
          .cause()
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> assertThat(e.problem().code()).isEqualTo(WorkspaceCode.DATABASE_UNREACHABLE));
    }
    assertThat(names()).isEmpty();
    insert("c");
    assertThat(names()).containsExactly("c");
  }

  @Test
  void andAnInterruptFromBeforeBreaksNothing() throws Exception {
    var told =
        threads.submit(() -> {
          Thread.currentThread().interrupt();
          insert("a");
          return Thread.interrupted();
        });
    assertThat(told.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(names()).containsExactly("a");
  }

  @Test
  void andReadersLeaveAConnectionToThem() throws Exception {
    var isFree = new CountDownLatch(1);
    insert("m");
    var readers = new ArrayList<Future<List<Boolean>>>();
    for (int i = 0; i < 30; i++) {
      readers.add(
          threads.submit(
              () -> database.query("SELECT name FROM model_counter", _ -> awaited(isFree))));
    }
    Thread.sleep(Duration.ofMillis(500));
    try {
      assertThat(
              threads
                  .submit(() -> database.transaction(this::transaction))
                  .get(2, TimeUnit.SECONDS))
          .isNotEmpty();
    } finally {
      isFree.countDown();
    }
    for (var reader : readers) {
      assertThat(reader.get(20, TimeUnit.SECONDS)).containsExactly(true);
    }
  }
}
