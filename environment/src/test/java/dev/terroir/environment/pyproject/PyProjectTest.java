package dev.terroir.environment.pyproject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Conformance;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Declaring project metadata, Dependency Groups (Python packaging)")
class PyProjectTest {
  @TempDir private Path folder;

  private List<String> dependencies(String text, @Nullable String group) throws IOException {
    var file = Files.writeString(folder.resolve("pyproject.toml"), text);
    return PyProject.read(file).dependencies(group);
  }

  private List<String> refusals(String text, @Nullable String group) throws IOException {
    try {
      return List.of("accepted " + dependencies(text, group));
    } catch (EnvironmentException e) {
      return e.problems().stream().map(problem -> problem.render()).toList();
    }
  }

  // The tables of the cases are JSON, whose values TOML writes alike but for `:`.
  private static String toml(JsonValue value) {
    return JsonWriter.compact(value).replace("\":", "\" = ");
  }

  @Test
  void everyRecordedTableResolvesAsExpected() throws IOException {
    var cases = Conformance.cases("metadata/dependency_groups.json");
    for (var item : cases) {
      var text = new StringBuilder("[dependency-groups]\n");
      var groups = item.object("groups");
      for (var name : groups.members().keySet()) {
        text.append(name).append(" = ").append(toml(groups.get(name).orElseThrow())).append('\n');
      }
      var error = item.get("expect_error").filter(JsonObject.class::isInstance);
      var found = new ArrayList<String>();
      try {
        for (var name : item.strings("names")) {
          found.addAll(dependencies(text.toString(), name));
        }
        assertThat(error).as(text.toString()).isEmpty();
        assertThat(found).isEqualTo(item.strings("expect"));
      } catch (EnvironmentException e) {
        assertThat(error).as(e.problem().render()).isPresent();
      }
    }
  }

  @Test
  void everyProblemIsToldWithItsLine() throws IOException {
    var text =
        """
        [project]
        dependencies = [
          "a=1",
          7,
          "b @ https://me:hunter2@host/b.whl",
        ]
        [dependency-groups]
        all = [{}, "this is no requirement!", {include-group = "none"}]
        """;
    var refusals = refusals(text, "all");
    assertThat(refusals).hasSize(6).noneMatch(refusal -> refusal.contains("hunter2"));
    assertThat(refusals.get(0)).contains("pyproject.toml:3", "a=1");
    assertThat(refusals.get(1)).contains("pyproject.toml:4");
    assertThat(refusals.get(2)).contains("pyproject.toml:5", "secret-in-definition");
    assertThat(refusals.subList(3, 6)).allMatch(refusal -> refusal.contains("pyproject.toml:8"));
  }

  @Test
  void extrasOfTheProjectItselfAreThoseOfTheFile() throws IOException {
    var text =
        """
        [project]
        name = "My.Project"
        dependencies = ["my_project[fast]", "a"]
        [project.optional-dependencies]
        fast = ["b>1", "c; os_name == 'posix'"]
        all = ["my-project[fast,all] ; python_version > '3.9'", "d"]
        """;
    assertThat(dependencies(text, null)).containsExactly("b>1", "c; os_name == 'posix'", "a");
    assertThat(dependencies(text, "all"))
        .containsExactly(
            "b>1",
            "c; os_name == 'posix'",
            "a",
            "b>1; python_version > \"3.9\"",
            "c; (os_name == \"posix\") and (python_version > \"3.9\")",
            "d");
    assertThat(refusals(text.replace("[fast]", "[slow]"), null).getFirst())
        .contains("pyproject.toml:3", "no extra `slow`");
  }

