package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.image.layout.OciLayout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("When the surroundings of an image fail: a clear error, and nothing is lost")
class ImageSurroundingsTest {
  private static final String SECRET = "s3cr3t-of-a-registry";

  @TempDir Path folder;
  private String base;
  private String expected;

  @BeforeEach
  void begin() {
    base = SmallBase.make(folder.resolve("base"), Terroir.python());
    WheelHouse.wheel(
        WheelHouse.make(folder.resolve("wheels")),
        "delta",
        "1.0",
        List.of("beta"),
        Map.of("delta.py", "X = 1\n", "delta-data.txt", noise(3_500_000)));
    expected =
        build(terroir(folder.resolve("elsewhere")), layout("elsewhere"))
            .succeeds()
            .json()
            .string("digest");
  }

  /// Text that hardly gets smaller when it is compressed.
  private static String noise(int size) {
    var text = new StringBuilder(size);
    var source = new Random(size);
    for (int i = 0; i < size; i++) {
      text.append((char) (' ' + 1 + source.nextInt(90)));
    }
    return text.toString();
  }

  private Terroir terroir(Path where, String... more) {
    try {
      var variables = new ArrayList<>(List.of("PIP_FIND_LINKS=" + folder.resolve("wheels")));
      variables.addAll(List.of(more));
      var terroir = new Terroir(Files.createDirectories(where), variables);
      terroir.write("requirements.txt", "delta\n");
      return terroir;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Terroir.Outcome build(Terroir terroir, String to) {
    return terroir.run(
        "image build -f " + terroir.project.resolve("requirements.txt"),
        "--base",
        base,
        "--to",
        to);
  }

  private String layout(String name) {
    return "oci:" + folder.resolve(name + "-layout") + ":1";
  }

  private static int exitCode(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private static void isClear(Terroir.Outcome outcome, String... words) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(4);
    assertThat(outcome.err()).contains(words).doesNotContain("\tat ");
  }

  /// Fills a disk but for some bytes.
  private static void fill(Path filler, long free) throws IOException {
    try (var out = Files.newOutputStream(filler)) {
      while (true) {
        out.write(new byte[4096]);
      }
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left");
    }
    try (var file = new RandomAccessFile(filler.toFile(), "rw")) {
      file.setLength(Math.max(0, file.length() - free));
    }
  }

  private Path disk(String size) throws Exception {
    var disk = Files.createDirectories(folder.resolve("disk"));
    var isMounted =
        "root".equals(System.getProperty("user.name"))
            && exitCode("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk.toString())
                == 0;
    if (!isMounted) {
      System.err.println("SKIPPED: only root can mount a small disk to fill, and not everywhere");
    }
    assumeTrue(isMounted, "a small disk");
    return disk;
  }

  /// Builds with ever more room on a small disk, until there is enough.
  ///
  /// @param to what a build writes to, on the disk
  private void onAFullDisk(Function<Path, Terroir> maker, Function<Path, String> to)
      throws Exception {
    var disk = disk("24m");
    try {
      var terroir = maker.apply(disk);
      var filler = disk.resolve("filler");
      for (var free : List.of(0L, 100_000L, 1_000_000L, 2_000_000L, 2_900_000L)) {
        fill(filler, free);
        isClear(build(terroir, to.apply(disk)), "[disk-full]", disk.toString());
        Files.delete(filler);
        assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
      }
      assertThat(build(terroir, to.apply(disk)).succeeds().json().string("digest"))
          .isEqualTo(expected);
      try (var files = Files.walk(disk)) {
        assertThat(files.filter(file -> file.toString().endsWith(".tmp"))).isEmpty();
      }
      var location = to.apply(disk);
      assertThat(terroir.run("image inspect " + location).succeeds().json().string("digest"))
          .isEqualTo(expected);
    } finally {
      exitCode("umount", "-l", disk.toString());
    }
  }

  @Test
  void aFullDiskUnderTheCacheIsToldAndTheNextBuildSucceeds() throws Exception {
    onAFullDisk(
        disk -> terroir(folder.resolve("here"), "TERROIR_HOME=" + disk.resolve("home")),
        _ -> layout("here"));
  }

  @Test
  void aFullDiskUnderTheLayoutIsToldAndTheNextBuildSucceeds() throws Exception {
    onAFullDisk(_ -> terroir(folder.resolve("here")), disk -> "oci:" + disk.resolve("out") + ":1");
  }

  @Test
  void aFullDiskUnderAnArchiveIsToldAndTheNextBuildSucceeds() throws Exception {
    onAFullDisk(
        _ -> terroir(folder.resolve("here")), disk -> "oci-archive:" + disk.resolve("out.tar:x"));
  }

  @Test
  void aFlippedBitInAnyFileOfTheCacheIsFoundOnUseAndMendedByTheBuild() throws Exception {
    var terroir = terroir(folder.resolve("here"));
    var first = layout("here");
    build(terroir, first).succeeds();
    var files = new ArrayList<Path>();
    for (var part : List.of("archives/sha256", "images/blobs/sha256")) {
      try (var all = Files.list(terroir.home.resolve("cache").resolve(part))) {
        all.sorted().forEach(files::add);
      }
    }
    assertThat(files).hasSizeGreaterThan(12);
    for (var file : files) {
      var bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 4;
      // A layout may hold the same inode.
      Files.delete(file);
      Files.write(file, bytes);
      for (var to : List.of(first, layout("other"))) {
        var built = build(terroir, to).succeeds().json();
        assertThat(built.string("digest")).as(to + " after " + file).isEqualTo(expected);
        assertThat(terroir.run("image sbom " + to).succeeds().out()).contains("delta");
      }
      for (var name : List.of("here", "other")) {
        assertThat(new OciLayout(folder.resolve(name + "-layout")).verify())
            .as(name + " after " + file)
            .isEmpty();
      }
      Trees.delete(folder.resolve("other-layout"));
      terroir.run("cache verify").succeeds();
    }
  }

  @Test
  void aRegistryThatRefusesThePasswordIsNamedAndHowToLogIn() throws Exception {
    var home = Files.createDirectories(folder.resolve("registry"));
    try (var registry = new DebianRegistry(home, DebianRegistry.withPassword(home))) {
      var auth = folder.resolve("auth.json");
      var terroir = terroir(folder.resolve("here"), "REGISTRY_AUTH_FILE=" + auth);
      var to = "docker://" + registry.address() + "/team/app:1";
      for (var password : List.of("", "terroir:" + SECRET)) {
        writeAuth(auth, registry, password);
        var refused = build(terroir, to);
        isClear(refused, "[registry-denied]", "podman login " + registry.address());
        assertThat(refused.err()).doesNotContain(SECRET);
      }
      writeAuth(auth, registry, "terroir:open sesame");
      assertThat(build(terroir, to).succeeds().json().string("digest")).isEqualTo(expected);
    }
  }

  private static void writeAuth(Path auth, DebianRegistry registry, String password)
      throws IOException {
    var encoded = Base64.getEncoder().encodeToString(password.getBytes());
    Files.writeString(
        auth,
        password.isEmpty()
            ? "{}"
            : "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(registry.address(), encoded));
  }

  @Test
  void aRegistryThatIsDownOrReadOnlyIsTold() throws Exception {
    var readOnly = "  maintenance: {readonly: {enabled: true}}";
    try (var registry = new DebianRegistry(folder.resolve("registry"), "")) {
      var terroir = terroir(folder.resolve("here"));
      var to = "docker://" + registry.address() + "/team/app:1";
      registry.kill();
      isClear(build(terroir, to), "[registry-unreachable]", registry.address());
      registry.becomes(readOnly);
      isClear(build(terroir, to), "[registry-refused]", registry.address());
      registry.becomes("");
      assertThat(build(terroir, to).succeeds().json().string("digest")).isEqualTo(expected);
    }
  }

  @Test
  void aRegistryWhoseDiskIsFullIsToldAndThePushGoesOnWhenThereIsRoom() throws Exception {
    var disk = disk("2m");
    try (var registry = new DebianRegistry(disk.resolve("registry"), "")) {
      var terroir = terroir(folder.resolve("here"));
      var to = "docker://" + registry.address() + "/team/app:1";
      // It says no more than that it has an unknown error.
      isClear(build(terroir, to), "[registry-unreachable]", registry.address(), "UNKNOWN");
      assertThat(exitCode("mount", "-o", "remount,size=64m", disk.toString())).isZero();
      assertThat(build(terroir, to).succeeds().json().string("digest")).isEqualTo(expected);
    } finally {
      exitCode("umount", "-l", disk.toString());
    }
  }
}
