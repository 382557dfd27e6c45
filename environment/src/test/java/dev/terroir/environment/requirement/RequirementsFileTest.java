package dev.terroir.environment.requirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Conformance;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Requirements File Format (pip)")
class RequirementsFileTest {
  private static List<String> lines(String text) {
    return RequirementsFile.parse(text, "r.txt").pipLines();
  }

  private static EnvironmentException refusal(String text) {
    try {
      var read = RequirementsFile.parse(text, "r.txt");
      throw new AssertionError("accepted: " + read);
    } catch (EnvironmentException e) {
      return e;
    }
  }

  @Test
  void everyRecordedTextSplitsIntoTheSameLines() {
    var wrong = new ArrayList<String>();
    var cases = Conformance.cases("requirements_txt/preprocess.json");
    for (var item : cases) {
      var expected = new JsonValue.JsonArray(item.array("expect"));
      if (expected.toString().contains("notarealtoken")) {
        continue; // What pip puts in from the environment stays a variable here.
      }
      var found = new ArrayList<JsonValue>();
      for (var line : LogicalLine.split(item.string("text"))) {
        found.add(
            new JsonValue.JsonArray(
                List.of(JsonValue.of(line.number()), JsonValue.of(line.text()))));
      }
      if (!new JsonValue.JsonArray(found).equals(expected)) {
        wrong.add(item.string("text") + " gave " + found + ", not " + expected);
      }
    }
    System.err.println("preprocess: " + cases.size() + " cases, wrong " + wrong.size());
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyRecordedLineReadsAsPipReadsIt() {
    var refused = new ArrayList<String>();
    var cases = Conformance.cases("requirements_txt/split_options.json");
    for (var item : cases) {
      var line = item.string("line");
      try {
        assertThat(String.join(" ", lines(line)).replace("=", " "))
            .as(line)
            .isEqualTo(line.replace("'url'", "url").replace("=", " "));
      } catch (EnvironmentException e) {
        assertThat(e.problem().where().getFirst().text()).startsWith("r.txt:1:");
        refused.add(line);
      }
    }
    System.err.println("split_options: " + cases.size() + " cases, refused " + refused);
    // Other files, editable sources, and what pip does not take either.
    assertThat(refused)
        .allMatch(line ->
            line.matches(
                "-[erc] .*|--(bogus|option|'data|use-feature=resolvelib)|arg"
                    + " arg.*|my-package=1.0"));
  }

  @Test
  void everyRecordedRequirementIsCarriedAsItIs() {
    for (var item : Conformance.cases("requirements_txt/lines.json")) {
      var expected = item.get("expect").orElseThrow();
      if (!(expected instanceof JsonObject wanted)) {
        continue; // Only options, which come without their text.
      }
      var line = new StringBuilder(wanted.string("requirement"));
      wanted
          .object("options")
          .optionalObject("hashes")
          .ifPresent(hashes ->
              hashes
                  .members()
                  .keySet()
                  .forEach(algorithm ->
                      hashes
                          .strings(algorithm)
                          .forEach(hash -> line.append(" --hash=" + algorithm + ":" + hash))));
      try {
        assertThat(lines(line.toString())).containsExactly(line.toString());
      } catch (EnvironmentException e) {
        // pip itself refuses the first when it installs it; the second would print a secret.
        assertThat(line.toString()).matches("[a-z-]+=[0-9.]+|https://[^/]*:[^/]*@.*");
      }
    }
  }

  @Test
  void everyRecordedFileGivesTheSameRequirements(@TempDir Path folder) throws IOException {
    for (var item : Conformance.cases("requirements_txt/files.json")) {
      var text = item.string("text");
      var expected =
          item.has("expect") && item.get("expect").orElseThrow() instanceof JsonValue.JsonArray
              ? item.objects("expect")
              : List.<JsonObject>of();
      // The files that it includes are not recorded, only what came of them.
      var including = Pattern.compile("-[rc] (\\S+)").matcher(text);
      for (int i = 0; including.find(); i++) {
        Files.writeString(
            folder.resolve(including.group(1)), expected.get(i).string("requirement"));
      }
      var file = Files.writeString(folder.resolve("requirements.txt"), text);
      try {
        var read = RequirementsFile.read(file);
        assertThat(item.optionalString("expect_error")).as(text).isEmpty();
        var found =
            read.lines().stream()
                .filter(line -> line.kind() != RequirementsFile.Kind.OPTION)
                .toList();
        assertThat(found).as(text).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
          var wanted = expected.get(i);
          assertThat(found.get(i).text()).startsWith(wanted.string("requirement"));
          assertThat(found.get(i).kind() == RequirementsFile.Kind.CONSTRAINT)
              .isEqualTo(wanted.optionalBoolean("constraint").orElseThrow());
          var hashes = wanted.object("options").optionalObject("hashes");
          assertThat(found.get(i).text().contains("--hash=")).isEqualTo(hashes.isPresent());
        }
      } catch (EnvironmentException e) {
        assertThat(item.optionalString("expect_error")).as(text).isPresent();
      }
    }
  }

