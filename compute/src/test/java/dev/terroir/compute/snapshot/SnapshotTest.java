package dev.terroir.compute.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.compute.ComputeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Snapshots of a source directory")
class SnapshotTest {
  @TempDir Path folder;
  private Path source;
  private Path store;

  @BeforeEach
  void begin() throws IOException {
    source = Files.createDirectories(folder.resolve("source/sub")).getParent();
    store = folder.resolve("store");
    Files.writeString(source.resolve("train.py"), "print()");
    Files.writeString(source.resolve("sub/data.txt"), "data");
    Files.createDirectories(source.resolve(".git"));
    Files.writeString(source.resolve(".git/config"), "x");
  }

  private Snapshot take() {
    return Snapshot.take(source, store, Snapshot.Limits.DEFAULT);
  }

  @Test
  void theSameFilesAreTheSameSnapshot() throws IOException {
    var first = take();
    assertThat(first.entries())
        .extracting(Snapshot.Entry::path)
        .containsExactly("sub/data.txt", "train.py");
    assertThat(take()).isEqualTo(first);
    Files.writeString(source.resolve("train.py"), "print(1)");
    assertThat(take().id()).isNotEqualTo(first.id());
  }

  @Test
  void aWorkingCopyHasTheSameFiles() throws IOException {
    source.resolve("train.py").toFile().setExecutable(true);
    var snapshot = take();
    Snapshot.restore(store, snapshot.id(), folder.resolve("work"));
    assertThat(folder.resolve("work/sub/data.txt")).hasContent("data");
    assertThat(Files.isExecutable(folder.resolve("work/train.py"))).isTrue();
    assertThat(Files.isExecutable(folder.resolve("work/sub/data.txt"))).isFalse();
  }

  @Test
  void aDamagedStoreIsNoticed() throws IOException {
    var snapshot = take();
    var sha256 = snapshot.entries().getFirst().sha256();
    Files.writeString(
        store.resolve("objects").resolve(sha256.substring(0, 2)).resolve(sha256.substring(2)),
        "other");
    assertThatThrownBy(() -> Snapshot.restore(store, snapshot.id(), folder.resolve("work")))
        .isInstanceOf(ComputeException.class)
        .hasMessageContaining("damaged");
  }

  @Test
  void beyondTheLimitsTheLargestFilesAreNamed() throws IOException {
    Files.write(source.resolve("large.bin"), new byte[5000]);
    assertThatThrownBy(() -> Snapshot.take(source, store, new Snapshot.Limits(4000, 100)))
        .isInstanceOfSatisfying(
            ComputeException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("While attempting to take snapshot of", "large.bin", ".amlignore"));
    assertThatThrownBy(() -> Snapshot.take(source, store, new Snapshot.Limits(1 << 20, 2)))
        .isInstanceOf(ComputeException.class);
  }

  @Test
  void aLinkOutOfTheDirectoryIsRefused() throws IOException {
    Files.createSymbolicLink(source.resolve("inside"), Path.of("train.py"));
    assertThat(take().entries()).extracting(Snapshot.Entry::path).contains("inside");
    Files.createSymbolicLink(source.resolve("outside"), Path.of("/etc/hostname"));
    assertThatThrownBy(this::take)
        .isInstanceOf(ComputeException.class)
        .hasMessageContaining("leads out");
  }
}
