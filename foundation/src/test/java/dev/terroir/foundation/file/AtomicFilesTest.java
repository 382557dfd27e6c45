package dev.terroir.foundation.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.FoundationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Files that appear whole")
class AtomicFilesTest {
  @TempDir Path directory;

  @Test
  void aFailingWriterLeavesTheOldFileAndNoTemporary() throws IOException {
    var file = directory.resolve("truth.json");
    AtomicFiles.write(file, "old");
    assertThatThrownBy(() ->
            AtomicFiles.write(
                file,
                out -> {
                  out.write(new byte[100]);
                  throw new IOException("No space left on device");
                }))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("disk-full"));
    assertThat(file).hasContent("old");
    assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
  }

  @Test
  void readersSeeOldOrNewButNeverHalf() throws Exception {
    var file = directory.resolve("shared");
    var size = 100_000;
    AtomicFiles.write(file, "0".repeat(size));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var writers =
          IntStream.range(1, 5)
              .mapToObj(n ->
                  threads.submit(() -> {
                    for (int i = 0; i < 20; i++) {
                      AtomicFiles.write(file, String.valueOf(n).repeat(size));
                    }
                  }))
              .toList();
      for (int i = 0; i < 200; i++) {
        var text = Files.readString(file);
        assertThat(text).hasSize(size);
        assertThat(text.chars().distinct().count()).isEqualTo(1);
      }
      for (var writer : writers) {
        writer.get();
      }
    }
  }

  @Test
  void privateFilesAreForTheirOwnerOnly() throws IOException {
    var file = directory.resolve("keys/token");
    AtomicFiles.writePrivate(file, "secret");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void sweepingTakesOldTemporariesOnly() throws IOException {
    var old = Files.writeString(directory.resolve(".a.1.tmp"), "");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    var fresh = Files.writeString(directory.resolve(".b.2.tmp"), "");
    AtomicFiles.sweep(directory);
    assertThat(old).doesNotExist();
    assertThat(fresh).exists();
  }

  @Test
  void deletingATreeLeavesWhatItsLinksPointTo() throws IOException {
    var kept = Files.createDirectory(directory.resolve("kept"));
    Files.writeString(kept.resolve("file"), "x");
    var tree = Files.createDirectories(directory.resolve("tree/sub"));
    Files.createSymbolicLink(tree.resolve("link"), kept);
    Trees.delete(directory.resolve("tree"));
    assertThat(directory.resolve("tree")).doesNotExist();
    assertThat(kept.resolve("file")).exists();
  }

  @Test
  void copyingATreeKeepsLinksAndModes() throws IOException {
    var from = Files.createDirectories(directory.resolve("from/sub"));
    var script = Files.writeString(from.resolve("run.sh"), "x");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-x---"));
    Files.createSymbolicLink(from.resolve("dangling"), Path.of("nowhere"));
    Trees.copy(directory.resolve("from"), directory.resolve("to"));
    var copied = directory.resolve("to/sub");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(copied.resolve("run.sh"))))
        .isEqualTo("rwxr-x---");
    assertThat(Files.readSymbolicLink(copied.resolve("dangling"))).isEqualTo(Path.of("nowhere"));
  }

  @Test
  void onlyOneHolderAtATime() throws Exception {
    var file = directory.resolve("work.lock");
    var inside = new java.util.concurrent.atomic.AtomicInteger();
    Callable<Boolean> work =
        () -> {
          try (var _ = ProcessLock.acquire(file, Duration.ofSeconds(20))) {
            var alone = inside.incrementAndGet() == 1;
            Thread.sleep(5);
            inside.decrementAndGet();
            return alone;
          }
        };
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var result : threads.invokeAll(java.util.Collections.nCopies(10, work))) {
        assertThat(result.get()).isTrue();
      }
    }
  }

  @Test
  void aLockHeldTooLongIsSaidWithItsFile() {
    var file = directory.resolve("work.lock");
    try (var _ = ProcessLock.acquire(file, Duration.ofSeconds(1))) {
      assertThatThrownBy(() -> ProcessLock.acquire(file, Duration.ofMillis(50)))
          .isInstanceOfSatisfying(
              FoundationException.class,
              e ->
                  assertThat(e.problem().render())
                      .contains("[lock-timeout]")
                      .contains(file.toString()));
    }
  }

  @Test
  void aDirectoryThatMayNotBeWrittenIsNamed() throws IOException {
    var closed = Files.createDirectory(directory.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeTrue(!Files.isWritable(closed), "root may write anywhere");
    assertThatThrownBy(() -> AtomicFiles.write(closed.resolve("x"), "x"))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e -> assertThat(e.problem().render()).contains("permission").contains("closed"));
  }
}
