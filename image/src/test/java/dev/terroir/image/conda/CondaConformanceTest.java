package dev.terroir.image.conda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.conda.CondaFileName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.image.Conformance;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Conda packages as other projects' suites judge them")
class CondaConformanceTest {
  @TempDir Path work;

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @Test
  void noarchFilesGoToTheSitePackagesOfTheInterpreter() {
    for (var one : Conformance.cases("conda_link/noarch_paths.json")) {
      assertThat(PythonPlaces.place(one.string("path"), one.string("site_packages")))
          .isEqualTo(one.string("expect"));
    }
  }

  @Test
  void entryPointsAreNamesOfFilesAndIdentifiers() {
    for (var one : Conformance.cases("conda_link/entry_points.json")) {
      var found = EntryPoint.parse(one.string("input"));
      assertThat(found.isPresent())
          .as(one.toString())
          .isEqualTo(one.optionalBoolean("expect_valid").orElseThrow());
      found.ifPresent(point ->
          assertThat(List.of(point.command(), point.module(), point.function()))
              .isEqualTo(one.strings("expect")));
    }
  }

  @Test
  void scriptsBeginWithTheirInterpreter() {
    for (var one : Conformance.cases("conda_link/entry_point_shebang.json")) {
      assertThat(EntryPoint.shebang(one.string("executable"))).isEqualTo(one.string("expect"));
    }
  }

  @Test
  void longFirstLinesAreShortened() {
    for (var one : Conformance.cases("conda_link/long_shebang.json")) {
      assertThat(latin1(PrefixReplacement.shortened(latin1(one.string("data_latin1")))))
          .isEqualTo(one.string("expect_latin1"));
    }
  }

  @Test
  void placeholdersAreReplaced() throws Exception {
    for (var one : Conformance.cases("conda_link/prefix_replacement.json")) {
      var mode = PrefixReplacement.Mode.parse(one.string("mode")).orElseThrow();
      var data = latin1(one.string("data_latin1"));
      if (one.has("expect_error")) {
        assertThatThrownBy(() ->
                PrefixReplacement.replace(
                    data, mode, one.string("placeholder"), one.string("prefix")))
            .as(one.toString())
            .isInstanceOf(PrefixReplacement.NoRoom.class);
      } else {
        assertThat(
                latin1(
                    PrefixReplacement.replace(
                        data, mode, one.string("placeholder"), one.string("prefix"))))
            .as(one.toString())
            .isEqualTo(one.string("expect_latin1"));
      }
    }
  }

  @Test
  void byteCodeLiesWhereTheInterpreterLooks() {
    for (var one : Conformance.cases("conda_link/pyc_paths.json")) {
      assertThat(PythonPlaces.byteCode(one.string("path"), one.string("python")))
          .isEqualTo(one.string("expect"));
    }
  }

  /// Conda leaves the dot in `3..11`, a mistake that is not repeated here.
  @Test
  void versionsAreFound() {
    for (var one : Conformance.cases("conda_link/major_minor.json")) {
      assertThat(PythonPlaces.majorMinor(one.string("input")).orElse(null))
          .isEqualTo(one.optionalString("expect").map(it -> it.replace("..", ".")).orElse(null));
    }
  }

  @Test
  void fileNamesAreTakenApart() {
    for (var one : Conformance.cases("conda/package_filenames.json")) {
      var fileName = one.string("filename");
      assertThat(CondaFileName.extensionOf(fileName))
          .isEqualTo(one.optionalString("expect_extension"));
      if (one.has("expect")) {
        var expected = one.optionalObject("expect");
        assertThat(CondaFileName.parse(fileName).map(CondaFileName::name))
            .isEqualTo(expected.map(it -> it.string("name")));
        assertThat(CondaFileName.parse(fileName).map(CondaFileName::version))
            .isEqualTo(expected.map(it -> it.string("version")));
        assertThat(CondaFileName.parse(fileName).map(CondaFileName::build))
            .isEqualTo(expected.map(it -> it.string("build")));
      }
    }
  }

  /// What a package holds, member by member, in the words of the data.
  private static final class Members implements CondaArchive.Visitor {
    private final TreeMap<String, String> found = new TreeMap<>();

    @Override
    public void file(PackagePath path, int mode, long sizeBytes, InputStream bytes)
        throws IOException {
      found.put(
          path.path(),
          "file 0o%o %d %s".formatted(mode, sizeBytes, Sha256.of(bytes.readAllBytes()).hex()));
    }

    @Override
    public void symbolicLink(PackagePath path, String target) {
      found.put(path.path(), "symlink " + target);
    }

    @Override
    public void hardLink(PackagePath path, PackagePath target) {
      found.put(path.path(), "hardlink " + target.path());
    }
  }

  private static TreeMap<String, String> expected(JsonObject one) {
    var found = new TreeMap<String, String>();
    for (var part : List.of("pkg", "all")) {
      for (var member : one.object("members").objects(part)) {
        var path = member.string("path");
        if (!path.startsWith("info") && !member.string("type").equals("dir")) {
          found.put(
              path,
              member.string("type").equals("file")
                  ? "file %s %d %s"
                      .formatted(
                          member.string("mode"), member.longValue("size"), member.string("sha256"))
                  : member.string("type") + " " + member.string("link"));
        }
      }
    }
    return found;
  }

