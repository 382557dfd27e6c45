package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.archive.DirectUrl;
import dev.terroir.image.archive.TestWheel;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Packages become layers, once")
class PackageLayersTest {
  private static final Placement PLAIN = new Placement("3.12", "/opt/env", false, Compression.GZIP);
  private static final Placement COMPILED =
      new Placement("3.12", "/opt/env", true, Compression.GZIP);
  private static final String SITE = "opt/env/lib/python3.12/site-packages/";

  @TempDir Path work;

  private final Compiler compiler = new Compiler(_ -> RealWheels.python(), 2);

  @AfterEach
  void endInterpreters() {
    compiler.close();
  }

  private PackageLayers layers(String cache, long cap) {
    return new PackageLayers(work.resolve(cache), blobs(cache), compiler, cap);
  }

  private BlobStore blobs(String cache) {
    return new BlobStore(work.resolve(cache).resolve("blobs"));
  }

  private PackageLayers layers() {
    return layers("cache", PackageLayers.DEFAULT_CAP_BYTES);
  }

  private LayerPackage item(TestWheel wheel, String name) {
    return RealWheels.packageOf(wheel.write(work.resolve("wheels").resolve(name)), true);
  }

  private Map<String, String> read(String cache, MadeLayer layer) {
    var read = new TreeMap<String, String>();
    try (var tar =
        new TarArchiveInputStream(
            GzipCompressorInputStream.builder()
                .setInputStream(
                    new BufferedInputStream(
                        Files.newInputStream(blobs(cache).path(layer.digest()))))
                .setDecompressConcatenated(true)
                .get(),
            "UTF-8")) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        var content = new String(tar.readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(read.put(entry.getName(), content)).as(entry.getName()).isNull();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return read;
  }

  private static TestWheel small() {
    return TestWheel.of("small", "1.0")
        .file("small/__init__.py", "def f(x):\n    return x + 1\n")
        .file("small/broken.py", "def f(:\n")
        .file("small/tests/test_small.py", "x = 1\n")
        .file("small/data.txt", "data ".repeat(1000))
        .metadata("entry_points.txt", "[console_scripts]\nsmall = small:f\n");
  }

  @Nested
  class Bytes {
    /// Whoever changes these digests changes every layer in every registry: give
    /// `LayerCatalog.FORMAT` another number with it.
    @Test
    void areThoseOfEveryMachine() {
      var made = layers().make(List.of(item(small(), "a")), PLAIN, Progress.SILENT);
      assertThat(made.layers()).hasSize(1);
      var layer = made.layers().getFirst();
      assertThat(layer.diffId().toString())
          .isEqualTo("sha256:7d3ed5a92667e0f6a1f8f8fbdb52dae4a9af259bbad8ab44aad3b498e0369e2a");
      assertThat(layer.digest().toString())
          .isEqualTo("sha256:6f8163a3ea62773535a75b1f7ee91403309b21e8ff747650ee526b264274546e");
    }

    @Test
    void doNotDependOnTheCacheOrTheOrderOfPackages() {
      var one = item(small(), "a");
      var other = item(TestWheel.of("other", "2").file("other.py", "x = 1\n"), "b");
      var made = layers().make(List.of(one, other), COMPILED, Progress.SILENT);
      var again =
          layers("elsewhere", PackageLayers.DEFAULT_CAP_BYTES)
              .make(List.of(other, one), COMPILED, Progress.SILENT);
      assertThat(again).isEqualTo(made);
      assertThat(layers().find(List.of(other, one), COMPILED)).contains(made);
    }

    @Test
    void dependOnEverythingThatDecidesThem() {
      var wheel = item(small(), "a");
      var digests = new ArrayList<String>();
      for (var placement :
          List.of(
              PLAIN,
              COMPILED,
              new Placement("3.11", "/opt/env", false, Compression.GZIP),
              new Placement("3.12", "/opt/other", false, Compression.GZIP),
              new Placement("3.12", "/opt/env", false, Compression.ZSTD))) {
        digests.add(
            layers()
                .make(List.of(wheel), placement, Progress.SILENT)
                .layers()
                .getFirst()
                .digest()
                .encoded());
      }
      var origin =
          new DirectUrl("https://host/small.whl", new DirectUrl.Info.Archive(Map.of()), null);
      for (var changed :
          List.of(
              new LayerPackage("small", "1.0", wheel.archiveSha256(), null, false, wheel.archive()),
              new LayerPackage(
                  "small", "1.0", wheel.archiveSha256(), origin, true, wheel.archive()))) {
        digests.add(
            layers()
                .make(List.of(changed), PLAIN, Progress.SILENT)
                .layers()
                .getFirst()
                .digest()
                .encoded());
      }
      assertThat(digests).doesNotHaveDuplicates();
    }
  }

  @Nested
  class Content {
    @Test
    void isAnInstalledPackage() {
      var made = layers().make(List.of(item(small(), "a")), COMPILED, Progress.SILENT);
      var files = read("cache", made.layers().getFirst());
      assertThat(files.keySet())
          .contains(
              "opt/env/bin/small",
              SITE + "small/__init__.py",
              SITE + "small/__pycache__/__init__.cpython-312.pyc",
              SITE + "small-1.0.dist-info/RECORD",
              SITE + "small-1.0.dist-info/REQUESTED")
          .doesNotContain(
              SITE + "small/tests/__pycache__/test_small.cpython-312.pyc",
              SITE + "small/__pycache__/broken.cpython-312.pyc");
      assertThat(files.get(SITE + "small-1.0.dist-info/INSTALLER")).isEqualTo("terroir");
      assertThat(files.get(SITE + "small-1.0.dist-info/RECORD"))
          .contains("small/__pycache__/__init__.cpython-312.pyc,,\n")
          .contains("../../../bin/small,sha256=")
          .contains("small-1.0.dist-info/RECORD,,\n");
      assertThat(files.get(SITE + "small/__pycache__/__init__.cpython-312.pyc"))
          .contains("/opt/env/lib/python3.12/site-packages/small/__init__.py");
      assertThat(made.uncompiled()).hasSize(1);
      assertThat(made.uncompiled().getFirst()).contains("small/broken.py", "SyntaxError");
      assertThat(layers().paths(List.of(item(small(), "a")), COMPILED))
          .extracting(LayerPath::path)
          .containsExactlyElementsOf(
              files.keySet().stream().filter(path -> !path.endsWith("/")).toList());
    }

    @Test
    void everyRowOfRecordIsTrue() {
      var wheel =
          small()
              .file("small-1.0.data/scripts/run", "#!python\nprint(1)\n")
              .file("small-1.0.data/data/etc/small.conf", "x");
      var made = layers().make(List.of(item(wheel, "a")), COMPILED, Progress.SILENT);
      var files = read("cache", made.layers().getFirst());
      var listed = new ArrayList<String>();
      for (var row :
          dev.terroir.image.archive.WheelRecord.parse(
                  "test", files.get(SITE + "small-1.0.dist-info/RECORD"))
              .rows()) {
        var path = Path.of(SITE).resolve(row.path()).normalize().toString();
        listed.add(path);
        var content = files.get(path);
        assertThat(content).as(path).isNotNull();
        if (row.hash() != null) {
          var bytes = content.getBytes(StandardCharsets.ISO_8859_1);
          assertThat(row.matches(Sha256.engine().digest(bytes), bytes.length)).as(path).isTrue();
        }
      }
      assertThat(listed)
          .containsExactlyInAnyOrderElementsOf(
              files.keySet().stream().filter(path -> !path.endsWith("/")).toList());
    }

    @Test
    void byteCodeThatAWheelBringsGivesWay() {
      var wheel =
          TestWheel.of("p", "1")
              .file("p.py", "x = 1\n")
              .file("__pycache__/p.cpython-312.pyc", "stale")
              .file("__pycache__/gone.cpython-312.pyc", "kept");
      var files =
          read(
              "cache",
              layers()
                  .make(List.of(item(wheel, "a")), COMPILED, Progress.SILENT)
                  .layers()
                  .getFirst());
      assertThat(files.get(SITE + "__pycache__/p.cpython-312.pyc")).doesNotContain("stale");
      assertThat(files.get(SITE + "__pycache__/gone.cpython-312.pyc")).isEqualTo("kept");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "p/.wh.x",
          "p/.wh..wh..opq",
          ".wh.x/y",
          "p-1.data/data/.wh.bin",
          "p-1.data/data/bin/python",
          "p-1.data/scripts/python3",
          "p-1.data/scripts/python3.12",
          "p-1.data/data/pyvenv.cfg",
          "p-1.data/data/bin",
          "p-1.data/data/lib",
          "p-1.data/data/lib64"
        })
    void neverTakesThePlaceOfTheEnvironmentOrDeletesOtherLayersFiles(String path) {
      assertRefused(TestWheel.of("p", "1").file(path, "x"), "[invalid-archive]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"python", "python3", "python3.12"})
    void norDoesAnEntryPoint(String name) {
      assertRefused(
          TestWheel.of("p", "1")
              .metadata("entry_points.txt", "[console_scripts]\n" + name + "=a:b\n"),
          "would replace");
    }

    @Test
    void hasOneFileInAPlace() {
      assertRefused(
          TestWheel.of("p", "1").file("a.py", "x").file("p-1.data/purelib/a.py", "y"),
          "same place");
      assertRefused(
          TestWheel.of("p", "1").file("a", "x").file("p-1.data/purelib/a/b.py", "y"),
          "as a file and as a folder");
    }

    private void assertRefused(TestWheel wheel, String why) {
      var item = item(wheel, "refused");
      assertThatThrownBy(() -> layers().make(List.of(item), PLAIN, Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class, e -> assertThat(e.problem().render()).contains(why));
      assertThat(layers().find(List.of(item), PLAIN)).isEmpty();
    }

    @Test
    void isThatOfTheArchiveAndThePackageThatTheLockNames() {
      var item = item(small(), "a");
      var other = Sha256.of("another archive");
      assertThatThrownBy(() ->
              layers()
                  .make(
                      List.of(new LayerPackage("small", "1.0", other, null, true, item.archive())),
                      PLAIN,
                      Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().render()).contains("[archive-mismatch]", other.hex()));
      assertThatThrownBy(() ->
              layers()
                  .make(
                      List.of(
                          new LayerPackage(
                              "small", "1.1", item.archiveSha256(), null, true, item.archive())),
                      PLAIN,
                      Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().render()).contains("[invalid-archive]", "not small 1.1"));
    }
  }

  @Nested
  class Several {
    @Test
    void packagesThatBringOnePathAreReportedAndTheLaterNameWins() {
      var a = item(TestWheel.of("a", "1").file("shared.py", "a = 1\n").file("a.py", ""), "1");
      var b = item(TestWheel.of("b", "1").file("shared.py", "b = 1\n").file("b.py", ""), "2");
      var made = layers().make(List.of(b, a), COMPILED, Progress.SILENT);
      assertThat(made.clashes())
          .containsExactly(new MadeLayers.Clash(SITE + "shared.py", "b 1", "a 1", false));
      var files = read("cache", made.layers().getFirst());
      assertThat(files.get(SITE + "shared.py")).isEqualTo("b = 1\n");
      assertThat(files).containsKeys(SITE + "a.py", SITE + "b.py");
      assertThat(layers().find(List.of(a, b), COMPILED).orElseThrow().clashes()).hasSize(1);
    }

    @Test
    void aFileAndAFolderOfOneNameClashToo() {
      var a = item(TestWheel.of("a", "1").file("x", "1").file("y/z", "1"), "1");
      var b = item(TestWheel.of("b", "1").file("x/y", "2").file("y", "2"), "2");
      var made = layers().make(List.of(a, b), PLAIN, Progress.SILENT);
      assertThat(made.clashes())
          .containsExactlyInAnyOrder(
              new MadeLayers.Clash(SITE + "x", "b 1", "a 1", false),
              new MadeLayers.Clash(SITE + "y/z", "b 1", "a 1", false));
      assertThat(read("cache", made.layers().getFirst()))
          .containsKeys(SITE + "x/y", SITE + "y")
          .doesNotContainKeys(SITE + "x", SITE + "y/z");
    }

    @Test
    void aPackageLargerThanALayerMayBeIsSplitByPath() {
      var random = new Random(5);
      var wheel = TestWheel.of("big", "1").file("big/m.py", "x = 1\n");
      for (int i = 0; i < 20; i++) {
        var content = new byte[100_000];
        random.nextBytes(content);
        wheel.file("big/part" + (char) ('a' + i) + ".bin", content);
      }
      var item = item(wheel, "1");
      var made = layers("cache", 500_000).make(List.of(item), COMPILED, Progress.SILENT);
      assertThat(made.layers()).hasSize(5);
      var whole = layers("whole", 100 << 20).make(List.of(item), COMPILED, Progress.SILENT);
      assertThat(whole.layers()).hasSize(1);
      var parts = new TreeMap<String, String>();
      for (var layer : made.layers()) {
        assertThat(layer.sizeBytes()).isLessThan(500_000);
        parts.putAll(read("cache", layer));
      }
      assertThat(parts).isEqualTo(read("whole", whole.layers().getFirst()));
      assertThat(layers("other", 500_000).make(List.of(item), COMPILED, Progress.SILENT))
          .isEqualTo(made);
    }
  }

  @Nested
  class Cache {
    @Test
    void aLayerIsMadeOnceAndItsArchiveNotAskedForAgain() {
      var real = item(small(), "a");
      var asked = new AtomicInteger();
      var item =
          new LayerPackage(
              "small",
              "1.0",
              real.archiveSha256(),
              null,
              true,
              () -> {
                asked.incrementAndGet();
                return real.archive().get();
              });
      assertThat(layers().find(List.of(item), PLAIN)).isEmpty();
      assertThat(asked).hasValue(0);
      var made = layers().make(List.of(item), PLAIN, Progress.SILENT);
      assertThat(layers().make(List.of(item), PLAIN, Progress.SILENT)).isEqualTo(made);
      assertThat(layers().find(List.of(item), PLAIN)).contains(made);
      assertThat(asked).hasValue(1);
    }

    @Test
    void whatWasPrunedIsRememberedAndMadeAgain() throws IOException {
      var item = item(small(), "a");
      var made = layers().make(List.of(item), PLAIN, Progress.SILENT);
      var blob = blobs("cache").path(made.layers().getFirst().digest());
      Files.delete(blob);
      assertThat(layers().find(List.of(item), PLAIN)).contains(made);
      assertThat(layers().make(List.of(item), PLAIN, Progress.SILENT)).isEqualTo(made);
      assertThat(blob).exists();
    }

    @Test
    void aFlippedBitIsFoundAndTheLayerMadeAgain() throws IOException {
      var item = item(small(), "a");
      var made = layers().make(List.of(item), PLAIN, Progress.SILENT);
      var layer = made.layers().getFirst();
      var blob = blobs("cache").path(layer.digest());
      var bytes = Files.readAllBytes(blob);
      for (int bit : new int[] {0, bytes.length * 4, bytes.length * 8 - 1}) {
        var flipped = bytes.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(blob, flipped);
        assertThat(layers().remake(List.of(item), PLAIN, Progress.SILENT)).isEqualTo(made);
        assertThat(layers().verify(layer)).isTrue();
        Files.write(blob, flipped);
        assertThat(layers().verify(layer)).isFalse();
        assertThat(blob).doesNotExist();
        layers().make(List.of(item), PLAIN, Progress.SILENT);
        assertThat(Files.readAllBytes(blob)).isEqualTo(bytes);
      }
      Files.write(blob, Arrays.copyOf(bytes, bytes.length / 2));
      layers().make(List.of(item), PLAIN, Progress.SILENT);
      assertThat(layers().verify(layer)).isTrue();
    }

    @Test
    void aDamagedCatalogIsAsGoodAsNone() throws IOException {
      var item = item(small(), "a");
      var made = layers().make(List.of(item), PLAIN, Progress.SILENT);
      List<Path> entries;
      try (var files = Files.walk(work.resolve("cache/catalog"))) {
        entries = files.filter(Files::isRegularFile).toList();
      }
      assertThat(entries).hasSize(1);
      for (var text :
          List.of("", "{", "{}\n", "\0\0\0\n", "{\"layers\":[{\"digest\":\"../x\"}]}\n")) {
        Files.writeString(entries.getFirst(), text);
        assertThat(layers().find(List.of(item), PLAIN)).isEmpty();
        assertThat(layers().make(List.of(item), PLAIN, Progress.SILENT)).isEqualTo(made);
      }
    }

    @Test
    void manyMayMakeTheSameLayersAtOnce() throws Exception {
      var items =
          List.of(
              item(small(), "a"), item(TestWheel.of("other", "2").file("o.py", "x = 1\n"), "b"));
      try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
        var pending =
            java.util.stream.IntStream.range(0, 16)
                .mapToObj(i ->
                    executor.submit(
                        () -> layers().make(List.of(items.get(i % 2)), COMPILED, Progress.SILENT)))
                .toList();
        for (int i = 0; i < pending.size(); i++) {
          assertThat(pending.get(i).get()).isEqualTo(pending.get(i % 2).get());
          assertThat(layers().verify(pending.get(i).get().layers().getFirst())).isTrue();
        }
      }
      try (var files = Files.walk(work.resolve("cache"))) {
        assertThat(files.filter(Files::isRegularFile)).hasSize(4);
      }
    }

    @Test
    void anArchiveThatIsRefusedHalfwayLeavesNothing() throws IOException {
      var wheel =
          TestWheel.of("p", "1")
              .file("a.bin", new byte[1_000_000])
              .file("z.py", "x = 1\n")
              .hash("z.py", "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
      var item = item(wheel, "a");
      assertThatThrownBy(() -> layers().make(List.of(item), COMPILED, Progress.SILENT))
          .isInstanceOf(TerroirException.class);
      try (var files = Files.walk(work.resolve("cache"))) {
        assertThat(files.filter(Files::isRegularFile)).isEmpty();
      }
    }

    @Test
    void interruptionEndsTheWork() {
      var item = item(small(), "a");
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> layers().make(List.of(item), PLAIN, Progress.SILENT))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> assertThat(e.problem().code().id()).isEqualTo("canceled"));
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void realWheelsAreTheSameBytesTwiceWithByteCode() {
    var items =
        RealWheels.files().stream()
            .filter(file -> !String.valueOf(file.getFileName()).startsWith("pandas"))
            .map(file -> RealWheels.packageOf(file, false))
            .toList();
    for (var item : items) {
      var made = layers().make(List.of(item), COMPILED, Progress.SILENT);
      var again =
          layers("again", PackageLayers.DEFAULT_CAP_BYTES)
              .make(List.of(item), COMPILED, Progress.SILENT);
      assertThat(again).as(item.toString()).isEqualTo(made);
    }
    var bucket = layers().make(items, COMPILED, Progress.SILENT);
    assertThat(
            layers("third", PackageLayers.DEFAULT_CAP_BYTES)
                .make(items.reversed(), COMPILED, Progress.SILENT))
        .isEqualTo(bucket);
  }
}
