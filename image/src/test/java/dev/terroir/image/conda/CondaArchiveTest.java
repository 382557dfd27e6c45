package dev.terroir.image.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.image.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Archives of conda packages (CEP 35, conda-build)")
class CondaArchiveTest {
  @TempDir Path work;

  private static final class Said implements CondaArchive.Visitor {
    private final List<String> lines = new ArrayList<>();

    @Override
    public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes)
        throws IOException {
      var text = new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
      lines.add("%s %o %s".formatted(path.path(), mode, text));
    }

    @Override
    public void symbolicLink(PackagePath path, String target) {
      lines.add(path.path() + " -> " + target);
    }

    @Override
    public void hardLink(PackagePath path, PackagePath target) {
      lines.add(path.path() + " = " + target.path());
    }
  }

  private List<String> read(TestConda item, String extension) throws IOException {
    var file = item.write(work.resolve("packages"), extension);
    try (var archive = CondaArchive.open(file, item.stem() + extension, work.resolve("scratch"))) {
      var said = new Said();
      archive.read(said);
      return said.lines;
    }
  }

  private void assertRefused(TestConda item, String member, String why) {
    for (var extension : List.of(".conda", ".tar.bz2")) {
      assertThatThrownBy(() -> read(item, extension))
          .as(extension)
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> {
                assertThat(e.problem().what()).contains(item.stem() + extension);
                assertThat(e.problem().where().toString()).contains(member);
                assertThat(String.join("; ", e.problem().why())).contains(why);
              });
    }
    assertThat(work.resolve("scratch")).isEmptyDirectory();
  }

  private static TestConda sample() {
    return TestConda.named("sample")
        .file("bin/tool", 0755, "tool".getBytes(StandardCharsets.UTF_8))
        .link("bin/alias", "tool")
        .hardLink("bin/twin", "bin/tool");
  }

  @ParameterizedTest
  @ValueSource(strings = {".conda", ".tar.bz2"})
  void bothFormatsAreReadInTheOrderOfTheArchive(String extension) throws IOException {
    assertThat(read(sample(), extension))
        .containsExactly("bin/tool 755 tool", "bin/alias -> tool", "bin/twin = bin/tool");
  }

  @Test
  void aPackageWithoutListIsWhatItsArchiveHolds() throws IOException {
    var item = sample();
    var file = item.old().write(work, ".tar.bz2");
    try (var archive = CondaArchive.open(file, "old", work.resolve("scratch"))) {
      assertThat(archive.paths().keySet()).containsExactly("bin/alias", "bin/tool", "bin/twin");
    }
  }

  @Test
  void oldListsSayWhereThePlaceholderIs() throws IOException {
    var item =
        TestConda.named("old")
            .old()
            .file("bin/a", "x")
            .file("bin/b c", "x")
            .file("bin/d", "x")
            .info("has_prefix", "bin/a\n\"/place holder\" binary \"bin/b c\"\n/p text bin/d\n");
    var file = item.write(work, ".tar.bz2");
    try (var archive = CondaArchive.open(file, "old", work.resolve("scratch"))) {
      var paths = archive.paths();
      assertThat(paths.get("bin/a").placeholder()).isEqualTo("/opt/anaconda1anaconda2anaconda3");
      assertThat(paths.get("bin/a").mode()).isEqualTo(PrefixReplacement.Mode.TEXT);
      assertThat(paths.get("bin/b c").placeholder()).isEqualTo("/place holder");
      assertThat(paths.get("bin/b c").mode()).isEqualTo(PrefixReplacement.Mode.BINARY);
      assertThat(paths.get("bin/d").placeholder()).isEqualTo("/p");
    }
  }

  @Nested
  class Refused {
    @ParameterizedTest
    @ValueSource(strings = {"../evil", "/etc/passwd", "a/../../evil", "a//b", "C:/evil", "a\\b"})
    void pathsThatLeaveTheEnvironment(String path) {
      assertRefused(sample().unlisted(path, TarConstants.LF_NORMAL, ""), path, "path");
      assertRefused(TestConda.named("listed").file(path, "x"), path, "path");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"/etc/passwd", "../../etc/passwd", "../..", "x/../../..", "lib/../../tmp/x"})
    void linksThatLeaveTheEnvironment(String target) {
      assertRefused(TestConda.named("links").link("bin/l", target), "bin/l", "it is a link to");
    }

    @Test
    void hardLinksToAnythingButAFileBefore() {
      assertRefused(
          TestConda.named("hard").hardLink("bin/l", "/etc/passwd"), "bin/l", "no file before it");
      assertRefused(
          TestConda.named("hard").link("bin/s", "x").hardLink("bin/l", "bin/s"),
          "bin/l",
          "no file before it");
    }

    @Test
    void filesBelowLinksAndFiles() {
      assertRefused(
          TestConda.named("below").link("lib", "share").file("lib/x", "x"), "lib/x", "below `lib`");
      assertRefused(
          TestConda.named("below").file("lib", "f").file("lib/x", "x"), "lib/x", "below `lib`");
    }

    @Test
    void membersThatAreThereTwice() {
      assertRefused(sample().file("bin/tool", "tool"), "bin/tool", "twice");
    }

    @Test
    void devicesAndPipes() {
      for (var type : new byte[] {TarConstants.LF_CHR, TarConstants.LF_BLK, TarConstants.LF_FIFO}) {
        assertRefused(sample().unlisted("bin/dev", type, ""), "bin/dev", "device");
      }
    }

    @Test
    void filesThatTheListDoesNotName() {
      assertRefused(
          sample().unlisted("bin/extra", TarConstants.LF_NORMAL, ""), "bin/extra", "does not name");
    }

    @Test
    void filesThatTheArchiveDoesNotHave() {
      assertRefused(
          sample().relist("bin/gone", it -> it.put("path_type", "hardlink")),
          "bin/gone",
          "does not have it");
    }

    @Test
    void filesThatAreNotAsTheListSays() {
      assertRefused(
          sample().relist("bin/tool", it -> it.put("size_in_bytes", 5)), "bin/tool", "4 bytes");
      assertRefused(
          sample().relist("bin/tool", it -> it.put("sha256", "0".repeat(64))),
          "bin/tool",
          "SHA-256");
      assertRefused(
          sample().relist("bin/tool", it -> it.put("path_type", "softlink")),
          "bin/tool",
          "softlink");
      assertRefused(
          sample().relist("bin/alias", it -> it.put("path_type", "hardlink")),
          "bin/alias",
          "hardlink");
    }

    @Test
    void listsThatCannotBeRead() {
      assertRefused(sample().info("paths.json", "{"), "info/paths.json", "");
      assertRefused(sample().info("paths.json", "[]"), "info/paths.json", "");
      assertRefused(
          sample().info("paths.json", "{\"paths_version\": 7, \"paths\": []}"),
          "info/paths.json",
          "version is 7");
      assertRefused(sample().info("index.json", "{}"), "info/index.json", "`name`");
      assertRefused(
          sample().info("index.json", "{\"name\":\"../x\",\"version\":\"1\",\"build\":\"0\"}"),
          "info/index.json",
          "file name");
    }

    @Test
    void entryPointsThatAreCode() {
      for (var text :
          List.of(
              "x = os:system('id')",
              "x = a:b\nimport os",
              "../x = a:b",
              "x = a;b:c",
              "x = a:b()",
              "x y")) {
        assertRefused(
            TestConda.named("points").noarchPython(text), "info/link.json", "entry point");
      }
    }

    @Test
    void contentThatGrowsBeyondReason() {
      var zeros = new byte[160 << 20];
      assertRefused(TestConda.named("bomb").file("zeros", 0644, zeros), "", "grows to more than");
    }

    @Test
    void archivesOfAnotherFormat() throws IOException {
      assertThatThrownBy(() -> read(sample().zip(names -> names.subList(0, 1)), ".conda"))
          .isInstanceOfSatisfying(
              ImageException.class,
              e -> assertThat(e.problem().where().toString()).contains("info-*.tar.zst"));
      var two = new ArrayList<>(List.of("info-a.tar.zst", "info-b.tar.zst"));
      assertThatThrownBy(() -> read(sample().zip(_ -> two), ".conda"))
          .isInstanceOf(ImageException.class)
          .satisfies(e ->
              assertThat(((ImageException) e).problem().why().toString()).contains("2 members"));
      var text = Files.writeString(work.resolve("x-1-0.conda"), "no archive");
      assertThatThrownBy(() -> CondaArchive.open(text, "x-1-0.conda", work))
          .isInstanceOf(ImageException.class);
    }

    @Test
    void otherMembersOfTheZipArchiveAreNotRead() throws IOException {
      var item =
          sample()
              .zip(names -> {
                var more = new ArrayList<>(names);
                more.add("evil.sh");
                return more;
              });
      assertThat(read(item, ".conda")).hasSize(3);
    }
  }
}
