package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.build.ImageContent;
import dev.terroir.image.conda.CondaArchive;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.CondaPart;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Images of conda packages, with packages of an index on top")
class CondaImageTest {
  private static final String HASH = "0123456789abcdef0123456789abcdef";

  @TempDir static Path shared;
  private static CondaChannel channel;
  private static Lock lock;

  @TempDir Path folder;

  @BeforeAll
  static void makePackages() throws IOException {
    var python = SampleChannel.python();
    assumeTrue(python.isPresent(), "a Python 3.11");
    channel = SampleChannel.standard(shared.resolve("channel"), python.get());
    lock =
        lock(
            "3.11",
            List.of(wheel("alpha", "2.0")),
            "python-3.11.7-0_cpython.conda",
            "greeter-2.0-pyh0_0.conda",
            "linked-1.0-0.conda",
            "scripted-1.0-0.conda",
            "activated-1.0-0.conda",
            "posted-1.0-0.tar.bz2",
            "clobber-a-1.0-0.conda",
            "clobber-b-1.0-0.conda",
            "old-format-1.0-0.tar.bz2");
  }

  private static LockedPackage wheel(String name, String version) throws IOException {
    var file =
        WheelHouse.stored(
            shared.resolve("wheels"),
            name,
            version,
            List.of(),
            Map.of(name + "/__init__.py", "VERSION = '" + version + "'\n"));
    return new LockedPackage(
        name,
        version,
        new LockedPackage.Artifact(
            "wheel",
            file.toUri().toString(),
            String.valueOf(file.getFileName()),
            Sha256.of(file).hex(),
            Files.size(file)),
        "https://index.example/simple",
        List.of(LockedPackage.DEFINITION));
  }

  private static Lock lock(String python, List<LockedPackage> wheels, String... files)
      throws IOException {
    var packages = new ArrayList<CondaPackage>();
    for (var name : files) {
      packages.add(locked(channel.find(name)));
    }
    return new Lock(
        HASH,
        Platform.LINUX_AMD64,
        python,
        List.of(),
        List.of(),
        Map.of(),
        wheels,
        new CondaPart(
            List.of("python=3.11", "greeter"),
            List.of("https://channel.example/samples"),
            "strict",
            List.of("__glibc=2.36=0"),
            packages,
            Map.of()),
        Map.of("uv", "0"));
  }

  private static CondaPackage locked(Path file) throws IOException {
    return locked(file, shared.resolve("scratch"));
  }

  /// A package of a channel as a lock has it.
  static CondaPackage locked(Path file, Path scratch) throws IOException {
    try (var archive = CondaArchive.open(file, file.toString(), scratch)) {
      var index = archive.info().index();
      return new CondaPackage(
          archive.info().name(),
          archive.info().version(),
          archive.info().build(),
          index.optionalLong("build_number").orElse(0L),
          index.optionalString("subdir").orElse("linux-64"),
          "https://channel.example/samples",
          file.toUri().toString(),
          Sha256.of(file).hex(),
          null,
          Files.size(file),
          index.strings("depends"),
          List.of(),
          archive.info().isNoarchPython() ? "python" : index.optionalString("noarch").orElse(null),
          null,
          index.optionalString("license").orElse(null),
          1_700_000_000_000L,
          List.of(),
          List.of(LockedPackage.DEFINITION));
    }
  }

  private ImageBuilder builder(Path home) {
    var terroir = new Terroir(home);
    var where = TerroirHome.of(terroir.settings);
    return new ImageBuilder(
        terroir.settings, where, () -> Uv.open(terroir.settings, where, Progress.SILENT));
  }

  private ImageBuilder.Outcome build(
      Path home, Lock what, ImageBuilder.Options options, String base, String to) {
    try (var builder = builder(home);
        var places = new ImagePlaces(new Terroir(home).settings)) {
      return build(builder, places, what, options, base, to);
    }
  }

  private static ImageBuilder.Outcome build(
      ImageBuilder builder,
      ImagePlaces places,
      Lock what,
      ImageBuilder.Options options,
      String base,
      String to) {
    try (var source = places.source(ImageLocation.parse(base));
        var open = builder.base(base, Platform.LINUX_AMD64, source)) {
      var destination = places.target(ImageLocation.parse(to));
      try (var _ = destination.target()) {
        return builder.build(
            new ImageBuilder.Request(HASH, what, "", "azureml/conda", options, Map.of(), List.of()),
            open,
            List.of(destination),
            Progress.SILENT);
      }
    }
  }

  private JsonObject config(String location) {
    try (var places = new ImagePlaces(new Terroir(folder).settings);
        var source = places.source(ImageLocation.parse(location))) {
      return ImageContent.read(source, Platform.LINUX_AMD64).config().json().object("config");
    }
  }

