package dev.terroir.image.base;

import static dev.terroir.image.base.DirectoryImage.entries;
import static dev.terroir.image.base.DirectoryImage.usual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.DirectoryImage.Packed;
import dev.terroir.image.base.DirectoryImage.Tar;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.MediaType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Base images: index, manifest, layers (OCI image specification)")
class BaseImagesTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Platform AMD64 = Platform.LINUX_AMD64;

  @TempDir Path folder;
  private BaseImages images;
  private DirectoryImage source;

  @BeforeEach
  void open() throws IOException {
    images =
        new BaseImages(
            new BlobStore(folder.resolve("blobs")),
            folder.resolve("bases"),
            Clock.fixed(NOW, ZoneOffset.UTC));
    source = new DirectoryImage(folder.resolve("source"));
  }

  private static List<Packed> layers(Tar... tars) {
    return Arrays.stream(tars).map(tar -> Packed.gzipped(tar.bytes())).toList();
  }

  private static Tar one(String name) {
    return new Tar().file(name, name);
  }

  private static String refusal(ThrowingCallable call) {
    var text = new StringBuilder();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ImageException.class, e -> text.append(e.problem().render()));
    return text.toString();
  }

  @Test
  void theManifestOfThePlatformIsChosenFromNestedIndexes() {
    var amd = source.manifest("linux/amd64", List.of(), layers(one("amd")));
    var arm = source.manifest("linux/arm64", List.of(), layers(one("arm")));
    var statement = source.manifest("unknown/unknown", List.of(), layers(one("statement")));
    var inner = source.index(entries("linux/arm64/v8", arm));
    source.root(
        source.index(entries("unknown/unknown", statement, "linux/amd64", amd, "whatever", inner)));
    assertThat(images.resolve("r", AMD64, source).manifest()).isEqualTo(amd);
    assertThat(images.resolve("r", Platform.LINUX_ARM64, source).manifest()).isEqualTo(arm);
    var text = refusal(() -> images.resolve("r", new Platform("darwin", "arm64"), source));
    assertThat(text)
        .contains("wrong-image-platform", "linux/amd64, linux/arm64")
        .doesNotContain("unknown");
  }

  @Test
  void aPlainVariantIsPreferredToOneForNewerProcessors() {
    var newer = source.manifest("linux/amd64", List.of(), layers(one("v3")));
    var plain = source.manifest("linux/amd64", List.of(), layers(one("v1")));
    source.root(source.index(entries("linux/amd64/v3", newer, "linux/amd64", plain)));
    assertThat(images.resolve("r", AMD64, source).manifest()).isEqualTo(plain);
    source.root(source.index(entries("linux/amd64/v3", newer)));
    assertThat(images.resolve("r", AMD64, source).manifest()).isEqualTo(newer);
  }

  @Test
  void anImageWithoutAnIndexIsJudgedByItsConfiguration() {
    source.root(source.manifest("linux/arm64", List.of(), layers(one("a"))));
    assertThat(refusal(() -> images.resolve("r", AMD64, source)))
        .contains("wrong-image-platform", "it is there for linux/arm64");
  }

  @Test
  void whatAReferenceStoodForIsRememberedWithTheTimeAndWithoutItsLayers() {
    assertThat(images.remembered("r", AMD64)).isEmpty();
    source.root(source.manifest("linux/amd64", List.of("A=b"), layers(one("a"), one("b"))));
    var image = images.resolve("r", AMD64, source);
    assertThat(image.resolvedAt()).isEqualTo(NOW);
    assertThat(image.layers()).hasSize(2);
    assertThat(source.read).hasSize(2);
    assertThat(images.remembered("r", AMD64)).contains(image);
    assertThat(images.remembered("r", Platform.LINUX_ARM64)).isEmpty();
    assertThat(images.remembered("other", AMD64)).isEmpty();
    images.resolve("r", AMD64, source);
    assertThat(source.read).hasSize(2);
    assertThat(image.environment()).containsExactly("A=b");
  }

  @Test
  void aReferenceThatMovesIsFollowed() {
    source.root(source.manifest("linux/amd64", List.of(), layers(one("a"))));
    images.resolve("r", AMD64, source);
    var second = source.manifest("linux/amd64", List.of(), layers(one("b")));
    source.root(second);
    images.resolve("r", AMD64, source);
    assertThat(images.remembered("r", AMD64).orElseThrow().manifest()).isEqualTo(second);
  }

  @Test
  void factsAreFoundOnceForEachManifest() {
    source.root(source.manifest("linux/amd64", List.of(), layers(usual("3.11", "2.36"))));
    var image = images.resolve("r", AMD64, source);
    assertThat(images.facts(image)).isEmpty();
    var facts = images.facts(image, source, Progress.SILENT);
    assertThat(facts.pythons()).hasSize(1);
    source.read.clear();
    assertThat(images.facts(image, source, Progress.SILENT)).isEqualTo(facts);
    assertThat(images.facts(image)).contains(facts);
    assertThat(source.read).isEmpty();
  }

  @Test
  void layersAreReadHoweverTheyArePacked() {
    var tar = usual("3.11", "2.36").bytes();
    var two = new ByteArrayOutputStream();
    var middle = tar.length / 2;
    two.writeBytes(DirectoryImage.gzip(Arrays.copyOf(tar, middle)));
    two.writeBytes(DirectoryImage.gzip(Arrays.copyOfRange(tar, middle, tar.length)));
    var zstd = new ByteArrayOutputStream();
    zstd.writeBytes(Zstd.compress(Arrays.copyOf(tar, middle)));
    zstd.writeBytes(Zstd.compress(Arrays.copyOfRange(tar, middle, tar.length)));
    for (var layer :
        List.of(
            new Packed(MediaType.LAYER, tar, tar),
            new Packed(MediaType.LAYER_GZIP, two.toByteArray(), tar),
            new Packed(MediaType.LAYER_ZSTD, zstd.toByteArray(), tar),
            // A media type that lies.
            new Packed(MediaType.LAYER_GZIP, Zstd.compress(tar), tar))) {
      source.root(source.manifest("linux/amd64", List.of("N=" + layer.hashCode()), List.of(layer)));
      var image = images.resolve("r", AMD64, source);
      assertThat(images.facts(image, source, Progress.SILENT).pythons())
          .extracting(BasePython::executable)
          .containsExactly("/usr/bin/python3.11");
    }
  }

  @Test
  void aDamagedLayerIsToldAndFetchedAgainOnTheNextTry() throws IOException {
    source.root(source.manifest("linux/amd64", List.of(), layers(usual("3.11", "2.36"))));
    var image = images.resolve("r", AMD64, source);
    var blob = image.layers().getFirst().blob();
    var right = Files.readAllBytes(source.file(blob));
    for (int i = 0; i < right.length; i += 97) {
      var wrong = right.clone();
      wrong[i] ^= 16;
      Files.write(source.file(blob), wrong);
      assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
          .contains("blob-mismatch", blob.digest().toString());
    }
    Files.write(source.file(blob), Arrays.copyOf(right, right.length / 2));
    assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
        .contains("blob-mismatch", "only " + right.length / 2 + " of its");
    Files.write(source.file(blob), Arrays.copyOf(right, right.length + 1));
    assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
        .contains("blob-mismatch", "more than");
    Files.write(source.file(blob), right);
    assertThat(images.facts(image, source, Progress.SILENT).hasShell()).isTrue();
  }

  @Test
  void aLayerDamagedOnThisMachineIsFoundOutOnUse() throws IOException {
    source.root(source.manifest("linux/amd64", List.of(), layers(usual("3.11", "2.36"))));
    var image = images.resolve("r", AMD64, source);
    var kept = images.fetch(image.layers().getFirst().blob(), source);
    var bytes = Files.readAllBytes(kept);
    bytes[bytes.length / 2] ^= 1;
    Files.write(kept, bytes);
    assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
        .contains("blob-mismatch");
    assertThat(images.facts(image, source, Progress.SILENT).hasShell()).isTrue();
  }

  @Test
  void aLayerThatUnpacksToSomethingElseIsRefused() {
    var layer =
        new Packed(MediaType.LAYER_GZIP, DirectoryImage.gzip(one("a").bytes()), one("b").bytes());
    source.root(source.manifest("linux/amd64", List.of(), List.of(layer)));
    var image = images.resolve("r", AMD64, source);
    assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
        .contains("blob-mismatch", "unpacked");
  }

  @Test
  void aLayerThatIsNoArchiveIsRefused() {
    var junk =
        "no tar at all, but long enough for one ".repeat(100).getBytes(StandardCharsets.UTF_8);
    for (var layer :
        List.of(
            new Packed(MediaType.LAYER, junk, junk),
            new Packed(MediaType.LAYER_GZIP, DirectoryImage.gzip(junk), junk),
            new Packed(MediaType.LAYER_GZIP, new byte[] {0x1f, (byte) 0x8b, 9, 9}, junk))) {
      source.root(source.manifest("linux/amd64", List.of(), List.of(layer)));
      var image = images.resolve("r", AMD64, source);
      assertThat(refusal(() -> images.facts(image, source, Progress.SILENT)))
          .contains("invalid-oci-document", "no readable tar");
    }
  }

  @Test
  void documentsThatAreNoneAreRefused() {
    for (var text :
        List.of(
            "not json",
            "{}",
            "{\"manifests\": 1}",
            "{\"config\": {}, \"layers\": []}",
            "{\"config\": {\"mediaType\": \"x\", \"digest\": \"sha256:../../x\", \"size\": 1},"
                + " \"layers\": []}")) {
      source.root(source.put(MediaType.MANIFEST, text.getBytes(StandardCharsets.UTF_8)));
      assertThatThrownBy(() -> images.resolve("r", AMD64, source))
          .as(text)
          .isInstanceOfSatisfying(
              dev.terroir.foundation.problem.TerroirException.class,
              e -> assertThat(e.problem().code().id()).isIn("invalid-oci-document", "json-field"));
    }
  }

  @Test
  void indexesThatNameThemselvesEnd() {
    var at = source.index(Map.of());
    for (int i = 0; i < 20; i++) {
      at = source.index(entries("any", at));
    }
    source.root(at);
    assertThat(refusal(() -> images.resolve("r", AMD64, source))).contains("nested");
  }

  @Test
  void aDamagedRecordIsAsGoodAsNone() throws IOException {
    source.root(source.manifest("linux/amd64", List.of(), layers(usual("3.11", "2.36"))));
    var image = images.resolve("r", AMD64, source);
    images.facts(image, source, Progress.SILENT);
    try (var files = Files.walk(folder.resolve("bases"))) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        Files.writeString(file, Files.readString(file).substring(0, 30));
      }
    }
    assertThat(images.remembered("r", AMD64)).isEmpty();
    assertThat(images.facts(image)).isEmpty();
    assertThat(images.facts(image, source, Progress.SILENT).hasShell()).isTrue();
  }
}
