package dev.terroir.image.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.Conformance;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Wheels as other projects' suites judge them")
class ArchiveConformanceTest {
  @TempDir Path work;

  @Test
  void hostileZipArchives() {
    for (var recipe : Conformance.cases("archives/recipes.json")) {
      if (!recipe.string("format").equals("zip")) {
        continue;
      }
      var zip = new TestZip();
      for (var entry : recipe.objects("entries")) {
        add(zip, entry);
      }
      var file = zip.write(work.resolve("recipe.zip"));
      // A file that is a script and an archive at once is two formats, and no wheel is one.
      var expected =
          recipe.string("name").contains("bytes before the first entry")
              ? "reject"
              : recipe.string("expect");
      judge(
          recipe.string("name"),
          expected,
          () -> {
            try (var archive = ZipArchive.open(file)) {
              for (var member : archive.members()) {
                assertThat(ArchivePath.problem(member.name())).isEmpty();
                assertThat(Path.of("/dest").resolve(member.name()).normalize().startsWith("/dest"))
                    .isTrue();
                archive.read(member, (_, _, _) -> {});
              }
            }
          });
    }
  }

  private static void add(TestZip zip, JsonObject entry) {
    switch (entry.string("type")) {
      case "comment" -> zip.comment(HexFormat.of().parseHex(entry.string("hex")));
      case "symlink" ->
          zip.stored(
              entry.string("name"),
              entry.string("link").getBytes(StandardCharsets.UTF_8),
              member -> member.mode = 0120777);
      case "file" -> {
        entry
            .optionalString("prefix_hex")
            .ifPresent(hex -> zip.prefix(HexFormat.of().parseHex(hex)));
        zip.stored(
            entry.string("name"),
            entry.string("content").getBytes(StandardCharsets.UTF_8),
            member -> {
              entry
                  .optionalLong("crc")
                  .ifPresent(crc -> {
                    member.crc = crc;
                    member.localCrc = crc;
                  });
              entry
                  .optionalLong("declared_size")
                  .ifPresent(size -> {
                    member.size = size;
                    member.localSize = size;
                    member.packedSize = size;
                    member.localPackedSize = size;
                  });
              entry
                  .optionalLong("method")
                  .ifPresent(method -> {
                    member.method = method.intValue();
                    member.localMethod = method.intValue();
                  });
              if (!entry.optionalBoolean("utf8_flag").orElse(true)) {
                member.flags = 0;
                member.localFlags = 0;
              }
            });
      }
      default -> fail("unknown type in " + entry);
    }
  }

  @Test
  void hostileWheels() {
    for (var recipe : Conformance.cases("archives/recipes.json")) {
      if (!recipe.string("format").equals("wheel")) {
        continue;
      }
      var build = recipe.object("build");
      var wheel = TestWheel.of("p", "1");
      for (var file : build.stringMap("files").entrySet()) {
        // The recipes abbreviate these two to a letter; only what the recipe is about is unsound.
        if (!file.getValue().equals("M") && !file.getValue().equals("W")) {
          wheel.file(file.getKey(), file.getValue());
        }
      }
      build.strings("record_missing").forEach(wheel::unlisted);
      build
          .optionalObject("record_hash")
          .ifPresent(hashes ->
              hashes.members().keySet().forEach(path -> wheel.hash(path, hashes.string(path))));
      build
          .optionalString("record_algorithm")
          .ifPresent(algorithm ->
              build
                  .stringMap("files")
                  .keySet()
                  .forEach(path -> wheel.hash(path, algorithm + "=nQ6tsPJQcpFXLu1QK6nOtg")));
      build
          .optionalString("entry_points")
          .ifPresent(text -> wheel.metadata("entry_points.txt", text));
      var file = wheel.write(work);
      judge(
          recipe.string("name"),
          recipe.string("expect"),
          () -> {
            try (var archive = WheelArchive.open(file)) {
              archive.verify();
            }
          });
    }
  }

  private interface Action {
    void run() throws IOException;
  }

