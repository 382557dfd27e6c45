package dev.terroir.environment.pyproject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.EnvironmentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Dependencies in Poetry's own form")
class PoetryTest {
  @TempDir private Path folder;

  private PyProject project(String dependencies) throws IOException {
    var text = "[tool.poetry]\nname = \"x\"\n[tool.poetry.dependencies]\n" + dependencies;
    return PyProject.read(Files.writeString(folder.resolve("pyproject.toml"), text));
  }

  private List<String> lines(String dependencies, @Nullable String group) throws IOException {
    return project(dependencies).dependencies(group);
  }

  /// What poetry-core 2 makes of each.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ^1.2.3           | >=1.2.3,<2.0.0
          ^1.2             | >=1.2,<2.0
          ^1               | >=1,<2
          ^0.2.3           | >=0.2.3,<0.3.0
          ^0.0.3           | >=0.0.3,<0.0.4
          ^0.0             | >=0.0,<0.1
          ^0               | >=0,<1
          ^0.0.0           | >=0.0.0,<0.0.1
          ^v1.2            | >=1.2,<2.0
          ^0.24.0.post1    | >=0.24.0.post1,<0.25.0
          ^21.9b0          | >=21.9b0,<22.0
          ^3.3.4.20240106  | >=3.3.4.20240106,<4.0.0
          ^1.0.0rc1        | >=1.0.0rc1,<2.0.0
          ~1.2.3           | >=1.2.3,<1.3.0
          ~1.2             | >=1.2,<1.3
          ~1               | >=1,<2
          1.2.3            | ==1.2.3
          =1.2             | ==1.2
          1.2.*            | ==1.2.*
          !=1.2.*          | !=1.2.*
          >= 1.2, < 1.5    | >=1.2,<1.5
          >=1 <3           | >=1,<3
          ~=1.4.2          | ~=1.4.2
          """)
  void constraintsMeanTheSameToPip(String constraint, String specifiers) throws IOException {
    var wanted =
        PyProject.read(
                Files.writeString(
                    folder.resolve("plain.toml"),
                    "[project]\ndependencies = [\"a" + specifiers + "\"]\n"))
            .dependencies(null);
    assertThat(lines("a = \"" + constraint + "\"\n", null))
        .singleElement()
        .satisfies(
            line -> assertThat(specifiersOf(line)).isEqualTo(specifiersOf(wanted.getFirst())));
  }

  private static List<String> specifiersOf(String line) {
    return List.of(line.substring(1).split(",")).stream().sorted().toList();
  }

  @Test
  void anyVersionIsNoSpecifier() throws IOException {
    assertThat(lines("a = \"*\"\n", null)).containsExactly("a");
  }

  @Test
  void tablesSayMarkersExtrasAndPlaces() throws IOException {
    var text =
        """
        python = "^3.8"
        a = {version = "^1.2", extras = ["b", "c"], python = "<3.9"}
        d = {version = "*", platform = "linux"}
        e = {git = "https://host.example/e.git", tag = "v1"}
        f = {git = "https://host.example/f.git", rev = "abc", subdirectory = "py"}
        g = {url = "https://host.example/g-1.0-py3-none-any.whl"}
        h = [{version = "<2", python = "<3.9"}, {version = ">=2", python = ">=3.9"}]
        i = {version = "1.*", python = "~3.8 || ^3.10", markers = "os_name == 'posix'"}
        """;
    assertThat(lines(text, null))
        .containsExactly(
            "a[b,c]<2.0,>=1.2; python_version < \"3.9\"",
            "d; sys_platform == \"linux\"",
            "e @ git+https://host.example/e.git@v1",
            "f @ git+https://host.example/f.git@abc#subdirectory=py",
            "g @ https://host.example/g-1.0-py3-none-any.whl",
            "h<2; python_version < \"3.9\"",
            "h>=2; python_version >= \"3.9\"",
            "i==1.*; os_name == \"posix\" and (python_version >= \"3.8\" and python_version <"
                + " \"3.9\" or python_version >= \"3.10\" and python_version < \"4.0\")");
    assertThat(project(text).requiresPython()).contains(">=3.8,<4.0");
  }

  @Test
  void groupsAndExtrasAreAddedWhenTheyAreNamed() throws IOException {
    var text =
        """
        a = "1"
        b = {version = "2", optional = true}
        [tool.poetry.extras]
        more = ["b"]
        [tool.poetry.group.test.dependencies]
        c = "3"
        [tool.poetry.dev-dependencies]
        d = "4"
        """;
    assertThat(lines(text, null)).containsExactly("a==1");
    assertThat(lines(text, "more")).containsExactly("a==1", "b==2");
    assertThat(lines(text, "test")).containsExactly("a==1", "c==3");
    assertThat(lines(text, "dev")).containsExactly("a==1", "d==4");
    assertThat(refusals(text, "docs"))
        .singleElement()
        .asString()
        .contains("no dependency group or extra `docs`", "dev, more, test");
  }

  @Test
  void sourcesBecomeIndexesButForThoseOfSomePackagesOnly() throws IOException {
    var read =
        project(
            """
            a = "1"
            [[tool.poetry.source]]
            name = "ours"
            url = "https://host.example/simple"
            priority = "supplemental"
            [[tool.poetry.source]]
            name = "theirs"
            url = "https://other.example/simple"
            priority = "explicit"
            """);
    assertThat(read.dependencies(null))
        .containsExactly("--extra-index-url https://host.example/simple", "a==1");
    assertThat(read.warnings()).singleElement().asString().contains("other.example", ":11");
  }

  @Test
  void whatNoLineCanSayIsRefusedWithItsLine() {
    var text =
        """
        a = "^1 || ^2"
        b = {path = "../b"}
        c = "abc"
        d = {extras = ["x"]}
        e = {git = "https://user:hunter2@host.example/e.git"}
        """;
    assertThat(refusals(text, null))
        .satisfiesExactly(
            a -> assertThat(a).contains("pyproject.toml:4", "`^1 || ^2` of `a`"),
            b -> assertThat(b).contains("pyproject.toml:5", "`b` is a folder or file"),
            c -> assertThat(c).contains("pyproject.toml:6", "`abc` of `c`"),
            d -> assertThat(d).contains("pyproject.toml:7", "`d` has no version"),
            e -> assertThat(e).contains("pyproject.toml:8").doesNotContain("hunter2"));
  }

  private List<String> refusals(String dependencies, @Nullable String group) {
    return assertThatThrownBy(() -> lines(dependencies, group))
        .asInstanceOf(InstanceOfAssertFactories.throwable(EnvironmentException.class))
        .actual()
        .problems()
        .stream()
        .map(String::valueOf)
        .toList();
  }

  @Test
  void theyCountBesideAProjectTableThatLeavesThemToPoetry() throws IOException {
    var file =
        Files.writeString(
            folder.resolve("pyproject.toml"),
            """
            [project]
            name = "x"
            dynamic = ["dependencies"]
            [tool.poetry.dependencies]
            a = "^1"
            """);
    assertThat(PyProject.read(file).dependencies(null)).containsExactly("a<2,>=1");
  }
}