  @Test
  void aCommentEndsAContinuation() {
    assertThat(lines("a \\\n# note\nb")).containsExactly("a", "b");
    assertThat(lines("a==\\\n1.0 \\\n  --hash=sha256:ab # note"))
        .containsExactly("a==1.0 --hash=sha256:ab");
    assertThat(lines("https://host/x.zip#egg=x")).containsExactly("https://host/x.zip#egg=x");
  }

  @Test
  void everyProblemPointsIntoItsOwnLine() {
    var problems = refusal("a=1\n  b \\\n    !=x # https://host/\n--wrong\n").problems();
    assertThat(problems.stream().map(problem -> problem.where().getFirst().text()))
        .containsExactly("r.txt:1:2", "r.txt:3:5", "r.txt:4:1");
    assertThat(problems.get(1).where().getFirst().excerpt()).isEqualTo("    !=x");
    assertThat(problems.getFirst().hints().getFirst()).contains("`a==1`");
  }

  @Test
  void optionsStandOneALine() {
    assertThat(lines("--index-url='https://host/a' --trusted-host host --pre\n-fwheels\n"))
        .containsExactly("--index-url https://host/a", "--trusted-host host", "--pre", "-f wheels");
    assertThat(lines("--all-releases :all:\n--find-links \"my wheels\""))
        .containsExactly("--all-releases :all:", "--find-links \"my wheels\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--no-deps | is no option of a requirements file",
        "--requirements a.txt | write `--requirement`",
        "--use-wheel | any more",
        "--index-url | needs a value",
        "--pre=1 | takes no value",
        "--use-feature=fast-dep | `--use-feature fast-deps`",
        "a --bogus | is no option of a single requirement",
        "a --hash=md5:00 | is no hash",
        "a --hash | needs a value",
        "-e https://host/x.git | write `git+`",
        "-e git+git@host:x.git | neither a checkout",
        "a==${VERSION} | another on each machine",
        "-e . | editable",
        "./folder | source directory",
        "-c c.txt | cannot be read from here",
        "-r other.txt | cannot be read from here"
      })
  void whatCannotBeCarriedIsRefusedWithAReason(String line, String reason) {
    assertThat(refusal("ok\n" + line).problem().render()).contains("r.txt:2:", reason);
  }

  @Test
  void archivesBesideTheFileKeepExtrasMarkersAndHashes(@TempDir Path folder) throws IOException {
    Files.createFile(folder.resolve("one-1.0-py3-none-any.whl"));
    var file =
        Files.writeString(
            folder.resolve("r.txt"),
            """
            one-1.0-py3-none-any.whl --hash=sha256:ab
            ./one-1.0-py3-none-any.whl[all]
            ./one-1.0-py3-none-any.whl ; os_name == "posix"
            """);
    var url = folder.resolve("one-1.0-py3-none-any.whl").toUri();
    assertThat(RequirementsFile.read(file).pipLines())
        .containsExactly(
            url + " --hash=sha256:ab",
            "one[all] @ " + url,
            "one @ " + url + " ; os_name == \"posix\"");
  }