  @Test
  void everythingRunsFromThePrefix() throws IOException {
    var podman = new Podman(Files.createDirectories(folder.resolve("podman")), "overlay");
    var to = "oci:" + folder.resolve("layout") + ":conda";
    var built =
        build(folder, lock, ImageBuilder.Options.DEFAULT, DebianBase.location(), to).image();

    assertThat(built.warnings())
        .anySatisfy(line -> assertThat(line).contains("clobber-a 1.0 0").contains("is used"))
        .anySatisfy(line -> assertThat(line).contains("link scripts of posted 1.0 0 were not run"));
    var settings = config(to);
    assertThat(settings.strings("Env"))
        .contains("CONDA_PREFIX=/opt/env", "ACTIVATED_BY=variables")
        .noneMatch(line -> line.startsWith("VIRTUAL_ENV"))
        .anyMatch(line -> line.startsWith("PATH=/opt/env/bin:"));
    assertThat(settings.stringMap("Labels"))
        .containsEntry("dev.terroir.conda.link-scripts-skipped", "posted 1.0 0");

    var id = podman.pull(to);
    // Each container costs a copy of the image, so one answers all questions.
    assertThat(
            runs(
                    podman,
                    id,
                    "/bin/sh",
                    "-c",
                    """
                    set -e
                    python -c 'import sys, alpha, ssl; print(sys.prefix, alpha.VERSION)'
                    greet
                    where-am-i
                    echo $ACTIVATED $ACTIVATED_BY
                    cat /opt/env/share/clobber.txt /opt/env/share/linked-folder/same.txt
                    python -c 'import greeter, json; print(greeter.__cached__)'
                    python -v -c 'import greeter' 2>&1 | grep -c 'code object from.*/greeter/__init__.py' || :
                    tail -n 3 /opt/env/conda-meta/history
                    """)
                .lines())
        .containsExactly(
            "/opt/env 2.0",
            "hello from 2.0 in /opt/env",
            "/opt/env",
            "/opt/env variables",
            "a",
            "data",
            "/opt/env/lib/python3.11/site-packages/greeter/__pycache__/__init__.cpython-311.pyc",
            "0",
            "+samples/linux-64::python-3.11.7-0_cpython",
            "+samples/linux-64::scripted-1.0-0",
            "# update specs: [\"python=3.11\",\"greeter\"]");
    // How runs and services start containers.
    var result =
        podman.tries(
            "run",
            "--rm",
            "--network",
            "host",
            "--entrypoint",
            built.interpreterPath(),
            id,
            "-c",
            "import os, sys; print(os.environ['ACTIVATED'], sys.executable)");
    assertThat(result.output().strip())
        .as(result.error())
        .isEqualTo("/opt/env /opt/env/bin/python");
  }

  private static String runs(Podman podman, String image, String... command) {
    var result = podman.in(image, command);
    assertThat(result.isSuccess()).as(result.error() + result.output()).isTrue();
    return result.output().strip();
  }

  @Test
  void condaLayersAreZstdAndWheelsGzipUnlessAskedOtherwise() {
    var base = DebianBase.location();
    var types = new ArrayList<List<String>>();
    for (var options :
        Arrays.asList(
            new ImageBuilder.Options(false, null),
            new ImageBuilder.Options(false, dev.terroir.image.layer.Compression.GZIP))) {
      types.add(
          build(folder, lock, options, base, "oci:" + folder.resolve("l") + ":" + types.size())
              .image()
              .layers()
              .stream()
              .filter(layer -> !layer.packages().isEmpty())
              .map(layer -> layer.blob().mediaType())
              .distinct()
              .toList());
    }
    assertThat(types.getFirst()).containsExactly(MediaType.LAYER_ZSTD, MediaType.LAYER_GZIP);
    assertThat(types.getLast()).containsExactly(MediaType.LAYER_GZIP);
    // Docker before 23 loads no zstd.
    assertThat(
            build(
                    folder,
                    lock,
                    new ImageBuilder.Options(false, null),
                    base,
                    "docker-archive:" + folder.resolve("image.tar") + ":conda:1")
                .image()
                .layers())
        .allMatch(layer -> layer.blob().mediaType().equals(MediaType.LAYER_GZIP));
  }

  @Test
  void tenAtOnceMakeTheSameImage() throws Exception {
    var base = DebianBase.location();
    var digests = new ArrayList<String>();
    try (var builder = builder(folder);
        var places = new ImagePlaces(new Terroir(folder).settings);
        var scope = Executors.newFixedThreadPool(10)) {
      var pending = new ArrayList<java.util.concurrent.Future<String>>();
      for (int i = 0; i < 10; i++) {
        var to = "oci:" + folder.resolve("layout-" + i) + ":conda";
        pending.add(
            scope.submit(() ->
                build(builder, places, lock, new ImageBuilder.Options(false, null), base, to)
                    .image()
                    .manifest()
                    .digest()
                    .toString()));
      }
      for (var one : pending) {
        digests.add(one.get());
      }
    }
    assertThat(digests).hasSize(10);
    assertThat(digests.stream().distinct()).hasSize(1);
  }

