package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The database of a workspace")
class DatabaseTest {
  private static final int AT_ONCE = 8;

  @TempDir Path folder;

  @Test
  void isMadeOnceByAllThatOpenItAtTheSameInstant() throws Exception {
    for (int round = 0; round < 40; round++) {
      var file = folder.resolve(round + ".db");
      var barrier = new CyclicBarrier(AT_ONCE);
      var opened = new ArrayList<Future<Integer>>();
      try (var threads = Executors.newFixedThreadPool(AT_ONCE)) {
        for (int i = 0; i < AT_ONCE; i++) {
          opened.add(
              threads.submit(() -> {
                barrier.await();
                try (var database = Database.open(file)) {
                  return database.first("PRAGMA user_version", row -> row.getInt(1)).orElseThrow();
                }
              }));
        }
        for (var one : opened) {
          assertThat(one.get()).isPositive();
        }
      }
    }
  }
}