  @Test
  void includedFilesStandInTheirPlaceAndCirclesAreRefused(@TempDir Path folder) throws IOException {
    Files.createDirectory(folder.resolve("sub"));
    Files.writeString(folder.resolve("sub/b.txt"), "b\n-r ../c.txt\n");
    Files.writeString(folder.resolve("c.txt"), "c\n");
    var a = Files.writeString(folder.resolve("a.txt"), "a\n-r 'sub/b.txt'\n-r c.txt\nd\n");
    assertThat(RequirementsFile.read(a).pipLines()).containsExactly("a", "b", "c", "d");
    Files.writeString(folder.resolve("c.txt"), "-r a.txt\n");
    assertThatThrownBy(() -> RequirementsFile.read(a))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e -> assertThat(e.problem().render()).contains("c.txt:1:1", "circle"));
  }

  @Test
  void constraintsAreKeptApartAndRelativeToTheirFile(@TempDir Path folder) throws IOException {
    Files.createDirectory(folder.resolve("sub"));
    Files.writeString(
        folder.resolve("sub/c.txt"),
        """
        numpy<2 ; python_version < "3.13"
        -c d.txt
        -r r.txt
        --extra-index-url https://host/simple
        pinned==1 --hash=sha256:ab
        other @ https://host/other-1.0-py3-none-any.whl
        """);
    Files.writeString(folder.resolve("sub/d.txt"), "scipy\nnumpy<2 ; python_version < \"3.13\"\n");
    Files.writeString(folder.resolve("sub/r.txt"), "asked-for\n");
    var file = Files.writeString(folder.resolve("r.txt"), "numpy\n--constraint=sub/c.txt\nz\n");
    var read = RequirementsFile.read(file);
    assertThat(read.pipLines())
        .containsExactly("numpy", "asked-for", "--extra-index-url https://host/simple", "z");
    assertThat(read.constraints())
        .containsExactly(
            "numpy<2 ; python_version < \"3.13\"",
            "scipy",
            "pinned==1 --hash=sha256:ab",
            "other @ https://host/other-1.0-py3-none-any.whl");
    for (var line :
        List.of(
            "numpy[x]<2 | has extras",
            "https://host/x-1.0-py3-none-any.whl | has no name",
            "./x | has no name",
            "numpy=1 | `numpy==1`",
            "-c c.txt | circle",
            "-c gone.txt | not there",
            "-c ftp://host/c.txt | http and https")) {
      Files.writeString(folder.resolve("sub/c.txt"), "ok\n" + line.split(" \\| ")[0] + "\n");
      assertThatThrownBy(() -> RequirementsFile.read(file))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e ->
                  assertThat(e.problem().render())
                      .contains("sub/c.txt:2:", line.split(" \\| ")[1]));
    }
  }

  @Test
  void sourceDirectoriesBecomeUrlsWithTheNameOfTheirProject(@TempDir Path folder)
      throws IOException {
    for (var name : List.of("one", "two", "three.whl", "empty")) {
      Files.createDirectory(folder.resolve(name));
    }
    Files.writeString(folder.resolve("one/pyproject.toml"), "[project]\nname = \"first\"\n");
    Files.writeString(folder.resolve("two/setup.cfg"), "[metadata]\nversion = 1\nname = second\n");
    Files.writeString(folder.resolve("two/setup.py"), "");
    Files.writeString(folder.resolve("three.whl/setup.py"), "");
    var file =
        Files.writeString(
            folder.resolve("r.txt"),
            """
            ./one
            -e one[a,b]
            --editable=./two/../two
            ./two[x] ; os_name == "posix"
            three.whl/
            -e file://%s
            first @ %s
            """
                .formatted(folder.resolve("one"), folder.resolve("one").toUri()));
    var read = RequirementsFile.read(file);
    var one = folder.resolve("one").toUri();
    var two = folder.resolve("two").toUri();
    assertThat(read.pipLines())
        .containsExactly(
            "first @ " + one,
            "first[a,b] @ " + one,
            "second @ " + two,
            "second[x] @ " + two + " ; os_name == \"posix\"",
            folder.resolve("three.whl").toUri().toString());
    assertThat(read.warnings())
        .hasSize(6)
        .anySatisfy(
            warning -> assertThat(warning).contains("r.txt:2:1", "`-e one[a,b]` is not installed"));
    for (var line :
        List.of(
            "./gone | is not there",
            "-e gone | is not there",
            "./empty | neither a pyproject.toml nor a setup.py",
            "./three.whl[x] | its project's name is not known")) {
      Files.writeString(file, "ok\n" + line.split(" \\| ")[0] + "\n");
      assertThatThrownBy(() -> RequirementsFile.read(file))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> assertThat(e.problem().render()).contains("r.txt:2:1", line.split(" \\| ")[1]));
    }
  }

  @Test
  void filesThatIncludeEachOtherTwiceEnd(@TempDir Path folder) throws IOException {
    for (int i = 0; i < 18; i++) {
      var next = "-r " + (i + 1) + ".txt\n";
      Files.writeString(folder.resolve(i + ".txt"), next + next);
    }
    Files.writeString(folder.resolve("18.txt"), "a\n");
    assertThatThrownBy(() -> RequirementsFile.read(folder.resolve("0.txt")))
        .hasMessageContaining("500 files");
  }

  @Test
  void textInAnotherEncodingIsRefusedAtItsLine(@TempDir Path folder) throws IOException {
    var file = folder.resolve("r.txt");
    Files.write(file, "a\nb # caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> RequirementsFile.read(file))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e -> assertThat(e.problem().render()).contains("r.txt:2:8", "UTF-8"));
    Files.write(file, "\ufeffa\n".getBytes(StandardCharsets.UTF_16LE));
    assertThat(RequirementsFile.read(file).pipLines()).containsExactly("a");
    Files.write(file, "\ufeffa\n".getBytes(StandardCharsets.UTF_8));
    assertThat(RequirementsFile.read(file).pipLines()).containsExactly("a");
  }
}
