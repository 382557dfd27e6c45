package dev.terroir.image.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.Conformance;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Hostile tar files are refused as a whole, harmless ones are read")
class HostileArchivesTest {
  @TempDir Path temporary;

  @TestFactory
  Stream<DynamicTest> recipes() {
    return Conformance.cases("archives/recipes.json").stream()
        .filter(recipe -> recipe.string("format").equals("tar"))
        .map(recipe -> DynamicTest.dynamicTest(recipe.string("name"), () -> judge(recipe)));
  }

  private void judge(JsonObject recipe) throws IOException {
    var bytes = build(recipe);
    switch (recipe.string("expect")) {
      case "extract" ->
          assertThat(read(bytes).members())
              .hasSizeGreaterThanOrEqualTo(
                  (int)
                      recipe.objects("entries").stream()
                          .map(e -> e.string("name").replaceAll("^(\\./)+", ""))
                          .distinct()
                          .count());
      case "reject" -> assertRefused(bytes);
      case "inside" -> {
        // Nothing is ever unpacked; what is read has names that stay inside.
        try {
          assertThat(read(bytes).members().keySet())
              .allSatisfy(name -> assertThat(name.split("/")).doesNotContain("..", "."))
              .noneMatch(name -> name.startsWith("/"));
        } catch (ImageException e) {
          assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_ARCHIVE);
        }
      }
      default -> throw new IllegalArgumentException(recipe.string("expect"));
    }
  }

  private void assertRefused(byte[] bytes) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_ARCHIVE);
              assertThat(e.problem().where()).as("archive and member").hasSize(2);
            });
  }

  private TarIndex read(byte[] bytes) throws IOException {
    var file = temporary.resolve("archive.tar");
    Files.write(file, bytes);
    try (var channel = FileChannel.open(file)) {
      return TarIndex.read(channel, file.toString());
    }
  }

  static byte[] build(JsonObject recipe) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(out, 512, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (var entry : recipe.objects("entries")) {
        add(tar, entry);
      }
    }
    var bytes = out.toByteArray();
    var damage = recipe.optionalObject("damage").orElse(JsonObject.EMPTY);
    if (damage.has("cut_at")) {
      bytes = Arrays.copyOf(bytes, (int) damage.longValue("cut_at"));
    }
    if (damage.has("set_byte")) {
      var at = damage.array("set_byte");
      bytes[number(at.get(0))] = (byte) number(at.get(1));
    }
    if (damage.has("append_hex")) {
      var more = HexFormat.of().parseHex(damage.string("append_hex"));
      var whole = Arrays.copyOf(bytes, bytes.length + more.length);
      System.arraycopy(more, 0, whole, bytes.length, more.length);
      bytes = whole;
    }
    if (damage.has("replace_hex")) {
      bytes = HexFormat.of().parseHex(damage.string("replace_hex"));
    }
    return bytes;
  }

  private static int number(JsonValue value) {
    return Integer.parseInt(((JsonValue.JsonNumber) value).text());
  }

  private static void add(TarArchiveOutputStream tar, JsonObject entry) throws IOException {
    var name = entry.string("name");
    var type =
        switch (entry.string("type")) {
          case "file" -> TarConstants.LF_NORMAL;
          case "dir" -> TarConstants.LF_DIR;
          case "symlink" -> TarConstants.LF_SYMLINK;
          case "hardlink" -> TarConstants.LF_LINK;
          case "chardev" -> TarConstants.LF_CHR;
          case "blockdev" -> TarConstants.LF_BLK;
          case "fifo" -> TarConstants.LF_FIFO;
          default -> throw new IllegalArgumentException(entry.string("type"));
        };
    var content = entry.optionalString("content").orElse("").getBytes(StandardCharsets.UTF_8);
    if (entry.has("repeat")) {
      content =
          entry
              .optionalString("content")
              .orElse("")
              .repeat((int) entry.longValue("repeat"))
              .getBytes(StandardCharsets.UTF_8);
    }
    var header = new TarArchiveEntry(name, type, true);
    header.setName(name);
    header.setSize(type == TarConstants.LF_NORMAL ? content.length : 0);
    entry.optionalString("link").ifPresent(header::setLinkName);
    entry.optionalLong("mode").ifPresent(mode -> header.setMode(mode.intValue()));
    header.setModTime(0);
    var pax = entry.stringMap("pax");
    if (pax.containsKey("size")) {
      // The library reads it, and then wants as many bytes.
      header.addPaxHeader("comment", "x");
      raw(tar, pax, name, content);
      return;
    }
    pax.forEach(header::addPaxHeader);
    tar.putArchiveEntry(header);
    if (type == TarConstants.LF_NORMAL) {
      tar.write(content);
    }
    tar.closeArchiveEntry();
  }

  /// A pax header as another member, so that it may lie.
  private static void raw(
      TarArchiveOutputStream tar, Map<String, String> pax, String name, byte[] content)
      throws IOException {
    var records = new StringBuilder();
    pax.forEach((key, value) -> records.append(record(key + "=" + value)));
    var bytes = records.toString().getBytes(StandardCharsets.UTF_8);
    var extension = new TarArchiveEntry("PaxHeader", (byte) 'x');
    extension.setSize(bytes.length);
    tar.putArchiveEntry(extension);
    tar.write(bytes);
    tar.closeArchiveEntry();
    var member = new TarArchiveEntry(name, TarConstants.LF_NORMAL);
    member.setSize(content.length);
    tar.putArchiveEntry(member);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static String record(String text) {
    int length = text.length() + 3;
    while ((length + " " + text + "\n").length() != length) {
      length++;
    }
    return length + " " + text + "\n";
  }

  private static byte[] member(String name, char type, String link, byte[] content) {
    try {
      var out = new ByteArrayOutputStream();
      var tar = new TarOutput(out);
      tar.file(name, content);
      var bytes = out.toByteArray();
      bytes[156] = (byte) type;
      var target = link.getBytes(StandardCharsets.UTF_8);
      System.arraycopy(target, 0, bytes, 157, target.length);
      return summed(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] summed(byte[] bytes) {
    Arrays.fill(bytes, 148, 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += bytes[i] & 0xff;
    }
    var digits = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(digits, 0, bytes, 148, 8);
    return bytes;
  }

  private static byte[] archive(byte[]... members) {
    var out = new ByteArrayOutputStream();
    for (var bytes : members) {
      out.writeBytes(bytes);
    }
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  @Test
  void sizesThatDisagreeAreReadAsThePaxHeaderSaysOrRefused() throws IOException {
    // TARmageddon: a reader that trusts the ustar size sees the smuggled member.
    var smuggled = member("smuggled", '0', "", "x".getBytes());
    var honest = member("outer", '0', "", smuggled);
    var lying = honest.clone();
    System.arraycopy("00000000000\0".getBytes(StandardCharsets.US_ASCII), 0, lying, 124, 12);
    var pax = member("PaxHeader", 'x', "", record("size=" + smuggled.length).getBytes());
    assertThat(read(archive(pax, summed(lying))).members().keySet()).containsExactly("outer");
  }

  @Test
  void malformedExtensionsAreRefusedAndNeverSkipped() {
    for (var records :
        List.of(
            "9 path=a\n9 path=b\n",
            "x path=a\n",
            "99 path=a\n",
            "8 path=a\n",
            "7 =abc\n",
            "10 path=a\0\n",
            "19 hdrcharset=BINARY\n",
            "9 size=-1\n",
            "08 size=1\nx")) {
      assertRefused(
          archive(
              member("PaxHeader", 'x', "", records.getBytes()), member("a", '0', "", new byte[0])));
    }
    assertRefused(archive(member("PaxHeader", 'x', "", "9 path=ab\n".getBytes())));
    assertRefused(
        archive(
            member("PaxHeader", 'g', "", "9 path=a\n".getBytes()),
            member("a", '0', "", new byte[0])));
  }

  @Test
  void twoMembersOfOneNameAreRefused() {
    assertRefused(archive(member("a", '0', "", new byte[1]), member("./a", '0', "", new byte[1])));
    assertRefused(archive(member("a", '0', "", new byte[1]), member("a/b", '0', "", new byte[1])));
    assertRefused(archive(member("a", '2', "b", new byte[0]), member("a", '0', "", new byte[1])));
  }

  @Test
  void linksThatLeaveAreRefusedAlsoInTwoSteps() {
    assertRefused(archive(member("a", '2', "/etc/passwd", new byte[0])));
    assertRefused(archive(member("a", '2', "b/../..", new byte[0])));
    assertRefused(
        archive(member("d/x", '2', "..", new byte[0]), member("y", '2', "d/x/..", new byte[0])));
    assertRefused(
        archive(member("a", '1', "later", new byte[0]), member("later", '0', "", new byte[0])));
  }

  @Test
  void devicesSparseFilesAndUnknownMembersAreRefused() {
    for (var type : "346SXDMVN".toCharArray()) {
      assertRefused(archive(member("a", type, "", new byte[0])));
    }
    assertRefused(archive(member("a", '2', "b", new byte[1])));
  }

  @Test
  void whatFollowsTheEndIsRefused() {
    var twice = new ByteArrayOutputStream();
    twice.writeBytes(archive(member("a", '0', "", new byte[1])));
    twice.writeBytes(archive(member("b", '0', "", new byte[1])));
    assertRefused(twice.toByteArray());
  }

  @Test
  void legacyLinksBetweenLayersAreFollowed() throws IOException {
    var index =
        read(
            archive(
                member("aaa/layer.tar", '0', "", "12".getBytes()),
                member("bbb/layer.tar", '2', "../aaa/layer.tar", new byte[0]),
                member("ccc/layer.tar", '1', "aaa/layer.tar", new byte[0]),
                member("loop", '2', "loop", new byte[0])));
    assertThat(index.file("bbb/layer.tar")).isEqualTo(index.file("aaa/layer.tar"));
    assertThat(index.file("ccc/layer.tar")).isEqualTo(index.file("aaa/layer.tar"));
    assertThat(index.file("loop")).isEmpty();
    assertThat(index.file("nothing")).isEmpty();
  }

  @Test
  void whatIsWrittenIsReadAgainAlsoWithLongNames() throws IOException {
    var random = new Random(42);
    for (int round = 0; round < 200; round++) {
      var out = new ByteArrayOutputStream();
      var contents = new java.util.LinkedHashMap<String, byte[]>();
      try (var tar = new TarOutput(out)) {
        for (int i = random.nextInt(5); i >= 0; i--) {
          var name = i + "/" + "näme".repeat(random.nextInt(60)) + random.nextInt(10);
          var content = new byte[random.nextInt(1500)];
          random.nextBytes(content);
          tar.file(name, content);
          contents.put(name, content);
        }
      }
      var index = read(out.toByteArray());
      assertThat(index.members().keySet())
          .as("round " + round)
          .containsExactlyElementsOf(contents.keySet());
      contents.forEach((name, content) -> {
        var member = index.file(name).orElseThrow();
        var bytes = out.toByteArray();
        assertThat(
                Arrays.copyOfRange(
                    bytes, (int) member.offset(), (int) (member.offset() + member.sizeBytes())))
            .isEqualTo(content);
      });
    }
  }

  @Test
  void damageAnywhereIsRefusedOrHarmless() throws IOException {
    var random = new Random(7);
    var bytes =
        archive(
            member("PaxHeader", 'x', "", record("path=long").getBytes()),
            member("a", '0', "", new byte[600]),
            member("l", '2', "long", new byte[0]));
    for (int round = 0; round < 3000; round++) {
      var damaged = bytes.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        read(damaged);
      } catch (ImageException e) {
        assertThat(e.problem().code()).isEqualTo(ImageCode.INVALID_ARCHIVE);
      }
    }
  }
}
