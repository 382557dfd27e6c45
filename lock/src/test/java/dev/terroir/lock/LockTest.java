package dev.terroir.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.lock.export.LockExport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Locks: their file, digest, exports and differences")
class LockTest {
  static LockedPackage wheel(String name, String version, String... requiredBy) {
    var file = name + "-" + version + "-py3-none-any.whl";
    return new LockedPackage(
        name,
        version,
        new LockedPackage.Artifact(
            "wheel", "https://files.example/" + file, file, Sha256.of(file).hex(), 1000),
        null,
        List.of(requiredBy));
  }

  static Lock lock(LockedPackage... packages) {
    return new Lock(
        "0".repeat(32),
        Platform.LINUX_AMD64,
        "3.11",
        List.of("b"),
        List.of(),
        Map.of(),
        List.of(packages),
        Map.of("uv", "0.13.9"));
  }

  @Test
  void aFileReadsBackAsItself(@TempDir Path folder) {
    qt().withExamples(50)
        .forAll(integers().between(0, 1000), integers().between(0, 12))
        .checkAssert((seed, count) -> {
          var random = new Random(seed);
          var packages = new ArrayList<LockedPackage>();
          for (int i = 0; i < count; i++) {
            packages.add(
                wheel("p" + random.nextInt(50) + "x" + i, "1." + random.nextInt(9), "a", "b"));
          }
          var lock = lock(packages.toArray(LockedPackage[]::new));
          LockFile.write(lock, folder.resolve("lock.json"));
          assertThat(LockFile.read(folder.resolve("lock.json"))).isEqualTo(lock);
          Collections.shuffle(packages, random);
          assertThat(lock(packages.toArray(LockedPackage[]::new)).digest())
              .isEqualTo(lock.digest());
        });
  }

  @Test
  void theDigestCountsWhatIsInstalledAndNotWhere() {
    var lock = lock(wheel("a", "1.0"));
    var mirrored =
        new LockedPackage(
            "a",
            "1.0",
            new LockedPackage.Artifact(
                "wheel",
                "https://mirror.example/a",
                "a-1.0-py3-none-any.whl",
                wheel("a", "1.0").artifact().sha256(),
                -1),
            "https://mirror.example/simple",
            List.of("x"));
    assertThat(lock(mirrored).digest()).isEqualTo(lock.digest());
    assertThat(lock(wheel("a", "1.1")).digest()).isNotEqualTo(lock.digest());
    assertThat(lock.digest().hex()).isEqualTo(lock(wheel("a", "1.0")).digest().hex());
  }

  @Test
  void aLockChangedByHandIsRefused(@TempDir Path folder) throws IOException {
    var file = folder.resolve("lock.json");
    LockFile.write(lock(wheel("a", "1.0")), file);
    Files.writeString(
        file, Files.readString(file).replace("\"version\": \"1.0\"", "\"version\": \"1.1\""));
    assertThatThrownBy(() -> LockFile.read(file))
        .isInstanceOf(LockException.class)
        .hasMessageContaining("changed by hand");
    Files.writeString(file, "{\"format\": \"terroir-lock/1\", \"pakages\": []}");
    assertThatThrownBy(() -> LockFile.read(file)).hasMessageContaining("no field `pakages`");
  }

  @Test
  void exportsNameEveryHash() {
    var lock = lock(wheel("a", "1.0"), wheel("b", "2.0"));
    for (var item : lock.packages()) {
      assertThat(LockExport.pylock(lock)).contains(item.artifact().sha256(), item.artifact().url());
      assertThat(LockExport.requirements(lock))
          .contains(
              item.name() + "==" + item.version(), "--hash=sha256:" + item.artifact().sha256());
    }
  }

  @Test
  void aDifferenceSaysAddedRemovedAndChanged() {
    var difference =
        LockDifference.between(
            lock(wheel("a", "1.0"), wheel("b", "1.0")), lock(wheel("b", "1.1"), wheel("c", "1.0")));
    assertThat(difference.added()).extracting(LockedPackage::name).containsExactly("c");
    assertThat(difference.removed()).extracting(LockedPackage::name).containsExactly("a");
    assertThat(difference.changed())
        .singleElement()
        .satisfies(change -> assertThat(change.after().version()).isEqualTo("1.1"));
  }
}
