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
import org.jspecify.annotations.Nullable;
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

  static CondaPackage conda(String name, String version, Random random) {
    var build = "h" + Integer.toHexString(random.nextInt(1 << 20)) + "_" + random.nextInt(9);
    var subdir = random.nextBoolean() ? "linux-64" : "noarch";
    var channel = "https://channel.example/" + (random.nextBoolean() ? "main" : "label/dev");
    var hasSha256 = random.nextInt(4) > 0;
    return new CondaPackage(
        name,
        version,
        build,
        random.nextInt(200),
        subdir,
        channel,
        channel + "/" + subdir + "/" + name + "-" + version + "-" + build + ".conda",
        hasSha256 ? Sha256.of(name + random.nextInt()).hex() : null,
        hasSha256 && random.nextBoolean() ? null : Sha256.of(build).hex().substring(0, 32),
        random.nextInt(3) == 0 ? -1 : random.nextLong(1L << 40),
        random.nextBoolean() ? List.of() : List.of("python >=3.8,<3.9.0a0", "libgcc-ng >=12"),
        random.nextBoolean() ? List.of() : List.of("cudatoolkit 11.*", "__glibc >=2.17"),
        subdir.equals("noarch") ? (random.nextBoolean() ? "python" : "generic") : null,
        random.nextInt(9) == 0 ? "lib/python3.13t/site-packages" : null,
        random.nextBoolean() ? null : "BSD-3-Clause AND \"MIT\"",
        random.nextBoolean() ? -1 : random.nextLong(1L << 41),
        random.nextBoolean()
            ? List.of()
            : List.of(new CondaPackage.Distribution(name, version + ".post1")),
        random.nextBoolean() ? List.of(LockedPackage.DEFINITION) : List.of("a", "b"));
  }

  static Lock withConda(Lock lock, List<CondaPackage> packages, Random random) {
    return new Lock(
        lock.definitionHash(),
        lock.platform(),
        lock.pythonVersion(),
        lock.requirements(),
        lock.options(),
        lock.replacements(),
        lock.packages(),
        new CondaPart(
            List.of("numpy 1.*", "channel::b[version='>=2']"),
            List.of("https://channel.example/main"),
            random.nextBoolean() ? "strict" : "flexible",
            List.of("__unix=0=0", "__glibc=2.36=0"),
            packages,
            random.nextBoolean() ? Map.of() : Map.of("pytorch", "torch")),
        lock.tools());
  }

  @Test
  void aFileWithCondaPackagesReadsBackAsItself(@TempDir Path folder) {
    qt().withExamples(100)
        .forAll(integers().between(0, 1000), integers().between(0, 12))
        .checkAssert((seed, count) -> {
          var random = new Random(seed);
          var packages = new ArrayList<CondaPackage>();
          for (int i = 0; i < count; i++) {
            packages.add(conda("p" + random.nextInt(50) + "x" + i, "1!2." + i + "a", random));
          }
          var lock = withConda(lock(wheel("p1", "1.0", "a")), packages, random);
          LockFile.write(lock, folder.resolve("lock.json"));
          assertThat(LockFile.read(folder.resolve("lock.json"))).isEqualTo(lock);
          var digest = lock.digest();
          Collections.shuffle(packages, random);
          assertThat(withConda(lock, packages, random).digest()).isEqualTo(digest);
          if (!packages.isEmpty()) {
            packages.removeLast();
            assertThat(withConda(lock, packages, random).digest()).isNotEqualTo(digest);
          }
        });
  }

  @Test
  void aDifferenceComparesEachKindWithItself() {
    var random = new Random(1);
    var server = conda("redis", "7.0", random);
    var client = wheel("redis", "5.0");
    var before = withConda(lock(), List.of(server), random);
    var after = withConda(lock(client), List.of(conda("redis", "7.0", random)), random);
    assertThat(LockDifference.between(before, after).added()).containsExactly(client);
    assertThat(LockDifference.between(before, after).changed())
        .singleElement()
        .satisfies(change -> assertThat(change.before()).isEqualTo(server));
    assertThat(LockDifference.between(after, before).removed()).containsExactly(client);
    assertThat(LockDifference.between(after, after).isEmpty()).isTrue();
  }

  @Test
  void aChannelThatTellsMoreDigestsThanBeforeChangedNothing() {
    var one = conda("zlib", "1.3", new Random(2));
    var md5 = "0".repeat(32);
    var known = digests(one, Sha256.of("a").hex(), md5);
    var lock = withConda(lock(), List.of(digests(one, null, md5)), new Random(3));
    assertThat(
            LockDifference.between(lock, withConda(lock(), List.of(known), new Random(3)))
                .isEmpty())
        .isTrue();
  }

  private static CondaPackage digests(CondaPackage item, @Nullable String sha256, String md5) {
    return new CondaPackage(
        item.name(),
        item.version(),
        item.build(),
        item.buildNumber(),
        item.subdir(),
        item.channel(),
        item.url(),
        sha256,
        md5,
        item.sizeBytes(),
        item.depends(),
        item.constrains(),
        item.noarch(),
        item.sitePackagesPath(),
        item.license(),
        item.timestampMillis(),
        item.distributions(),
        item.requiredBy());
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

  private static LockedPackage planted(String url, String bytes) {
    var artifact =
        new LockedPackage.Artifact(
            "vcs", url, "planted-1.0-py3-none-any.whl", Sha256.of(bytes).hex(), 7);
    return new LockedPackage("planted", "1.0", artifact, null, List.of("(definition)"));
  }

  @Test
  void aWheelOfARepositoryIsNamedByItsCommitAndItsBytes(@TempDir Path folder) throws IOException {
    var commit =
        new RepositoryCommit("https://host.example/o/r.git", "c".repeat(40), "some python/lib");
    assertThat(commit.directUrl())
        .isEqualTo(
            "git+https://host.example/o/r.git@"
                + "c".repeat(40)
                + "#subdirectory=some%20python/lib");
    assertThat(RepositoryCommit.parse(commit.directUrl())).contains(commit);
    assertThat(RepositoryCommit.parsePixi(commit.pixiLocation())).contains(commit);
    assertThat(
            RepositoryCommit.parsePixi(
                "git+https://host.example/o/r?rev=v1&subdirectory=a#" + "d".repeat(40)))
        .contains(new RepositoryCommit("https://host.example/o/r", "d".repeat(40), "a"));
    assertThat(RepositoryCommit.parse("git+https://host.example/o/r@v1")).isEmpty();
    assertThat(RepositoryCommit.parse("git+ext://sh -c id@" + "c".repeat(40))).isEmpty();

    var lock = lock(planted(commit.directUrl(), "one"));
    assertThat(lock.get("planted").commit()).contains(commit);
    var file = folder.resolve("lock.json");
    LockFile.write(lock, file);
    assertThat(LockFile.read(file)).isEqualTo(lock);
    Files.writeString(file, Files.readString(file).replace("@" + "c".repeat(40), "@main"));
    assertThatThrownBy(() -> LockFile.read(file)).hasMessageContaining("`git+URL@COMMIT`");

    assertThat(LockExport.pylock(lock))
        .contains(
            "vcs = { type = \"git\", url = \"https://host.example/o/r.git\", commit-id = \""
                + "c".repeat(40)
                + "\", subdirectory = \"some python/lib\" }");
    assertThat(LockExport.requirements(lock))
        .contains("planted @ " + commit.directUrl() + "\n")
        .doesNotContain("--hash");
    var other = lock(planted(commit.directUrl(), "two"));
    assertThat(LockDifference.between(lock, other).changed()).hasSize(1);
    assertThat(LockDifference.between(lock, lock).isEmpty()).isTrue();
  }

  @Test
  void aDifferenceSaysAddedRemovedAndChanged() {
    var difference =
        LockDifference.between(
            lock(wheel("a", "1.0"), wheel("b", "1.0")), lock(wheel("b", "1.1"), wheel("c", "1.0")));
    assertThat(difference.added()).extracting(Locked::name).containsExactly("c");
    assertThat(difference.removed()).extracting(Locked::name).containsExactly("a");
    assertThat(difference.changed())
        .singleElement()
        .satisfies(change -> assertThat(change.after().version()).isEqualTo("1.1"));
  }
}
