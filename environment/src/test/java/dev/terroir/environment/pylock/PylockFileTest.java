package dev.terroir.environment.pylock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Conformance;
import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.Groups;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("pylock.toml (PEP 751): requirements that mean exactly its packages")
class PylockFileTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  @TempDir Path folder;

  private Path write(String text) {
    try {
      return Files.writeString(folder.resolve("pylock.toml"), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> lines(String text, @Nullable String group) {
    return PylockFile.read(write("lock-version = \"1.0\"\ncreated-by = \"test\"\n" + text))
        .requirements(Groups.of(group));
  }

  private List<String> lines(String text) {
    return lines(text, null);
  }

  private static String distributed(String name, String version, String more) {
    return """
    [[packages]]
    name = "%s"
    version = "%s"
    %s
    index = "https://index.example/simple"
    sdist = { url = "https://files.example/%s-%s.tar.gz", size = 1, hashes = { sha256 = "%s" } }
    wheels = [
      { url = "https://files.example/%s-%s-py3-none-any.whl", hashes = { sha256 = "%s" } },
    ]
    """
        .formatted(name, version, more, name, version, A, name, version, B);
  }

  @Test
  void aPackageOfAnIndexIsItsVersionWithTheHashesOfItsFiles() {
    assertThat(lines(distributed("alpha", "1.0", "")))
        .containsExactly("alpha==1.0 --hash=sha256:" + B + " --hash=sha256:" + A);
    assertThat(lines(distributed("alpha", "1.0", "marker = \"sys_platform == 'linux'\"")))
        .containsExactly(
            "alpha==1.0 ; sys_platform == 'linux' --hash=sha256:" + B + " --hash=sha256:" + A);
  }

  @Test
  void archivesRepositoriesAndDirectoriesAreNamedByTheirPlace() throws IOException {
    Files.createDirectories(folder.resolve("own project"));
    assertThat(
            lines(
                """
                [[packages]]
                name = "one"
                archive = { url = "https://files.example/one.zip", subdirectory = "python", hashes = { sha256 = "%s" } }
                [[packages]]
                name = "two"
                vcs = { type = "git", url = "https://host.example/two.git", requested-revision = "main", commit-id = "0a1b2c", subdirectory = "src" }
                [[packages]]
                name = "three"
                directory = { path = "own project", editable = true }
                [[packages]]
                name = "four"
                [[packages.wheels]]
                path = "wheels/four-2-py3-none-any.whl"
                hashes = { sha256 = "%s" }
                """
                    .formatted(A, B)))
        .containsExactly(
            "one @ https://files.example/one.zip#subdirectory=python --hash=sha256:" + A,
            "two @ git+https://host.example/two.git@0a1b2c#subdirectory=src",
            "three @ " + folder.resolve("own project").toUri(),
            "four @ "
                + folder.resolve("wheels/four-2-py3-none-any.whl").toUri()
                + " --hash=sha256:"
                + B);
  }

  @Test
  void defaultGroupsAreLeftOutWhenThatIsAsked() {
    var lock =
        PylockFile.read(
            write(
                "lock-version = \"1.0\"\ncreated-by = \"test\"\n"
                    + "dependency-groups = [\"docs\"]\ndefault-groups = [\"main\"]\n"
                    + distributed("alpha", "1", "marker = \"'main' in dependency_groups\"")
                    + distributed("docs", "1", "marker = \"'docs' in dependency_groups\"")));
    assertThat(lock.requirements(new Groups("docs", false)))
        .singleElement()
        .satisfies(line -> assertThat(line).startsWith("docs=="));
    assertThat(lock.requirements(new Groups("docs", true))).hasSize(2);
    assertThat(lock.requirements(new Groups(null, false))).isEmpty();
  }

  @Test
  void ofSeveralIndexesAllButTheMainOneAreTakenOverWithoutCredentials() {
    var all = distributed("alpha", "1", "") + distributed("beta", "1", "");
    assertThat(lines(all)).noneMatch(line -> line.startsWith("-"));
    var other = distributed("gamma", "1", "").replace("//index.", "//me:secret@wheels.example/");
    assertThat(lines(all + other))
        .startsWith("--extra-index-url https://wheels.example/example/simple")
        .hasSize(4)
        .noneMatch(line -> line.contains("secret") || line.contains("//index.example"));
  }

  @Test
  void severalWheelsBesideTheLockAreFoundInTheirFolder() {
    assertThat(
            lines(
                """
                [[packages]]
                name = "alpha"
                wheels = [
                  { path = "own wheels/alpha-1.0-cp311-cp311-win_amd64.whl", hashes = { sha256 = "%s" } },
                  { path = "own wheels/alpha-1.0-cp312-cp312-win_amd64.whl", hashes = { sha256 = "%s" } },
                ]
                """
                    .formatted(A, B)))
        .containsExactly(
            "--find-links " + folder.resolve("own wheels").toUri(),
            "alpha==1.0 --hash=sha256:" + A + " --hash=sha256:" + B);
  }

  @Test
  void groupsAndExtrasAreChosenAndWhatTheMachineDecidesStays() {
    var text =
        "extras = [\"gpu\"]\ndependency-groups = [\"dev\", \"docs\"]\ndefault-groups = [\"dev\"]\n"
            + distributed("always", "1", "")
            + distributed("dev", "1", "marker = '\"dev\" in dependency_groups'")
            + distributed("docs", "1", "marker = \"'docs' in dependency_groups\"")
            + distributed(
                "gpu",
                "1",
                "marker = \"sys_platform == 'linux' and ('gpu' in extras or python_version <"
                    + " '3')\"");
    assertThat(names(lines(text))).containsExactly("always", "dev", "gpu");
    assertThat(lines(text).getLast())
        .startsWith("gpu==1 ; sys_platform == 'linux' and python_version < '3' --hash");
    assertThat(names(lines(text, "docs"))).containsExactly("always", "dev", "docs", "gpu");
    assertThat(lines(text, "GPU").getLast()).startsWith("gpu==1 ; sys_platform == 'linux' --hash");
    assertThatThrownBy(() -> lines(text, "none"))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e -> assertThat(e.problem().render()).contains("`none`", "name one of dev, docs, gpu"));
  }

  private static List<String> names(List<String> lines) {
    return lines.stream().map(line -> line.split("[ =]", 2)[0]).toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          'a' in extras                                    | never
          'a' not in extras                                |
          'x' in extras                                    |
          'x' in extras and os_name == 'nt'                | os_name == 'nt'
          'a' in extras or os_name == 'nt'                 | os_name == 'nt'
          extra == 'x' and (os_name == 'nt' or os_name=='posix') | os_name == 'nt' or os_name == 'posix'
          (os_name == 'nt' or os_name == 'java') and python_version not  in '2.7' | (os_name == 'nt' or os_name == 'java') and python_version not in '2.7'
          'x' not in dependency_groups and os_name == 'nt' | never
          """)
  void aMarkerIsLeftWithWhatTheChoiceDoesNotDecide(String marker, @Nullable String left) {
    var found = LockedMarker.left(marker, name -> name.equals("x"));
    if ("never".equals(left)) {
      assertThat(found).isEmpty();
    } else {
      assertThat(found).contains(left == null ? "" : left);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          packages = []                                                    | has no `lock-version`
          lock-version = "2.0";packages = []                               | `2.0` of the format
          lock-version = "1.0"                                             | no list `packages`
          lock-version = "1.0";packages = ["a"]                            | must be a table
          lock-version = "1.0";[[packages]];version = "1"                  | has no `name`
          lock-version = "1.0";[[packages]];name = "a";version = "1"       | neither wheels nor
          lock-version = "1.0";[[packages]];name = "a";vcs = { type = "hg", url = "https://h/x", commit-id = "1" } | not git
          lock-version = "1.0";[[packages]];name = "a";directory = { path = "gone" } | is not there
          lock-version = "1.0";[[packages]];name = "a";wheels = [{ url = "https://h/a-1-py3-none-any.whl" }] | has no `hashes`
          lock-version = "1.0";[[packages]];name = "a";wheels = [{ url = "https://h/b-1-py3-none-any.whl", hashes = { sha256 = "0" } }] | no wheel of `a`
          lock-version = "1.0";[[packages]];name = "a";archive = { url = "https://u:p@h/a.zip", hashes = { sha256 = "0" } } | password or token
          lock-version = "1.0";[[packages]];name = "a";marker = "os_name = 1";archive = { url = "https://h/a.zip", hashes = { sha256 = "0" } } | is no marker
          lock-version = "1.0";a = [                                       | not valid TOML
          """)
  void whatIsNotSoundIsRefusedWithItsPlace(String text, String expected) {
    assertThatThrownBy(() ->
            PylockFile.read(write(text.replace(';', '\n') + "\n")).requirements(Groups.of(null)))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e ->
                assertThat(e.problem().render())
                    .contains(expected, folder.resolve("pylock.toml").toString()));
  }

  @Test
  void theRulesAreThoseOfTheReferenceImplementation() {
    var wrong = new ArrayList<String>();
    var cases = Conformance.cases("pylock/validate.json");
    for (var item : cases) {
      var isValid = item.optionalBoolean("expect_valid").orElseThrow();
      try {
        PylockFile.read(write(toml(item.object("pylock")))).requirements(Groups.of(null));
        if (!isValid) {
          wrong.add("accepted: " + item.optionalString("expect_error").orElse(""));
        }
      } catch (TerroirException e) {
        if (isValid) {
          wrong.add("refused: " + e.problem().render());
        }
      }
    }
    assertThat(cases).isNotEmpty();
    assertThat(wrong).isEmpty();
  }

  @Test
  void theDefaultGroupsOfRealChoicesAreTheReferenceImplementations() throws IOException {
    for (var name : List.of("foo", "foo-dev", "foo-docs", "foo-feat1", "foo-feat2", "pkga")) {
      Files.createDirectories(folder.resolve(name));
    }
    var seen = 0;
    for (var item : Conformance.cases("pylock/select.json")) {
      var arguments = item.object("args");
      var pylock = item.object("pylock");
      var isDefault =
          !(arguments.get("dependency_groups").orElse(null) instanceof JsonValue.JsonArray);
      var extras = arguments.strings("extras");
      if (!pylock.has("extras") || !isDefault || extras.size() > 1) {
        continue;
      }
      var expected = item.objects("expect").stream().map(it -> it.string("package")).toList();
      var found =
          PylockFile.read(write(toml(pylock)))
              .requirements(Groups.of(extras.isEmpty() ? null : extras.getFirst()));
      assertThat(names(found)).isEqualTo(expected);
      seen++;
    }
    assertThat(seen).isPositive();
  }

  @Test
  void everyRealFileIsReadOrRefusedForWhatItNames() {
    var refused = new ArrayList<String>();
    var files = Conformance.files("pylock");
    for (var item : files) {
      try {
        var environment =
            Environment.fromFileAlone(
                "e",
                item.file(),
                Groups.of(null),
                dev.terroir.foundation.home.Settings.system(),
                _ -> {});
        assertThat(environment.condaDependencies().orElseThrow().pipLines()).isNotEmpty();
      } catch (TerroirException e) {
        refused.add(item.file().getFileName() + ": " + e.problem().what());
        assertThat(e.problem().render()).contains(item.file().toString());
      }
    }
    assertThat(files).isNotEmpty();
    // Two name directories that lie elsewhere, or have no version of the format.
    assertThat(refused).hasSizeLessThanOrEqualTo(2);
  }

  private static String toml(JsonObject object) {
    return object.members().entrySet().stream()
        .map(entry -> key(entry.getKey()) + " = " + value(entry.getValue()))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private static String key(String name) {
    return "\"" + name + "\"";
  }

  private static String value(JsonValue value) {
    return switch (value) {
      case JsonObject table ->
          table.members().entrySet().stream()
              .map(entry -> key(entry.getKey()) + " = " + value(entry.getValue()))
              .collect(Collectors.joining(", ", "{ ", " }"));
      case JsonValue.JsonArray list ->
          list.elements().stream()
              .map(PylockFileTest::value)
              .collect(Collectors.joining(", ", "[", "]"));
      case JsonValue.JsonString(var text) -> key(text.replace("\\", "\\\\").replace("\"", "\\\""));
      case JsonValue.JsonNumber(var number) -> number;
      case JsonValue.JsonBoolean(var truth) -> String.valueOf(truth);
      case JsonValue.JsonNull() -> throw new IllegalArgumentException("TOML has no null");
    };
  }
}
