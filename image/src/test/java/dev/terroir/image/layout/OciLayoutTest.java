package dev.terroir.image.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.SampleImage;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.transfer.Copy;
import dev.terroir.image.transfer.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Layouts and archives (OCI image specification, image layout)")
class OciLayoutTest {
  private static final SampleImage IMAGE = SampleImage.of(Platform.LINUX_AMD64, 1, 3, 5000);

  @TempDir Path temporary;

  private OciLayout layout() {
    return new OciLayout(temporary.resolve("layout"));
  }

  private static Copy copy() {
    return Copy.with(Progress.SILENT);
  }

  @Test
  void anImageIsFoundByItsNameAndItsDigest() {
    var layout = layout();
    IMAGE.putInto(layout.target(), "team/app:1.0", "team/app:latest");
    assertThat(layout.names().keySet()).containsExactly("team/app:1.0", "team/app:latest");
    assertThat(layout.find("team/app:latest")).contains(IMAGE.root());
    assertThat(layout.find(IMAGE.root().digest().toString())).contains(IMAGE.root());
    assertThat(layout.verify()).isEmpty();
    try (var source = layout.source(null)) {
      assertThat(source.root()).isEqualTo(IMAGE.root());
    }
  }

  @Test
  void anUnknownNameIsToldWithTheNamesThereAre() {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app:1.0");
    assertThatThrownBy(() -> layout.source("app:2.0"))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND);
              assertThat(e.problem().render()).contains("app:2.0").contains("`app:1.0`");
            });
    assertThatThrownBy(() -> new OciLayout(temporary.resolve("nothing")).source(null))
        .hasMessageContaining("no OCI layout");
  }

  @Test
  void aTagMovesAndItsOldImageIsPruned() throws IOException {
    var layout = layout();
    var other = SampleImage.of(Platform.LINUX_AMD64, 2, 1, 100);
    IMAGE.putInto(layout.target(), "latest");
    other.putInto(layout.target(), "latest");
    assertThat(layout.names()).containsExactly(java.util.Map.entry("latest", other.root()));
    assertThat(layout.prune(Duration.ofHours(1)).blobs()).as("written just now").isZero();
    assertThat(layout.prune(Duration.ZERO).blobs()).isEqualTo(5);
    assertThat(layout.verify()).isEmpty();
    assertThat(layout.find("latest")).contains(other.root());
    assertThat(
            copy()
                .run(
                    layout.source("latest"),
                    new OciLayout(temporary.resolve("b")).target(),
                    null,
                    List.of("x"))
                .blobs())
        .isEqualTo(2);
  }

  @Test
  void anArtifactIsFoundByItsSubjectAndGoesWithIt() {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var sbom = SampleImage.artifact(IMAGE.root(), "application/spdx+json", "{\"spdx\":1}");
    var signature = SampleImage.artifact(sbom.root(), "application/signature", "signed");
    for (var artifact : List.of(sbom, signature)) {
      artifact
          .blobs()
          .forEach((descriptor, bytes) ->
              layout.target().put(descriptor, () -> new java.io.ByteArrayInputStream(bytes)));
    }
    layout.target().putReferrer(IMAGE.root(), sbom.root(), sbom.documents().get(sbom.root()));
    layout
        .target()
        .putReferrer(sbom.root(), signature.root(), signature.documents().get(signature.root()));
    assertThat(layout.referrers(IMAGE.root().digest(), null)).containsExactly(sbom.root());
    assertThat(layout.referrers(IMAGE.root().digest(), "application/spdx+json")).hasSize(1);
    assertThat(layout.referrers(IMAGE.root().digest(), "application/other")).isEmpty();
    assertThat(layout.source(null).root()).as("an artifact is no image").isEqualTo(IMAGE.root());
    assertThat(layout.prune(Duration.ZERO)).isEqualTo(new OciLayout.Pruned(0, 0, 0));
    assertThat(layout.remove("app")).isTrue();
    var pruned = layout.prune(Duration.ZERO);
    assertThat(pruned.referrers()).isEqualTo(2);
    assertThat(layout.verify()).isEmpty();
    assertThat(layout.referrers(IMAGE.root().digest(), null)).isEmpty();
  }

  @Test
  void aManifestWhosePartsAreMissingIsRefused() {
    var layout = layout();
    assertThatThrownBy(() ->
            layout.putManifest(IMAGE.root(), IMAGE.documents().get(IMAGE.root()), List.of("x")))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ImageCode.IMAGE_NOT_FOUND));
    assertThat(layout.names()).isEmpty();
  }

  @Test
  void aFlippedBitIsFoundByVerifyAndByTheReader() throws IOException {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var victim = IMAGE.blobs().keySet().iterator().next();
    var file = layout.blobs().path(victim.digest());
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    assertThat(layout.verify())
        .singleElement()
        .satisfies(problem -> assertThat(problem.code()).isEqualTo(ImageCode.BLOB_MISMATCH));
    assertThatThrownBy(() ->
            copy()
                .run(
                    layout.source("app"),
                    new OciLayout(temporary.resolve("to")).target(),
                    null,
                    List.of("app")))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ImageCode.BLOB_MISMATCH));
    Files.delete(file);
    assertThat(layout.verify())
        .singleElement()
        .satisfies(problem -> assertThat(problem.render()).contains(victim.digest().toString()));
  }

  @Test
  void manyWritersAtOnceLoseNothing() throws Exception {
    var layout = layout();
    try (var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending = new ArrayList<java.util.concurrent.Future<?>>();
      for (int i = 0; i < 12; i++) {
        var seed = i % 4;
        var tag = "image-" + i;
        pending.add(
            scope.submit(() ->
                SampleImage.of(Platform.LINUX_AMD64, seed, 3, 2000)
                    .putInto(new OciLayout(layout.directory()).target(), tag)));
      }
      for (var result : pending) {
        result.get();
      }
    }
    assertThat(layout.names()).hasSize(12);
    assertThat(layout.verify()).isEmpty();
  }

  @Test
  void anIndexIsCopiedWholeOrForOnePlatform() {
    var layout = layout();
    var image = SampleImage.multiPlatform(7);
    image.putInto(layout.target(), "both");
    assertThat(layout.source(null).root()).as("children have no entry").isEqualTo(image.root());
    var whole = new OciLayout(temporary.resolve("whole"));
    var report = copy().run(layout.source("both"), whole.target(), null, List.of("both"));
    assertThat(report.sentBytes()).isEqualTo(image.sizeBytes()).isEqualTo(report.sizeBytes());
    assertThat(copy().run(layout.source("both"), whole.target(), null, List.of("both")).sentBytes())
        .as("the second time nothing moves")
        .isZero();
    assertThat(whole.verify()).isEmpty();
    var one = new OciLayout(temporary.resolve("one"));
    var arm = copy().run(layout.source("both"), one.target(), Platform.LINUX_ARM64, List.of("arm"));
    assertThat(one.find("arm").orElseThrow().digest()).isEqualTo(arm.root().digest());
    assertThatThrownBy(() ->
            copy()
                .run(
                    layout.source("both"), one.target(), Platform.parse("darwin/arm64"), List.of()))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().render()).contains("linux/amd64, linux/arm64"));
    assertThatThrownBy(
            () -> copy().run(one.source("arm"), whole.target(), Platform.LINUX_AMD64, List.of()))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ImageCode.WRONG_IMAGE_PLATFORM));
  }

  @Test
  void anOciArchiveHasTheSameBytesWhateverTheOrder() throws IOException {
    var layout = layout();
    var image = SampleImage.multiPlatform(3);
    image.putInto(layout.target(), "app");
    var digests = new ArrayList<Sha256>();
    for (int parallel : List.of(1, 4)) {
      var file = temporary.resolve("image-" + parallel + ".tar");
      try (var target = OciArchive.target(file, "app:1")) {
        new Copy(Progress.SILENT, parallel).run(layout.source("app"), target, null, List.of());
        assertThat(file).doesNotExist();
      }
      digests.add(Sha256.of(file));
      var back = new OciLayout(temporary.resolve("back-" + parallel));
      try (var source = OciArchive.source(file, "app:1")) {
        copy().run(source, back.target(), null, List.of("again"));
      }
      assertThat(back.find("again")).contains(image.root());
      assertThat(back.verify()).isEmpty();
    }
    assertThat(digests.get(0)).isEqualTo(digests.get(1));
    try (var left = Files.list(temporary)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .as("no temporaries")
          .noneMatch(name -> name.startsWith("."));
    }
  }

  @Test
  void progressEndsAtTheWholeAndNeverPassesIt() {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var told = java.util.Collections.synchronizedList(new ArrayList<Long>());
    var progress =
        new Progress() {
          @Override
          public void step(String what) {}

          @Override
          public void line(String text) {}

          @Override
          public void warn(String text) {}

          @Override
          public void advance(long done, long total) {
            assertThat(total).isEqualTo(IMAGE.sizeBytes());
            told.add(done);
          }
        };
    for (int round = 0; round < 2; round++) {
      told.clear();
      new Copy(progress, 1)
          .run(
              layout.source("app"),
              new OciLayout(temporary.resolve("to")).target(),
              null,
              List.of("x"));
      assertThat(told).isSorted().startsWith(0L).endsWith(IMAGE.sizeBytes());
    }
  }

  @Test
  void aFixedImageHasTheseDigests() throws IOException {
    // Stored layers, so that no compressor has a part in it.
    var tar = new java.io.ByteArrayOutputStream();
    try (var out = new TarOutput(tar)) {
      out.directory("etc");
      out.file("etc/motd", "terroir\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    var layer =
        Descriptor.of(
            dev.terroir.image.oci.MediaType.LAYER,
            dev.terroir.image.oci.Digest.of(tar.toByteArray()),
            tar.size());
    var config =
        dev.terroir.image.oci.ImageConfig.of(Platform.LINUX_AMD64)
            .withVariable("PATH", "/bin")
            .withLabel("a", "b")
            .withUser("nobody")
            .withWorkingDirectory("/srv")
            .withExposedPort("8080/tcp")
            .withVolume("/data")
            .withEntrypoint(List.of("/bin/sh"))
            .withCommand(List.of("-c", "true"))
            .withCreated("1970-01-01T00:00:00Z")
            .withLayer(layer.digest(), "terroir", "motd");
    var manifest =
        dev.terroir.image.oci.Manifest.of(
            config.descriptor(), List.of(layer), java.util.Map.of("k", "v"));
    var file = temporary.resolve("fixed.tar");
    try (var target = OciArchive.target(file, "fixed:1")) {
      target.put(layer, () -> new java.io.ByteArrayInputStream(tar.toByteArray()));
      target.put(config.descriptor(), () -> new java.io.ByteArrayInputStream(config.bytes()));
      target.putManifest(manifest.descriptor(), manifest.bytes(), List.of());
    }
    assertThat(layer.digest())
        .hasToString("sha256:959fdcbd5932b73d1f51fa3f8810601f43c0c2661232fb370e4e9e890a32ab4c");
    assertThat(config.descriptor().digest())
        .hasToString("sha256:ccba90050e38289c6fad9abbefba447f3d16242dba5197adf938889d132004e8");
    assertThat(manifest.descriptor().digest())
        .hasToString("sha256:91329fef16a75bcf36a949b4be5c4d45c6bfcf57c04578f133acc2673826a8b3");
    assertThat(Sha256.of(file).prefixed())
        .isEqualTo("sha256:3e1ba7c43ddc1461bb950309e9f1b486ffd02cbececc07a3ab52074d58b1a89c");
  }

  @Test
  void aLayoutIsAsTheSpecificationHasIt() {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    assertThat(layout.directory().resolve("oci-layout"))
        .hasContent("{\"imageLayoutVersion\":\"1.0.0\"}");
    dev.terroir.image.oci.OciDocument.INDEX.read(
        read(layout.directory().resolve("index.json")), "index.json");
  }

  @Test
  void digestsThatAreNoFileNamesNeverBecomeOnes() throws IOException {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var index = layout.directory().resolve("index.json");
    var honest = Files.readString(index);
    for (var digest :
        List.of(
            "sha256:../../../etc/passwd",
            "sha256:",
            "../x:" + "a".repeat(64),
            "sha256:" + "A".repeat(64))) {
      Files.writeString(index, honest.replace(IMAGE.root().digest().toString(), digest));
      assertThatThrownBy(() -> layout.source("app"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_OCI_DOCUMENT));
      assertThat(layout.verify()).isNotEmpty();
      assertThatThrownBy(() -> layout.prune(Duration.ZERO)).isInstanceOf(ImageException.class);
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void membersOfAnIndexThatAreNotKnownHereStay() throws IOException {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var index = layout.directory().resolve("index.json");
    Files.writeString(
        index,
        Files.readString(index)
            .replace("\"schemaVersion\":2", "\"schemaVersion\":2,\"x-more\":[1]")
            .replace("\"size\"", "\"x-own\":true,\"size\""));
    SampleImage.of(Platform.LINUX_AMD64, 2, 1, 10).putInto(layout.target(), "other");
    assertThat(index).content().contains("\"x-more\":[1]").contains("\"x-own\":true");
    assertThat(layout.verify()).isEmpty();
  }

  @Test
  void anArchiveOfAFailedCopyDoesNotAppear() throws IOException {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var victim = layout.blobs().path(IMAGE.blobs().keySet().iterator().next().digest());
    Files.write(victim, new byte[(int) Files.size(victim)]);
    var file = temporary.resolve("image.tar");
    try (var target = OciArchive.target(file, null)) {
      assertThatThrownBy(() -> copy().run(layout.source("app"), target, null, List.of()))
          .isInstanceOf(ImageException.class);
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void aDockerArchiveGoesThereAndBack() throws IOException {
    var layout = layout();
    IMAGE.putInto(layout.target(), "app");
    var file = temporary.resolve("saved.tar");
    try (var target = DockerArchive.target(file, List.of(ImageReference.parse("team/app:1.0")))) {
      copy().run(layout.source("app"), target, null, List.of());
    }
    for (var reference : new ImageReference[] {null, ImageReference.parse("team/app:1.0")}) {
      try (var source = DockerArchive.source(file, reference)) {
        var back = new OciLayout(temporary.resolve("back-" + (reference == null)));
        copy().run(source, back.target(), Platform.LINUX_AMD64, List.of("back"));
        assertThat(back.find("back").orElseThrow())
            .as("layers as they were, so the manifest is the same")
            .isEqualTo(IMAGE.root());
      }
    }
    assertThatThrownBy(() -> DockerArchive.source(file, ImageReference.parse("other")))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.problem().render()).contains("team/app:1.0"));
    var packed = temporary.resolve("saved.tar.gz");
    try (var out = new java.util.zip.GZIPOutputStream(Files.newOutputStream(packed))) {
      Files.copy(file, out);
    }
    try (var source = DockerArchive.source(packed, null)) {
      assertThat(source.root()).isEqualTo(IMAGE.root());
    }
  }

  @Test
  void aDockerArchiveWithALayoutInsideKeepsTheIndex() throws IOException {
    var layout = layout();
    var image = SampleImage.multiPlatform(9);
    image.putInto(layout.target(), "1.0");
    var file = temporary.resolve("both.tar");
    try (var target = OciArchive.target(file, "1.0")) {
      copy().run(layout.source("1.0"), target, null, List.of());
    }
    try (var source = DockerArchive.source(file, ImageReference.parse("team/app:1.0"))) {
      assertThat(source.root()).isEqualTo(image.root());
    }
  }

  @Test
  void aWrongLayerInADockerArchiveIsFound() throws IOException {
    var tar = SampleImage.tar("data", new byte[10]);
    var config =
        dev.terroir.image.oci.ImageConfig.of(Platform.LINUX_AMD64)
            .withLayer(dev.terroir.image.oci.Digest.of(new byte[1]), "x", "");
    var file = temporary.resolve("saved.tar");
    try (var out = Files.newOutputStream(file);
        var writer = new TarOutput(out)) {
      writer.file("c.json", config.bytes());
      writer.file("l.tar", tar);
      writer.file(
          "manifest.json",
          "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"l.tar\"]}]".getBytes());
    }
    assertThatThrownBy(() -> DockerArchive.source(file, null))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ImageCode.BLOB_MISMATCH));
  }

  @Test
  void aBlobThatIsLongerThanItSaysIsRefused() throws IOException {
    var layout = layout();
    var descriptor = IMAGE.blobs().keySet().iterator().next();
    var bytes = IMAGE.blobs().get(descriptor);
    var longer = java.util.Arrays.copyOf(bytes, bytes.length + 1);
    for (var wrong : List.of(longer, java.util.Arrays.copyOf(bytes, bytes.length - 1))) {
      assertThatThrownBy(
              () -> layout.target().put(descriptor, () -> new java.io.ByteArrayInputStream(wrong)))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ImageCode.BLOB_MISMATCH));
    }
    assertThat(layout.target().has(descriptor)).isFalse();
    try (var left = Files.walk(layout.directory())) {
      assertThat(left.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void aFileIsLinkedAndNotCopied() throws IOException {
    var cache = new dev.terroir.image.blob.BlobStore(temporary.resolve("cache"));
    var stored = cache.put("layer".getBytes());
    var layout = layout();
    var descriptor = Descriptor.of("application/octet-stream", stored.digest(), stored.sizeBytes());
    var file = cache.path(stored.digest());
    assertThat(
            layout
                .target()
                .put(
                    descriptor,
                    new dev.terroir.image.transfer.ImageTarget.FileContent(file, false)))
        .isEqualTo(5);
    assertThat(Files.isSameFile(file, layout.blobs().path(stored.digest()))).isTrue();
    Files.delete(layout.blobs().path(stored.digest()));
    Files.writeString(file, "other");
    assertThatThrownBy(() ->
            layout
                .target()
                .put(
                    descriptor,
                    new dev.terroir.image.transfer.ImageTarget.FileContent(file, false)))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void aWriterThatIsKilledAtAnyInstantLeavesALayoutThatVerifies() throws Exception {
    var layout = layout();
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    for (int i = 0; i < 6; i++) {
      var process =
          new ProcessBuilder(
                  java,
                  "-cp",
                  System.getProperty("java.class.path"),
                  KilledWriter.class.getName(),
                  layout.directory().toString())
              .redirectErrorStream(true)
              .start();
      // It says so when it starts to write, and writes for ever.
      assertThat(process.getInputStream().read()).isEqualTo('w');
      Thread.sleep(20 + 37L * i);
      process.destroyForcibly().waitFor();
      assertThat(layout.verify()).isEmpty();
    }
    IMAGE.putInto(layout.target(), "after");
    assertThat(layout.prune(Duration.ZERO).blobs()).isNotNegative();
    assertThat(layout.verify()).isEmpty();
    try (ImageSource source = layout.source("after")) {
      assertThat(source.root()).isEqualTo(IMAGE.root());
    }
  }

  /// Puts image after image until it is killed.
  static final class KilledWriter {
    public static void main(String[] arguments) {
      var layout = new OciLayout(Path.of(arguments[0]));
      System.out.print('w');
      System.out.flush();
      for (int i = 0; ; i++) {
        SampleImage.of(Platform.LINUX_AMD64, i, 3, 50_000).putInto(layout.target(), "tag-" + i % 3);
      }
    }
  }
}