  private static JsonObject index(JsonObject one) {
    return java.util.stream.Stream.of("info", "all")
        .flatMap(part -> one.object("members").objects(part).stream())
        .filter(member -> member.string("path").equals("info/index.json"))
        .map(member -> member.object("json"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void smallPackagesAreReadMemberByMember() throws IOException {
    int count = 0;
    for (var one : Conformance.cases("conda_packages/packages.json")) {
      var file = Conformance.root().resolve("conda_packages/files").resolve(one.string("file"));
      if (one.has("expect_error")) {
        assertThatThrownBy(() -> read(file)).as(file.toString()).isInstanceOf(ImageException.class);
        continue;
      }
      try (var archive = CondaArchive.open(file, one.string("file"), work)) {
        var index = index(one);
        assertThat(archive.info().name()).isEqualTo(index.string("name"));
        assertThat(archive.info().version()).isEqualTo(index.string("version"));
        assertThat(archive.info().build()).isEqualTo(index.string("build"));
        var members = new Members();
        archive.read(members);
        assertThat(members.found).as(one.string("file")).isEqualTo(expected(one));
        count++;
      }
    }
    assertThat(count).isPositive();
  }

  private TreeMap<String, String> read(Path file) throws IOException {
    try (var archive = CondaArchive.open(file, String.valueOf(file.getFileName()), work)) {
      var members = new Members();
      archive.read(members);
      return members.found;
    }
  }

  /// Every refusal of a package from the field has its reason here.
  @Test
  void packagesOfTheFieldAreReadOrRefusedWithAReason() throws IOException {
    var refused = new TreeMap<String, String>();
    var count = 0;
    for (var file : packages()) {
      try {
        read(file);
        count++;
      } catch (ImageException e) {
        assertThat(e.problem().what()).contains(String.valueOf(file.getFileName()));
        refused.put(
            String.valueOf(file.getFileName()),
            e.problem().where() + " " + String.join("; ", e.problem().why()));
      }
    }
    // Those of conda-verify are broken on purpose, as are some fixtures of conda-index, and two
    // copies of zlib lost where their links lead.
    assertThat(refused.values()).noneMatch(String::isBlank);
    assertThat(count).isGreaterThan(refused.size());
  }

  @Test
  void hostilePackages() throws Exception {
    int count = 0;
    for (var recipe : Conformance.cases("archives/recipes.json")) {
      if (!recipe.string("format").equals("conda")) {
        continue;
      }
      count++;
      var parts = recipe.object("build").object("conda");
      var item = TestConda.of("recipe", String.valueOf(count), "0");
      var prefix = parts.optionalString("prefix").orElse("/opt/env");
      parts.stringMap("pkg").forEach(item::file);
      parts.stringMap("link").forEach(item::link);
      parts
          .optionalString("binary_placeholder")
          .ifPresent(placeholder ->
              item.prefixed(
                  "bin/tool", "binary", placeholder, latin1("x\0" + placeholder + "/lib\0")));
      if (!parts.stringMap("info").isEmpty()) {
        item.without("index.json");
      }
      var extra = parts.stringMap("extra").keySet();
      var file =
          item.zip(names -> java.util.stream.Stream.concat(names.stream(), extra.stream()).toList())
              .write(work, ".conda");
      if (recipe.string("expect").equals("reject")) {
        assertThatThrownBy(() -> install(file, prefix)).as(recipe.string("name")).isNotNull();
      } else {
        // Either way nothing is outside: what is read has safe paths and links.
        try {
          install(file, prefix);
        } catch (ImageException e) {
          assertThat(e.problem().what()).contains(String.valueOf(file.getFileName()));
        }
      }
    }
    assertThat(count).isPositive();
  }

  private void install(Path file, String prefix) throws Exception {
    try (var archive = CondaArchive.open(file, String.valueOf(file.getFileName()), work)) {
      for (var path : archive.paths().values()) {
        if (path.placeholder() != null && path.mode() != null) {
          PrefixReplacement.apply(
              latin1("x\0" + path.placeholder() + "/lib\0"),
              path.mode(),
              path.placeholder(),
              prefix);
        }
      }
      archive.read(new Members());
    }
  }

  private static List<Path> packages() throws IOException {
    var found = new ArrayList<Path>();
    try (var files = Files.walk(Conformance.root().resolve("conda-packages"))) {
      files
          .filter(file -> CondaFileName.extensionOf(String.valueOf(file)).isPresent())
          .sorted()
          .forEach(found::add);
    }
    return found;
  }

  /// Nothing ends the reader but a refusal, wherever a package is cut or changed.
  @Test
  void damagedPackagesAreRefused() throws IOException {
    for (var file : packages()) {
      if (Files.size(file) == 0 || Files.size(file) > 4000) {
        continue;
      }
      var bytes = Files.readAllBytes(file);
      for (int i = 1; i < 8; i++) {
        var cut = work.resolve("cut");
        Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length * i / 8));
        assertThatThrownBy(() -> read(cut))
            .as(file + " cut at " + i)
            .isInstanceOf(ImageException.class);
        var changed = bytes.clone();
        changed[bytes.length * i / 8] ^= (byte) 0x55;
        var flipped = Files.write(work.resolve("flipped"), changed);
        assertThatCode(
                () -> {
                  try {
                    read(flipped);
                  } catch (ImageException e) {
                    // As it should be; some bytes, such as times, mean nothing.
                  }
                })
            .as(file + " changed at " + i)
            .doesNotThrowAnyException();
      }
    }
  }
}
