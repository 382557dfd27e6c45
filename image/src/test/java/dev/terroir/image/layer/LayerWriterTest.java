package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.TestWheel;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.blob.BlobStore;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Layers: tar in gzip members (RFC 1952, POSIX ustar and pax)")
class LayerWriterTest {
  @TempDir Path work;

  private BlobStore blobs() {
    return new BlobStore(work.resolve("blobs"));
  }

  private Path blob(MadeLayer layer) {
    return blobs().path(layer.digest());
  }

  private InputStream open(MadeLayer layer, Compression compression) throws IOException {
    var file = new BufferedInputStream(Files.newInputStream(blob(layer)));
    return switch (compression) {
      case GZIP ->
          GzipCompressorInputStream.builder()
              .setInputStream(file)
              .setDecompressConcatenated(true)
              .get();
      case ZSTD -> new com.github.luben.zstd.ZstdInputStream(file);
    };
  }

  private record Read(TarArchiveEntry entry, byte[] content) {}

  private Map<String, Read> read(MadeLayer layer, Compression compression) throws IOException {
    var read = new LinkedHashMap<String, Read>();
    try (var tar = new TarArchiveInputStream(open(layer, compression), "UTF-8")) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        assertThat(read.put(entry.getName(), new Read(entry, tar.readAllBytes()))).isNull();
      }
    }
    return read;
  }

  /// A property: whatever files a layer is given, every reader gets them back.
  @ParameterizedTest
  @EnumSource(Compression.class)
  void whatIsWrittenIsRead(Compression compression) throws IOException {
    for (long seed = 1; seed <= 25; seed++) {
      var random = new Random(seed);
      var wheel = TestWheel.of("p", "1");
      var files = new LinkedHashMap<String, byte[]>();
      for (int i = 0; i < random.nextInt(1, 30); i++) {
        var path = path(random, i);
        var content = content(random);
        files.put(path, content);
        if (random.nextInt(3) == 0) {
          wheel.stored(path, content);
        } else {
          wheel.file(path, content);
        }
      }
      MadeLayer layer;
      try (var archive = WheelArchive.open(wheel.write(work));
          var writer = new LayerWriter(blobs(), compression)) {
        for (var path : files.keySet()) {
          var content = files.get(path);
          switch (random.nextInt(3)) {
            case 0 -> writer.file("made/" + path, false, content);
            case 1 -> writer.packed("made/" + path, LayerWriter.pack(content, compression, 6));
            default -> {
              var kept = new ByteArrayOutputStream();
              var member = archive.zip().find(path).orElseThrow();
              writer.member("made/" + path, false, archive, member, kept);
              assertThat(kept.toByteArray()).isEqualTo(content);
            }
          }
        }
        layer = writer.finish();
      }
      var read = read(layer, compression);
      for (var path : files.keySet()) {
        var item = read.get("made/" + path);
        assertThat(item).as("seed " + seed + " " + path).isNotNull();
        assertThat(item.content()).as("seed " + seed + " " + path).isEqualTo(files.get(path));
      }
      try (var in = open(layer, compression)) {
        var tar = in.readAllBytes();
        assertThat(layer.diffId().encoded()).isEqualTo(Sha256.of(tar).hex());
        assertThat(layer.uncompressedSizeBytes()).isEqualTo(tar.length);
      }
      assertThat(layer.digest().encoded()).isEqualTo(Sha256.of(blob(layer)).hex());
      assertThat(layer.sizeBytes()).isEqualTo(Files.size(blob(layer)));
      if (compression == Compression.GZIP) {
        checkWithTools(layer, files);
      }
    }
  }

  private void checkWithTools(MadeLayer layer, Map<String, byte[]> files) throws IOException {
    var copy = Files.copy(blob(layer), Files.createTempDirectory(work, "copy").resolve("l.tar.gz"));
    RealWheels.tool(work, RealWheels.program("gzip").toString(), "-t", copy.toString());
    var folder = Files.createTempDirectory(work, "tree");
    RealWheels.tool(folder, RealWheels.program("tar").toString(), "-xzf", copy.toString());
    for (var path : files.keySet()) {
      assertThat(Files.readAllBytes(folder.resolve("made").resolve(path)))
          .as(path)
          .isEqualTo(files.get(path));
    }
    try (var in = new GZIPInputStream(Files.newInputStream(copy))) {
      assertThat(in.readAllBytes()).hasSize((int) layer.uncompressedSizeBytes());
    }
  }

  private static String path(Random random, int number) {
    var path = new StringBuilder("d" + random.nextInt(3));
    for (int i = 0; i < random.nextInt(6); i++) {
      path.append('/').append("c".repeat(random.nextInt(1, 120)));
    }
    path.append('/')
        .append(random.nextInt(4) == 0 ? "\u00e9\u6587\ud83d\ude00" : "n")
        .append(number);
    return path.toString();
  }

  private static byte[] content(Random random) {
    int size =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(3) * 512;
          case 1 -> random.nextInt(600);
          case 2 -> random.nextInt(20_000);
          default -> random.nextInt(400_000);
        };
    var content = new byte[size];
    if (random.nextBoolean()) {
      random.nextBytes(content);
    } else {
      for (int i = 0; i < size; i++) {
        content[i] = (byte) "import numpy\n".charAt(i % 13);
      }
    }
    return content;
  }

  @Test
  void ownersModesAndTimesAreFixed() throws IOException {
    try (var writer = new LayerWriter(blobs(), Compression.GZIP)) {
      writer.file("opt/env/bin/run", true, new byte[1]);
      writer.file("opt/env/lib/a", false, new byte[1]);
      writer.folder("opt/env/empty");
      var read = read(writer.finish(), Compression.GZIP);
      assertThat(read.keySet())
          .containsExactly(
              "opt/",
              "opt/env/",
              "opt/env/bin/",
              "opt/env/bin/run",
              "opt/env/lib/",
              "opt/env/lib/a",
              "opt/env/empty/");
      read.forEach((path, item) -> {
        var entry = item.entry();
        assertThat(entry.getLongUserId()).isZero();
        assertThat(entry.getLongGroupId()).isZero();
        assertThat(entry.getUserName()).isEmpty();
        assertThat(entry.getGroupName()).isEmpty();
        assertThat(entry.getLastModifiedTime().toInstant())
            .isEqualTo(java.time.Instant.parse("1980-01-02T00:00:00Z"));
        assertThat(entry.getMode() & 0777)
            .isEqualTo(entry.isDirectory() || path.endsWith("run") ? 0755 : 0644);
      });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 99, 100, 101, 155, 156, 255, 256, 257, 300, 1000})
  void pathsOfEveryLengthAreRead(int length) throws IOException {
    var paths = new ArrayList<String>();
    paths.add("x".repeat(Math.min(length, 255)));
    var deep = "abcdefg/".repeat(length / 8 + 1).substring(0, length);
    paths.add(deep.endsWith("/") ? deep.substring(0, length - 1) + "z" : deep);
    for (var path : paths) {
      try (var writer = new LayerWriter(blobs(), Compression.GZIP)) {
        writer.file(path, false, "content".getBytes(StandardCharsets.UTF_8));
        assertThat(read(writer.finish(), Compression.GZIP)).containsKey(path);
      }
    }
  }

  @Test
  void whatFitsUstarHasNoExtendedHeader() throws IOException {
    assertThat(TarHeaders.file("a".repeat(150) + "/" + "b".repeat(90), 1, false)).hasSize(512);
    assertThat(TarHeaders.file("a".repeat(156) + "/" + "b".repeat(90), 1, false)).hasSize(1536);
    assertThat(TarHeaders.file("\u00e9", 1, false)).hasSize(1536);
  }

  @Test
  @DisplayName("the sizes of both headers are the same (CVE-2025-62518), but for those of 8 GiB")
  void sizesOfExtendedHeaders() throws IOException {
    var small = TarHeaders.file("\u00e9", 1234, false);
    assertThat(new String(small, 1024 + 124, 11, StandardCharsets.US_ASCII))
        .isEqualTo("00000002322");
    var large = TarHeaders.file("big", 9L << 30, false);
    try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(large))) {
      assertThat(tar.getNextEntry().getSize()).isEqualTo(9L << 30);
    }
  }

  @Test
  void membersOfAWheelArePassedOnAsTheyAre() throws IOException {
    var random = new Random(7);
    var content = new byte[50_000];
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) ('a' + random.nextInt(8));
    }
    var file = TestWheel.of("p", "1").file("p.bin", content).write(work);
    try (var wheel = WheelArchive.open(file);
        var writer = new LayerWriter(blobs(), Compression.GZIP)) {
      var member = wheel.zip().find("p.bin").orElseThrow();
      writer.member("p.bin", false, wheel, member, null);
      var layer = Files.readAllBytes(blob(writer.finish()));
      var archive = Files.readAllBytes(file);
      var stream =
          Arrays.copyOfRange(
              archive,
              (int) member.dataOffset(),
              (int) (member.dataOffset() + member.packedSizeBytes()));
      assertThat(java.util.Collections.indexOfSubList(list(layer), list(stream))).isPositive();
    }
  }

  private static List<Byte> list(byte[] bytes) {
    var list = new ArrayList<Byte>(bytes.length);
    for (var value : bytes) {
      list.add(value);
    }
    return list;
  }

  /// The bytes of a gzip member depend on its content alone, not on what was compressed before.
  @Test
  void membersDependOnTheirContentAlone() {
    var random = new Random(3);
    for (int round = 0; round < 200; round++) {
      var content = content(random);
      var once = GzipMembers.compress(content, content.length, 6);
      GzipMembers.compress(content(random), 0, 6);
      assertThat(GzipMembers.compress(content.clone(), content.length, 6)).isEqualTo(once);
    }
  }

  @Test
  void aLayerThatIsNotFinishedLeavesNothing() throws IOException {
    try (var writer = new LayerWriter(blobs(), Compression.GZIP)) {
      writer.file("a", false, new byte[1_000_000]);
    }
    try (var files = Files.walk(work.resolve("blobs"))) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }
}
