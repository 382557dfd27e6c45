package dev.terroir.image.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Zip archives that can be read in one way only (APPNOTE 6.3.10)")
class ZipArchiveTest {
  private static final byte[] HELLO = "hello, hello, hello".getBytes(StandardCharsets.UTF_8);

  @TempDir Path work;

  private Path file() {
    return work.resolve("test.zip");
  }

  private List<String> read(TestZip zip) throws IOException {
    zip.write(file());
    return readFile();
  }

  private List<String> readFile() throws IOException {
    var read = new ArrayList<String>();
    try (var archive = ZipArchive.open(file())) {
      for (var member : archive.members()) {
        read.add(member.name() + (member.isFolder() ? "/" : "=" + archive.text(member, 1 << 20)));
      }
    }
    return read;
  }

  private void assertRefused(TestZip zip, String why) {
    zip.write(file());
    assertRefused(why);
  }

  private void assertRefused(String why) {
    assertThatThrownBy(this::readFile)
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("invalid-archive");
              assertThat(e.problem().what()).contains("test.zip");
              assertThat(e.problem().why().toString()).contains(why);
            });
  }

  @Nested
  class Sound {
    @Test
    void membersComeSortedByName() throws IOException {
      assertThat(
              read(
                  new TestZip()
                      .file("b", "2")
                      .folder("a")
                      .file("a/c", "1")
                      .stored("\u00e9", HELLO, _ -> {})))
          .containsExactly("a/", "a/c=1", "b=2", "\u00e9=hello, hello, hello");
    }

    @ParameterizedTest(name = "signed {0}, wide {1}")
    @MethodSource("dev.terroir.image.archive.ZipArchiveTest#descriptors")
    void dataDescriptorsHaveFourForms(boolean isSigned, boolean isWide) throws IOException {
      assertThat(
              read(
                  new TestZip()
                      .file("a", HELLO, entry -> entry.withDescriptor(isSigned, isWide))
                      .file("b", "2")))
          .containsExactly("a=hello, hello, hello", "b=2");
    }

    @Test
    void zip64RecordsAndFieldsAreRead() throws IOException {
      assertThat(read(new TestZip().zip64().file("a", HELLO, TestZip.Entry::withZip64)))
          .containsExactly("a=hello, hello, hello");
    }

    @Test
    void anArchiveMayBeEmpty() throws IOException {
      assertThat(read(new TestZip())).isEmpty();
    }

    @Test
    void aCommentMayBeText() throws IOException {
      var comment = "built on a Tuesday\n".getBytes(StandardCharsets.UTF_8);
      assertThat(read(new TestZip().file("a", "1").comment(comment))).containsExactly("a=1");
    }

    @Test
    void executableFilesAreKnown() {
      new TestZip()
          .file("run", HELLO, entry -> entry.mode = 0100755)
          .file("read", HELLO, _ -> {})
          .write(file());
      try (var archive = ZipArchive.open(file())) {
        assertThat(archive.find("run").orElseThrow().isExecutable()).isTrue();
        assertThat(archive.find("read").orElseThrow().isExecutable()).isFalse();
      }
    }

    @Test
    void namesThatDifferInCaseAreReported() {
      new TestZip().file("Readme", "1").file("README", "2").write(file());
      try (var archive = ZipArchive.open(file())) {
        assertThat(archive.caseClashes()).containsExactly(java.util.Map.entry("Readme", "README"));
      }
    }

    @Test
    void whatOthersWriteIsReadAsTheyReadIt() throws IOException {
      var random = new Random(20261124);
      for (int round = 0; round < 50; round++) {
        try (var out = new ZipOutputStream(Files.newOutputStream(file()))) {
          for (int i = 0; i < random.nextInt(20); i++) {
            var content = new byte[random.nextInt(random.nextBoolean() ? 100 : 300_000)];
            if (random.nextBoolean()) {
              random.nextBytes(content);
            }
            out.setLevel(random.nextInt(10));
            out.putNextEntry(new ZipEntry("folder" + i % 3 + "/file" + i));
            out.write(content);
            out.closeEntry();
          }
        }
        try (var archive = ZipArchive.open(file());
            var other = new ZipFile(file().toFile())) {
          assertThat(archive.members()).hasSize(other.size());
          for (var member : archive.members()) {
            try (var in = other.getInputStream(other.getEntry(member.name()))) {
              assertThat(archive.bytes(member, 1 << 20)).isEqualTo(in.readAllBytes());
            }
          }
        }
      }
    }
  }

  static Stream<Arguments> descriptors() {
    return Stream.of(true, false)
        .flatMap(signed -> Stream.of(true, false).map(wide -> Arguments.of(signed, wide)));
  }

  @Nested
  @DisplayName("What two readers could read in two ways is refused")
  class Ambiguous {
    static Stream<Arguments> lies() {
      return Stream.of(
          Arguments.of(
              "another name", (Lie) e -> e.localName = "b".getBytes(StandardCharsets.UTF_8)),
          Arguments.of("another size", (Lie) e -> e.localSize--),
          Arguments.of("another size", (Lie) e -> e.localPackedSize++),
          Arguments.of("CRC-32", (Lie) e -> e.localCrc ^= 1),
          Arguments.of("another method", (Lie) e -> e.localMethod = 0),
          Arguments.of("other flags", (Lie) e -> e.localFlags |= 1 << 11),
          Arguments.of("overlaps", (Lie) e -> e.packedSize += 1000),
          Arguments.of("belong to no member", (Lie) e -> e.gapAfter = new byte[3]),
          Arguments.of("byte", (Lie) e -> e.offsetShift = 1),
          Arguments.of(
              "encrypted",
              (Lie)
                  e -> {
                    e.flags |= 1;
                    e.localFlags |= 1;
                  }),
          Arguments.of(
              "are not known",
              (Lie)
                  e -> {
                    e.flags |= 1 << 13;
                    e.localFlags |= 1 << 13;
                  }),
          Arguments.of(
              "descriptor",
              (Lie)
                  e -> {
                    e.withDescriptor(true, false);
                    e.descriptor[5] ^= 1;
                  }),
          Arguments.of(
              "descriptor",
              (Lie)
                  e -> {
                    e.withDescriptor(true, false);
                    e.descriptor = Arrays.copyOf(e.descriptor, 14);
                  }),
          Arguments.of("extra fields", (Lie) e -> e.extra = new byte[] {1, 2, 100, 0, 0}),
          Arguments.of(
              "zip64 field",
              (Lie)
                  e -> {
                    e.withZip64();
                    e.extra = Arrays.copyOf(e.extra, 12);
                    e.extra[2] = 8;
                  }),
          Arguments.of(
              "calls for",
              (Lie)
                  e -> {
                    e.withZip64();
                    e.extra = new byte[0];
                  }),
          Arguments.of(
              "other sizes",
              (Lie)
                  e -> {
                    e.withZip64();
                    e.localExtra = e.localExtra.clone();
                    e.localExtra[4]++;
                  }),
          Arguments.of(
              "a second name",
              (Lie)
                  e ->
                      e.extra =
                          ByteBuffer.allocate(10)
                              .order(ByteOrder.LITTLE_ENDIAN)
                              .putShort((short) 0x7075)
                              .putShort((short) 6)
                              .put((byte) 1)
                              .putInt(0)
                              .put((byte) 'b')
                              .array()),
          Arguments.of(
              "folder with content",
              (Lie)
                  e -> {
                    e.name = "a/".getBytes(StandardCharsets.UTF_8);
                    e.localName = e.name;
                    e.mode = 0;
                  }),
          Arguments.of("symbolic link", (Lie) e -> e.mode = 0120777),
          Arguments.of("neither a file nor a folder", (Lie) e -> e.mode = 060644),
          Arguments.of(
              "not UTF-8",
              (Lie)
                  e -> {
                    e.name = new byte[] {'a', (byte) 0xff};
                    e.localName = e.name;
                  }));
    }

    private interface Lie extends java.util.function.Consumer<TestZip.Entry> {}

    @ParameterizedTest(name = "{0}")
    @MethodSource("lies")
    void headersThatDisagree(String why, Lie lie) {
      assertRefused(new TestZip().file("first", "1").file("a", HELLO, lie), why);
      assertRefused(new TestZip().file("a", HELLO, lie).file("last", "1"), why);
    }

    @Test
    void contentThatIsNotWhatTheHeadersSay() {
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.crc ^= 1;
                    e.localCrc ^= 1;
                  }),
          "CRC-32 of its content");
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.size--;
                    e.localSize--;
                  }),
          "more than");
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.size++;
                    e.localSize++;
                  }),
          "bytes, not");
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.data = Arrays.copyOf(e.data, e.data.length + 1);
                    e.packedSize++;
                    e.localPackedSize++;
                  }),
          "bytes follow its deflate stream");
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.data = Arrays.copyOf(e.data, e.data.length - 1);
                    e.packedSize--;
                    e.localPackedSize--;
                  }),
          "does not end");
      assertRefused(
          new TestZip()
              .stored(
                  "a",
                  HELLO,
                  e -> {
                    e.size++;
                    e.localSize++;
                  }),
          "stored");
    }

    @Test
    @DisplayName("stacked archives (CVE-2025-54368)")
    void stacked() {
      var inner = new TestZip().file("a", "evil").bytes();
      var outer = new TestZip().file("a", "good");
      assertRefused(new TestZip().file("a", "good").prefix(inner), "begins at byte");
      assertRefused(outer.suffix(inner), "said to end at byte");
      assertRefused(new TestZip().file("a", "good").comment(inner), "said to end at byte");
    }

    @Test
    void bytesAfterTheEnd() {
      assertRefused(new TestZip().file("a", "1").suffix(new byte[] {1}), "bytes follow");
    }

    @Test
    void bytesBeforeTheFirstMember() {
      var script = "#!/bin/sh\n".getBytes(StandardCharsets.UTF_8);
      assertRefused(new TestZip().file("a", "1").prefix(script), "does not begin with a member");
    }

    @Test
    @DisplayName("a tar archive that is a zip archive too (CVE-2026-3219)")
    void tarAndZip() {
      var tar = new byte[1024];
      System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
      assertRefused(new TestZip().file("a", "1").prefix(tar), "does not begin with a member");
      // The header of a tar archive hidden in the first member's name and data.
      var data = new byte[1024];
      System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, data, 257 - 31, 5);
      assertRefused(new TestZip().stored("a", data, _ -> {}), "tar archive and a zip archive");
    }

    @Test
    void directoriesThatDoNotFit() {
      assertRefused(
          new TestZip().file("a", "1").file("b", "2").countShift(-1), "follow the last header");
      assertRefused(new TestZip().file("a", "1").countShift(1), "ends before its last header");
      assertRefused(
          new TestZip().zip64().file("a", "1").countShift(1), "ends before its last header");
    }

    @Test
    void nothingAtAll() throws IOException {
      Files.write(file(), new byte[0]);
      assertRefused("cannot be a zip archive");
      Files.writeString(file(), "<html>Not found</html>".repeat(10));
      assertRefused("does not begin with a member");
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
      var bytes =
          new TestZip().file("a", HELLO, e -> e.withDescriptor(true, false)).file("b", "2").bytes();
      for (int size = 0; size < bytes.length; size++) {
        Files.write(file(), Arrays.copyOf(bytes, size));
        assertRefused("");
      }
    }

    @Test
    void everyFlippedBitIsNoticedOrHarmless() throws IOException {
      var bytes = new TestZip().file("a", HELLO, _ -> {}).stored("b", HELLO, _ -> {}).bytes();
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        var flipped = bytes.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(file(), flipped);
        List<String> read;
        try {
          read = readFile();
        } catch (ImageException e) {
          continue;
        }
        // Times, versions and attributes decide nothing.
        assertThat(read)
            .as("bit " + bit)
            .containsExactly("a=hello, hello, hello", "b=hello, hello, hello");
      }
    }
  }

  @Nested
  class Names {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "/etc/passwd",
          "//server/x",
          "../x",
          "a/../x",
          "a/./x",
          ".",
          "..",
          "a//b",
          "C:/x",
          "c:x",
          "a\\b",
          "a\u0000b",
          "a\nb",
          "\u007f",
          "a/b/../../../x"
        })
    void thatDoNotStayBelowTheFolderAreRefused(String name) {
      assertRefused(new TestZip().file(name, "evil"), "path");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a..b", "...", "..a/b", "~/x", "%2e%2e/x", "ab:c/d", "CON", "x.", " "})
    void thatOnlyLookSoAreRead(String name) throws IOException {
      assertThat(read(new TestZip().file(name, "1"))).containsExactly(name + "=1");
    }

    @Test
    void areLimitedInLengthAndDepth() {
      assertRefused(new TestZip().file("n".repeat(256), "1"), "longer than 255 bytes");
      assertRefused(new TestZip().file("\u00e9".repeat(128), "1"), "longer than 255 bytes");
      assertRefused(new TestZip().file("a/".repeat(64) + "a", "1"), "more than 64 components");
      assertRefused(
          new TestZip().file(("n".repeat(200) + "/").repeat(11) + "n", "1"), "longer than 2048");
    }

    @Test
    void areThereOnce() {
      assertRefused(new TestZip().file("a", "1").file("a", "2"), "there twice");
      assertRefused(new TestZip().folder("a").file("a", "2"), "there twice");
      assertRefused(new TestZip().file("a", "1").file("a/b", "2"), "below `a`, which is a file");
      assertRefused(new TestZip().file("a", "1").file("a/b/c", "2"), "below `a`, which is a file");
    }
  }

  @Nested
  @DisplayName("Bombs (CVE-2026-25122)")
  class Bombs {
    @Test
    void contentsThatAreTooLargeForTheArchive() {
      assertRefused(
          new TestZip()
              .file(
                  "a",
                  HELLO,
                  e -> {
                    e.size = 1L << 31;
                    e.localSize = 1L << 31;
                  }),
          "out of");
    }

    @Test
    void sizesThatOverflow() {
      var zip = new TestZip();
      for (int i = 0; i < 3; i++) {
        zip.file(
            "a" + i,
            HELLO,
            e -> {
              e.size = Long.MAX_VALUE;
              e.withZip64();
            });
      }
      assertRefused(zip, "contents would have");
    }

    @Test
    void membersWithoutEnd() {
      assertRefused(new TestZip().zip64().file("a", "1").countShift(1_000_000), "members, over");
    }

    @Test
    void aRealOneIsRefusedBeforeItIsInflated() {
      var zeros = new byte[16 << 20];
      var zip = new TestZip();
      for (int i = 0; i < 10; i++) {
        zip.file("zeros" + i, zeros, _ -> {});
      }
      assertRefused(zip, "out of");
    }
  }
}