  private static void judge(String name, String expected, Action action) {
    Optional<ImageException> refusal;
    try {
      action.run();
      refusal = Optional.empty();
    } catch (ImageException e) {
      refusal = Optional.of(e);
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
    switch (expected) {
      case "extract" -> assertThat(refusal).as(name).isEmpty();
      case "reject" -> assertThat(refusal).as(name).isPresent();
      case "inside" ->
          refusal.ifPresent(
              e -> assertThat(e.problem().code().id()).as(name).isEqualTo("invalid-archive"));
      default -> fail(name + ": " + expected);
    }
    refusal.ifPresent(e -> {
      assertThat(e.problem().why()).as(name).isNotEmpty();
      assertThat(e.problem().hints()).as(name).isNotEmpty();
    });
  }

  @Test
  void pathsInsideAFolder() {
    for (var item : Conformance.cases("archives/within_directory.json")) {
      var directory = item.string("directory");
      var target = item.string("target");
      if (!target.startsWith(directory + "/")) {
        // Another folder, whatever its name begins with; no member can name it.
        continue;
      }
      var relative = target.substring(directory.length() + 1);
      var path = relative.endsWith("/") ? relative.substring(0, relative.length() - 1) : relative;
      if (!item.optionalBoolean("expect").orElseThrow()) {
        assertThat(ArchivePath.problem(path)).as(item.toString()).isPresent();
      } else if (!path.equals(".")) {
        assertThat(ArchivePath.problem(path)).as(item.toString()).isEmpty();
      }
    }
  }

  @Test
  void recordFiles() {
    for (var item : Conformance.cases("wheel/record_files.json")) {
      var text = String.join("\n", item.strings("lines"));
      if (item.optionalBoolean("expect_valid").orElseThrow()) {
        var record = WheelRecord.parse("test", text);
        var rows =
            item.array("expect").stream()
                .map(row ->
                    ((JsonValue.JsonArray) row)
                        .elements().stream()
                            .map(field -> ((JsonValue.JsonString) field).value())
                            .toList())
                .toList();
        assertThat(record.rows().stream().map(ArchiveConformanceTest::fields).toList())
            .isEqualTo(rows);
        assertThat(WheelRecord.parse("test", record.toString())).isEqualTo(record);
      } else {
        assertRefused(text, () -> WheelRecord.parse("test", text));
      }
    }
  }

  private static List<String> fields(WheelRecord.Row row) {
    return List.of(
        row.path(),
        row.algorithm() == null ? "" : row.algorithm() + "=" + row.hash(),
        row.sizeBytes() < 0 ? "" : Long.toString(row.sizeBytes()));
  }

  private static List<String> elements(JsonObject item, String name) {
    return item.array(name).stream()
        .map(element ->
            switch (element) {
              case JsonValue.JsonString(var text) -> text;
              case JsonValue.JsonNumber(var literal) -> literal;
              default -> "";
            })
        .toList();
  }

  @Test
  void recordRows() {
    for (var item : Conformance.cases("wheel/record_lines.json")) {
      var fields = elements(item, "elements");
      if (item.optionalBoolean("expect_valid").orElseThrow()) {
        var row = WheelRecord.Row.parse("test", fields);
        var expected = item.object("expect");
        assertThat(row.path()).isEqualTo(expected.string("path"));
        assertThat(fields(row).get(1)).isEqualTo(expected.optionalString("hash").orElse(""));
        assertThat(row.sizeBytes()).isEqualTo(expected.optionalLong("size").orElse(-1L));
      } else {
        assertRefused(fields.toString(), () -> WheelRecord.Row.parse("test", fields));
      }
    }
    for (var item : Conformance.cases("wheel/record_validate.json")) {
      var row = WheelRecord.Row.parse("test", elements(item, "row"));
      var content = item.string("data_latin1").getBytes(StandardCharsets.ISO_8859_1);
      assertThat(row.matches(Sha256.engine().digest(content), content.length))
          .as(item.toString())
          .isEqualTo(item.optionalBoolean("expect").orElseThrow());
    }
  }

  @Test
  void entryPoints() {
    for (var item : Conformance.cases("wheel/entry_point_lines.json")) {
      var scripts =
          EntryPoints.parse("test", "[console_scripts]\n" + unescaped(item.string("line")) + "\n")
              .scripts();
      var expected = item.stringMap("expect_console");
      assertThat(scripts).hasSize(1);
      var script = scripts.getFirst();
      assertThat(expected).containsEntry(script.name(), script.module() + ":" + script.attribute());
    }
    for (var item : Conformance.cases("wheel/entry_points_files.json")) {
      var scripts = EntryPoints.parse("test", item.string("text")).scripts();
      var actual =
          scripts.stream()
              .map(script ->
                  List.of(
                      script.name(),
                      script.module(),
                      script.attribute(),
                      script.isGui() ? "gui" : "console"))
              .toList();
      var expected =
          item.array("expect").stream()
              .map(row ->
                  ((JsonValue.JsonArray) row)
                      .elements().stream()
                          .map(field -> ((JsonValue.JsonString) field).value())
                          .toList())
              .toList();
      assertThat(actual).isEqualTo(expected);
    }
  }

  /// The suite writes names that are not ASCII with Python's escapes.
  private static String unescaped(String line) {
    return java.util.regex.Pattern.compile("\\\\u([0-9a-f]{4})")
        .matcher(line)
        .replaceAll(match -> Character.toString(Integer.parseInt(match.group(1), 16)));
  }

  @Test
  void directUrls() {
    for (var item : Conformance.cases("metadata/direct_url.json")) {
      var input = item.object("input");
      if (item.optionalBoolean("expect_valid").orElseThrow()) {
        var url = DirectUrl.of(input);
        // The scheme of a URL has no case; it is written in the lower one.
        assertThat(url.toJson()).isEqualTo(item.object("expect"));
        assertThat(DirectUrl.of(JsonReader.parseObject(url.toString(), "test"))).isEqualTo(url);
      } else {
        assertRefused(input.toString(), () -> DirectUrl.of(input));
      }
    }
  }

  private static void assertRefused(
      String what, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
    assertThatThrownBy(action)
        .as(what)
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> assertThat(e.problem().code().id()).isEqualTo("invalid-archive"));
  }
}
