package dev.terroir.foundation.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A lock between processes that have many threads each")
class ProcessLockTest {
  private static final int THREADS = 8;
  private static final int TIMES = 25;

  @TempDir Path temporary;

  /// Counts in a file, which goes wrong as soon as two do it at once.
  public static void main(String[] arguments) {
    var folder = Path.of(arguments[0]);
    var count = folder.resolve("count");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < THREADS; i++) {
        threads.execute(() -> {
          for (int k = 0; k < TIMES; k++) {
            try (var _ = ProcessLock.acquire(folder.resolve("lock"), Duration.ofMinutes(1))) {
              var now = Integer.parseInt(Files.readString(count));
              Thread.yield();
              Files.writeString(count, Integer.toString(now + 1));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
      }
    }
  }

  @Test
  void isHeldByOneThreadOfOneProcess() throws Exception {
    var count = Files.writeString(temporary.resolve("count"), "0");
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 3; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  ProcessLockTest.class.getName(),
                  temporary.toString())
              .inheritIO()
              .start());
    }
    for (var process : processes) {
      assertThat(process.waitFor()).isZero();
    }
    assertThat(Files.readString(count)).isEqualTo(Integer.toString(3 * THREADS * TIMES));
  }

  @Test
  void isOneLockWhateverPathLeadsToIt() throws IOException {
    var link = Files.createSymbolicLink(temporary.resolve("link"), temporary);
    try (var _ = ProcessLock.acquire(temporary.resolve("lock"), Duration.ZERO)) {
      assertThat(ProcessLock.tryAcquire(link.resolve("lock"))).isNull();
      assertThat(ProcessLock.tryAcquire(temporary.resolve("./lock"))).isNull();
    }
    var free = ProcessLock.tryAcquire(link.resolve("lock"));
    assertThat(free).isNotNull();
    free.close();
  }
}