  @Test
  void sourcesForUvBecomeLinesForPip() throws IOException {
    var text =
        """
        [project]
        name = "p"
        dependencies = ["Git_Lib[x]>=1; os_name == 'posix'", "archive", "torch", "plain"]
        [project.optional-dependencies]
        own = ["beside", "sibling"]
        [tool.uv]
        constraint-dependencies = ["plain<2"]
        override-dependencies = ["plain==1"]
        extra-index-url = ["https://two.example/simple"]
        [tool.uv.sources]
        git-lib = { git = "https://git.example/o/lib", tag = "v1", subdirectory = "py" }
        archive = { url = "https://files.example/archive-1-py3-none-any.whl" }
        torch = [{ index = "cpu", extra = "cpu" }, { index = "cu", marker = "os_name == 'nt'" }]
        beside = { path = "../beside", editable = true }
        sibling = { workspace = true }
        [[tool.uv.index]]
        name = "cpu"
        url = "https://cpu.example/simple"
        explicit = true
        [[tool.uv.index]]
        url = "https://one.example/simple"
        [[tool.uv.index]]
        url = "https://main.example/simple"
        default = true
        """;
    assertThat(dependencies(text, null))
        .containsExactly(
            "--extra-index-url https://one.example/simple",
            "--index-url https://main.example/simple",
            "--extra-index-url https://two.example/simple",
            "Git_Lib[x] @ git+https://git.example/o/lib@v1#subdirectory=py ; os_name == \"posix\"",
            "archive @ https://files.example/archive-1-py3-none-any.whl",
            "torch",
            "plain");
    var project = PyProject.read(folder.resolve("pyproject.toml"));
    project.dependencies(null);
    assertThat(project.constraints()).containsExactly("plain<2");
    assertThat(project.warnings())
        .satisfiesExactly(
            torch -> assertThat(torch).contains("pyproject.toml:13", "`torch`"),
            override -> assertThat(override).contains("pyproject.toml:8", "override"));
    assertThat(refusals(text, "own"))
        .satisfiesExactly(
            beside -> assertThat(beside).contains("pyproject.toml:14", "`beside`", "./PATH"),
            sibling -> assertThat(sibling).contains("pyproject.toml:15", "`sibling`"));
    assertThat(refusals(text.replace("https://one", "https://me:hunter2@one"), null).getFirst())
        .contains("secret-in-definition")
        .doesNotContain("hunter2");
  }

  @Test
  void twoSpellingsOfOneGroupAreRefused() throws IOException {
    assertThat(refusals("[dependency-groups]\nTest = []\ntest = []\n", "test").getFirst())
        .contains("pyproject.toml:3", "two spellings");
  }

  @Test
  void groupsThatDoubleEachOtherEnd() throws IOException {
    var text = new StringBuilder("[dependency-groups]\n");
    for (int i = 0; i < 30; i++) {
      var include = "{include-group = \"g" + (i + 1) + "\"}";
      text.append("g" + i + " = [" + include + ", " + include + "]\n");
    }
    assertThat(refusals(text + "g30 = [\"a\"]\n", "g0"))
        .hasSize(1)
        .allMatch(r -> r.contains("1000"));
  }

  @Test
  void whatOnlyAToolOrTheBuildKnowsIsRefused() throws IOException {
    assertThat(refusals("[project]\ndynamic = [\"dependencies\"]\n", null).getFirst())
        .contains("pyproject.toml:2", "dynamic");
    assertThat(refusals("[project]\ndynamic = [\"optional-dependencies\"]\n", "x").getFirst())
        .contains("pyproject.toml:2", "extras are dynamic");
  }

  @Test
  void anExtraStandsInWhenNoGroupHasTheName() throws IOException {
    var text =
        """
        [project]
        dependencies = ["a"]
        [project.optional-dependencies]
        Dev_Tools = ["b>=1"]
        test = ["c"]
        [dependency-groups]
        test = ["d"]
        """;
    assertThat(dependencies(text, "dev-tools")).containsExactly("a", "b>=1");
    assertThat(dependencies(text, "test")).containsExactly("a", "d");
    assertThatThrownBy(() -> dependencies(text, "docs")).hasMessageContaining("`docs`");
  }
}
