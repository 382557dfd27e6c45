package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The database of a workspace")
@ParameterizedClass
@EnumSource
class DatabaseTest {
  private static final int AT_ONCE = 10;

  private static final String COUNT = "SELECT last FROM model_counter WHERE name = 'm'";
  private static final String SET = "UPDATE model_counter SET last = ? WHERE name = 'm'";

  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Supplier<Database> place;

  @BeforeEach
  void begin() {
    place = kind.in(folder);
  }

  /// Calls at the same instant.
  private static <T> List<T> atOnce(int number, Callable<T> call) throws Exception {
    var barrier = new CyclicBarrier(number);
    var pending = new ArrayList<Future<T>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < number; i++) {
        pending.add(
            threads.submit(() -> {
              barrier.await();
              return call.call();
            }));
      }
      var results = new ArrayList<T>();
      for (var one : pending) {
        results.add(one.get(100, TimeUnit.SECONDS));
      }
      return results;
    }
  }

  private static long count(Database database) {
    return database.first(COUNT, row -> row.getLong(1)).orElseThrow();
  }

  private static void insert(Database database, String name) {
    database.update("INSERT INTO model_counter (name, last) VALUES (?, 0)", name);
  }

  @Test
  void isMadeOnceByAllThatOpenItAtTheSameInstant() throws Exception {
    for (int round = 0; round < (kind == TestDatabase.SQLITE ? 40 : 4); round++) {
      var made = kind.in(Files.createDirectory(folder.resolve("round-" + round)));
      var schemas =
          atOnce(
              AT_ONCE,
              () -> {
                try (var database = made.get()) {
                  return database.first(kind.askSchema(), row -> row.getInt(1)).orElseThrow();
                }
              });
      assertThat(schemas).hasSize(AT_ONCE).containsOnly(Migrations.newest());
    }
  }

  @Test
  void ofALaterTerroirIsRefusedAndNotTouched() {
    try (var before = place.get()) {
      insert(before, "kept");
      before.update(kind.setSchema(99));
      assertThatThrownBy(() -> place.get().close())
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(WorkspaceCode.DATABASE_TOO_NEW);
                assertThat(e.problem().render()).contains("later Terroir", "number 99");
              });
      before.update(kind.setSchema(Migrations.newest()));
    }
    try (var database = place.get()) {
      assertThat(database.query("SELECT name FROM model_counter", row -> row.getString(1)))
          .containsExactly("kept");
    }
  }

  @Test
  void whoWaitsToWriteKeepsNoProcessorFromWhoIsWriting() throws Exception {
    // A job has a database of its own beside its server's.
    var others = new ArrayList<Database>();
    var isWriting = new CountDownLatch(1);
    try (var one = place.get();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      insert(one, "m");
      for (int i = 0; i <= Runtime.getRuntime().availableProcessors(); i++) {
        others.add(place.get());
      }
      var writer =
          threads.submit(() ->
              one.transaction(() -> {
                isWriting.countDown();
                try {
                  Thread.sleep(700);
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                return one.update(SET, 1L);
              }));
      isWriting.await();
      var begun = System.nanoTime();
      var waiting = new ArrayList<Future<?>>();
      for (int i = 0; i < others.size(); i++) {
        var other = others.get(i);
        waiting.add(
            threads.submit(
                i % 2 == 0
                    ? () -> other.update(SET, 2L)
                    : () -> other.transaction(() -> other.update(SET, 2L))));
      }
      writer.get(30, TimeUnit.SECONDS);
      for (var each : waiting) {
        each.get(30, TimeUnit.SECONDS);
      }
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
      assertThat(count(one)).isEqualTo(2);
    } finally {
      others.forEach(Database::close);
    }
  }

  @Test
  void oneAtATimeWritesWhoeverAsks() throws Exception {
    try (var one = place.get();
        var other = place.get()) {
      insert(one, "m");
      var rounds = 20;
      atOnce(
          AT_ONCE,
          () -> {
            for (int i = 0; i < rounds; i++) {
              var database = i % 2 == 0 ? one : other;
              database.transaction(() -> database.update(SET, count(database) + 1));
            }
            return 0;
          });
      assertThat(count(one)).isEqualTo(AT_ONCE * rounds);
      assertThat(count(other)).isEqualTo(AT_ONCE * rounds);
    }
  }

  @Test
  void anUpdateDoesNotSlipIntoATransactionOfAnother() throws Exception {
    try (var one = place.get();
        var other = place.get();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      insert(one, "m");
      var pending =
          one.transaction(() -> {
            var before = count(one);
            var update = threads.submit(() -> other.update(SET, 100));
            pause(Duration.ofMillis(200));
            assertThat(update.isDone()).isFalse();
            one.update(SET, before + 1);
            return update;
          });
      assertThat(pending.get()).isEqualTo(1);
      assertThat(count(one)).isEqualTo(100);
    }
  }

  @Test
  void aTransactionSeesWhatItWroteAndOthersSeeItWhenItEnds() throws Exception {
    try (var database = place.get();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      insert(database, "m");
      database.transaction(() -> {
        database.update(SET, 7);
        assertThat(count(database)).isEqualTo(7);
        // A reader beside it waits for nothing.
        assertThat(get(threads.submit(() -> count(database)))).isEqualTo(0);
        return 0;
      });
      assertThat(threads.submit(() -> count(database)).get()).isEqualTo(7);
    }
  }

  @Test
  void manyReadersReadWhileManyWritersWait() throws Exception {
    try (var database = place.get();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      insert(database, "m");
      var isFree = new CountDownLatch(1);
      var writers = new ArrayList<Future<Integer>>();
      var holds = new CountDownLatch(1);
      for (int i = 0; i < 30; i++) {
        writers.add(
            threads.submit(() ->
                database.transaction(() -> {
                  holds.countDown();
                  await(isFree);
                  return database.update(SET, count(database) + 1);
                })));
      }
      holds.await();
      try {
        for (int i = 0; i < 30; i++) {
          assertThat(get(threads.submit(() -> count(database)))).isEqualTo(0);
        }
      } finally {
        isFree.countDown();
      }
      for (var writer : writers) {
        assertThat(writer.get()).isEqualTo(1);
      }
      assertThat(count(database)).isEqualTo(30);
    }
  }

  @Test
  void whoIsToldThatItIsWrittenFindsItElsewhere() throws Exception {
    try (var one = place.get();
        var other = place.get()) {
      var next = new AtomicInteger();
      atOnce(
          AT_ONCE,
          () -> {
            for (int i = 0; i < 10; i++) {
              var name = "n" + next.incrementAndGet();
              one.transaction(() -> {
                insert(one, name);
                return 0;
              });
              assertThat(
                      other.first(
                          "SELECT last FROM model_counter WHERE name = ?",
                          row -> row.getLong(1),
                          name))
                  .contains(0L);
            }
            return 0;
          });
    }
  }

  @Test
  void ofManyThatQueueThoseThatFailAreUndoneAlone() throws Exception {
    try (var database = place.get()) {
      insert(database, "m");
      var next = new AtomicInteger();
      var failed = new AtomicInteger();
      atOnce(
          30,
          () -> {
            var number = next.getAndIncrement();
            try {
              database.transaction(() -> {
                database.update(SET, count(database) + 1);
                if (number % 3 == 1) {
                  throw new IllegalStateException("no");
                }
                return number % 3 == 2 ? database.update("UPDATE nothing SET last = 1") : 0;
              });
            } catch (IllegalStateException | WorkspaceException e) {
              failed.incrementAndGet();
            }
            return 0;
          });
      assertThat(failed.get()).isEqualTo(20);
      assertThat(count(database)).isEqualTo(10);
    }
  }

  @Test
  void whatFailsIsUndoneAndTheNextWorks() {
    try (var database = place.get()) {
      insert(database, "m");
      assertThatThrownBy(() ->
              database.transaction(() -> {
                database.update(SET, 5);
                throw new IllegalStateException("no");
              }))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() ->
              database.transaction(() -> {
                database.update(SET, 6);
                return database.update("UPDATE nothing SET last = 1");
              }))
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> assertThat(e.problem().code()).isEqualTo(WorkspaceCode.DATABASE_FAILED));
      assertThat(count(database)).isEqualTo(0);
      assertThat(database.update(SET, 7)).isEqualTo(1);
      assertThat(count(database)).isEqualTo(7);
    }
  }

  @Test
  void aTransactionWithinOneIsUndoneAlone() {
    try (var database = place.get()) {
      insert(database, "m");
      database.transaction(() -> {
        database.update(SET, 1);
        assertThatThrownBy(() ->
                database.transaction(() -> {
                  database.update(SET, 2);
                  insert(database, "m");
                  return 0;
                }))
            .isInstanceOf(WorkspaceException.class);
        assertThat(count(database)).isEqualTo(1);
        database.transaction(() -> {
          insert(database, "n");
          return 0;
        });
        return 0;
      });
      assertThat(database.query("SELECT name FROM model_counter", row -> row.getString(1)))
          .containsExactlyInAnyOrder("m", "n");
      assertThat(count(database)).isEqualTo(1);
    }
  }

  @Test
  void aRowThatIsReadMayAskForMore() throws Exception {
    try (var database = place.get();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      insert(database, "m");
      var readers = new ArrayList<Future<List<Long>>>();
      database.transaction(() -> {
        database.update(SET, 7);
        // More at once than there are connections for readers, while a writer has its own.
        for (int i = 0; i < 4 * AT_ONCE; i++) {
          readers.add(
              threads.submit(() ->
                  database.query(
                      "SELECT name FROM model_counter",
                      _ -> {
                        pause(Duration.ofMillis(50));
                        return count(database);
                      })));
        }
        for (var reader : readers) {
          assertThat(get(reader)).containsExactly(0L);
        }
        return 0;
      });
      // Who writes from within a row sees it, and its row's connection does not.
      assertThat(
              database.query(
                  "SELECT name FROM model_counter",
                  _ ->
                      database.transaction(() -> {
                        database.update(SET, 8);
                        return count(database);
                      })))
          .containsExactly(8L);
    }
  }

  @Test
  void listsComeInTheOrderOfBytesWhateverTheLanguage() {
    try (var database = place.get()) {
      var names = List.of("B", "Z-1", "_x", "a", "a-2", "a1", "é");
      names.reversed().forEach(name -> insert(database, name));
      assertThat(
              database.query(
                  "SELECT name FROM model_counter ORDER BY name", row -> row.getString(1)))
          .isEqualTo(names);
      assertThat(
              database.query(
                  "SELECT name FROM model_counter WHERE name < ? ORDER BY name",
                  row -> row.getString(1),
                  "a"))
          .containsExactly("B", "Z-1", "_x");
    }
  }

  @Test
  void valuesComeBackAsTheyWere() {
    try (var database = place.get()) {
      var text = "{\"a\": \"'; -- ? é 🦀 \\\\u0000\"}";
      database.update(
          "INSERT INTO access_token (id, hash, name, role, run_id, created_at) VALUES (?, ?, ?, ?,"
              + " ?, ?)",
          "1",
          text,
          "",
          "r",
          null,
          "2026-01-01T00:00:00Z");
      database.update(
          "INSERT INTO run_metric_batch (run_id, sender, last) VALUES ('r', 's', ?)",
          Long.MAX_VALUE);
      assertThat(
              database.first(
                  "SELECT hash, run_id FROM access_token",
                  row -> {
                    assertThat(row.getString(2)).isNull();
                    return row.getString(1);
                  }))
          .contains(text);
      assertThat(database.first("SELECT last FROM run_metric_batch", row -> row.getLong(1)))
          .contains(Long.MAX_VALUE);
    }
  }

  @Test
  void tellsTheTime() {
    try (var database = place.get()) {
      assertThat(Duration.between(database.now(), Instant.now()).abs())
          .isLessThan(Duration.ofSeconds(10));
    }
  }

  private static <T> T get(Future<T> future) {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("it waits", e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