  /// The layers of a second environment that shares packages are those of the first, byte for byte.
  @Test
  void packagesHaveTheSameLayersInAllEnvironments() throws IOException {
    var base = DebianBase.location();
    var options = new ImageBuilder.Options(false, null);
    var one = build(folder, lock, options, base, "oci:" + folder.resolve("one") + ":x").image();
    var other =
        build(
                folder.resolve("elsewhere"),
                lock(
                    "3.11",
                    List.of(),
                    "python-3.11.7-0_cpython.conda",
                    "greeter-2.0-pyh0_0.conda",
                    "clobber-b-1.0-0.conda"),
                options,
                base,
                "oci:" + folder.resolve("other") + ":x")
            .image();
    for (var name : List.of("python 3.11.7 0_cpython", "greeter 2.0 pyh0_0", "clobber-b 1.0 0")) {
      assertThat(layersOf(one, name).getFirst()).isEqualTo(layersOf(other, name).getFirst());
    }
  }

  private static List<String> layersOf(dev.terroir.image.build.BuiltImage image, String title) {
    return image.layers().stream()
        .filter(layer -> layer.packages().equals(List.of(title)))
        .map(layer -> layer.blob().digest().toString())
        .toList();
  }

  @Test
  void aBaseWithoutTheGlibcIsRefused() throws IOException {
    var needy = locked(channel.find("libfoo-1.0-a_0.conda"));
    var wanting =
        new CondaPackage(
            needy.name(),
            needy.version(),
            needy.build(),
            0,
            needy.subdir(),
            needy.channel(),
            needy.url(),
            needy.sha256(),
            null,
            needy.sizeBytes(),
            List.of("__glibc >=2.99,<3.0.a0"),
            List.of(),
            null,
            null,
            null,
            -1,
            List.of(),
            List.of());
    var whole =
        new Lock(
            HASH,
            Platform.LINUX_AMD64,
            "",
            List.of(),
            List.of(),
            Map.of(),
            List.of(),
            new CondaPart(List.of(), List.of(), "strict", List.of(), List.of(wanting), Map.of()),
            Map.of());
    assertThatThrownBy(() ->
            build(
                folder,
                whole,
                ImageBuilder.Options.DEFAULT,
                DebianBase.location(),
                "oci:" + folder.resolve("l") + ":x"))
        .isInstanceOfSatisfying(
            ImageException.class,
            e ->
                assertThat(e.problem().why().toString())
                    .contains("libfoo 1.0 a_0")
                    .contains("__glibc >=2.99"));
  }

  @Test
  void billsOfMaterialsNameCondaPackagesAndTheirLicences() throws IOException {
    var layout = folder.resolve("layout");
    build(
        folder,
        lock,
        new ImageBuilder.Options(false, null),
        DebianBase.location(),
        "oci:" + layout + ":conda");
    var found = new ArrayList<JsonObject>();
    try (var blobs = Files.walk(layout.resolve("blobs"))) {
      for (var blob : (Iterable<Path>) blobs::iterator) {
        if (Files.isRegularFile(blob) && Files.size(blob) < 100_000) {
          var text = Files.readString(blob, java.nio.charset.StandardCharsets.ISO_8859_1);
          if (text.contains("pkg:conda/greeter@2.0?build=pyh0_0")) {
            found.add(JsonReader.parseObject(text, blob.toString()));
          }
        }
      }
    }
    assertThat(found).as("CycloneDX, SPDX, provenance").hasSize(3);
    assertThat(found.toString()).contains("BSD-3-Clause");
  }

  /// Whoever changes these digests makes every image of every user another one: give the build's
  /// format in `ImageBuilder` another number with it.
  @ParameterizedTest
  @CsvSource({
    "ZSTD, sha256:95773369f894efff6d4351eef9c0e12581713f0aae9485d5a0ea0a0b46e4dc1f",
    "GZIP, sha256:4f247e4d21640725578c714aa192a02fd458584cbefbe477b08e4c9421d9eede",
  })
  void aSmallLockOfBothKindsHasItsDigest(String compression, String digest) throws IOException {
    var packages = new ArrayList<CondaPackage>();
    for (var name :
        List.of("dummy-trampoline-2-0.2.0-hb0f4dca_0.conda", "symlink-test-1.0.0-0.conda")) {
      var file =
          Path.of(System.getProperty("terroir.root"), "image/src/test/resources/conda", name);
      packages.add(locked(file));
    }
    var small =
        new Lock(
            HASH,
            Platform.LINUX_AMD64,
            "3.11",
            List.of(),
            List.of(),
            Map.of(),
            List.of(wheel("silver", "2.0")),
            new CondaPart(
                List.of("symlink-test"), List.of(), "strict", List.of(), packages, Map.of()),
            Map.of());
    var image =
        build(
                folder,
                small,
                new ImageBuilder.Options(
                    false, dev.terroir.image.layer.Compression.valueOf(compression)),
                SmallBase.make(folder.resolve("base"), "3.11"),
                "oci:" + folder.resolve("layout") + ":1")
            .image();
    assertThat(image.manifest().digest().toString()).isEqualTo(digest);
  }
}
