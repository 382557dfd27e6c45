package dev.terroir.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Files that environments are made from, and files that only look so")
class PackageFileTest {
  /// Kinds of the real files that are none of packages, and a word of what they are.
  private static final Map<String, String> FOREIGN =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("explicit", "explicit list"),
              Map.entry("list-export", "conda list --export"),
              Map.entry("conda-lock", "lock of conda-lock"),
              Map.entry("pixi-lock", "lock of pixi"),
              Map.entry("pixi-manifest", "manifest of pixi"),
              Map.entry("mlproject", "project of MLflow"),
              Map.entry("mlmodel", "model of MLflow"),
              Map.entry("python-env", "environment of MLflow"),
              Map.entry("apt-list", "Debian packages"),
              Map.entry("condarc", "conda's settings"),
              Map.entry("anaconda-project", "project of anaconda-project"),
              Map.entry("azureml-v2-environment", "second version"),
              Map.entry("runconfig", "run configuration"),
              Map.entry("inferenceconfig", "inference configuration"),
              Map.entry("deploymentconfig", "deployment configuration"),
              Map.entry("workspace-config", "address of a workspace"),
              Map.entry("azureml-environment", "definition of the service"),
              Map.entry("amlignore", "no kind")));

  @Test
  void everyRealFileOfAnotherKindIsToldByWhatItIs() {
    var wrong = new ArrayList<String>();
    FOREIGN.forEach((kind, word) -> {
      var files = Conformance.files(kind);
      for (var item : files) {
        try {
          wrong.add(kind + " accepted: " + Environment.fromFile("e", item.file(), null, _ -> {}));
        } catch (TerroirException e) {
          var text = e.problem().render();
          if (!e.problem().code().id().equals("foreign-file")
              || !text.contains(word)
              || !text.contains(item.file().toString())
              || e.problem().hints().isEmpty()) {
            wrong.add(kind + " " + item.file() + "\n" + text);
          }
        }
      }
      System.err.println(kind + ": " + files.size() + " refused");
    });
    assertThat(wrong).isEmpty();
  }

  @Test
  void everyRealFileOfPackagesBecomesADefinitionOrIsRefusedAtItsLine() {
    for (var kind : List.of("environment", "requirements", "constraints", "pyproject")) {
      var refused = new TreeMap<String, Integer>();
      var loaded = 0;
      for (var item : Conformance.files(kind)) {
        try {
          var environment = Environment.fromFile("e", item.file(), null, _ -> {});
          var text = JsonWriter.compact(environment.toJson());
          assertThat(Environment.parse(text, "again").toJson()).isEqualTo(environment.toJson());
          loaded++;
        } catch (TerroirException e) {
          refused.merge(e.problem().code().id(), 1, Integer::sum);
          assertThat(e.problem().where().getFirst().text())
              .as(e.problem().render())
              .matches("(?s).*:[0-9]+(:[0-9]+)?");
        }
      }
      System.err.println(kind + " as definitions: " + loaded + " loaded, refused " + refused);
      assertThat(loaded).isPositive();
    }
  }

  @Test
  void recordedListsAndSpecificationsAreReadOrToldByWhatTheyAre(@TempDir Path folder)
      throws IOException {
    for (var item : Conformance.cases("env_yaml/explicit.json")) {
      var file = Files.writeString(folder.resolve(item.string("name")), item.string("text"));
      assertThatThrownBy(() -> Environment.fromFile("e", file, null, _ -> {}))
          .hasMessageContaining("@EXPLICIT");
    }
    for (var item : Conformance.cases("env_yaml/rattler.json")) {
      var file = Files.writeString(folder.resolve(item.string("name")), item.string("text"));
      var json = CondaDependencies.read(file).toJson();
      // Specs stay as written here; there they are in normal form.
      item.object("expect").toBuilder()
          .remove("dependencies")
          .build()
          .members()
          .forEach((key, value) -> assertThat(json.get(key)).as(key).contains(value));
      var found = json.array("dependencies");
      var wanted = item.object("expect").array("dependencies");
      assertThat(found).hasSameSizeAs(wanted);
      for (int i = 0; i < found.size(); i++) {
        if (found.get(i) instanceof JsonValue.JsonString(var spec)
            && wanted.get(i) instanceof JsonValue.JsonString(var normal)) {
          assertThat(CondaDependency.condaName(spec)).isEqualTo(CondaDependency.condaName(normal));
        } else {
          assertThat(found.get(i)).isEqualTo(wanted.get(i));
        }
      }
    }
    for (var item : Conformance.cases("env_yaml/mamba_files.json")) {
      var file = Files.writeString(folder.resolve(item.string("name")), item.string("text"));
      try {
        assertThat(Environment.fromFile("e", file, null, _ -> {}).condaDependencies()).isPresent();
      } catch (EnvironmentException e) {
        // Match specs with one `=` are no requirements.
        assertThat(e.problem().render()).contains(item.string("name") + ":", "two `=`");
      }
    }
  }

  @Test
  void locksOfOtherToolsSayWhatToGiveInstead(@TempDir Path folder) throws IOException {
    for (var entry :
        Map.of(
                "poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n | poetry export",
                "uv.lock", "version = 1\n[[package]]\nname = \"a\"\n | pyproject.toml",
                "Pipfile", "[packages]\na = \"*\"\n | pipenv requirements",
                "Pipfile.lock", "{\n  \"_meta\": {}}\n | pipenv requirements",
                "my-lock.yml", "version: 1\nmetadata: {}\npackage: []\n | environment.yml",
                "setup.py", "setup()\n | requirements.txt",
                "Dockerfile", "FROM x\n | BaseDockerfile",
                "other.toml", "[workspace]\nchannels = []\n | pixi workspace export",
                "env.yml", "$schema: x\nconda_file: packages.yml # here\n | `packages.yml`")
            .entrySet()) {
      var parts = entry.getValue().split(" \\| ");
      var file = Files.writeString(folder.resolve(entry.getKey()), parts[0]);
      assertThatThrownBy(() -> Environment.fromFile("e", file, null, _ -> {}))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> {
                assertThat(e.problem().code().id()).isEqualTo("foreign-file");
                assertThat(String.join(" ", e.problem().hints())).contains(parts[1]);
              });
    }
  }

  private static String refusal(Path folder, String name, String text) throws IOException {
    var file = Files.writeString(folder.resolve(name), text);
    try {
      return "accepted: " + Environment.fromFile("e", file, null, _ -> {});
    } catch (EnvironmentException e) {
      assertThat(e.problem().code().id()).isEqualTo("foreign-file");
      assertThat(e.problem().hints()).isNotEmpty();
      return e.problem().what();
    }
  }

  @Test
  void aVersionOfALockCountsWhereItStands(@TempDir Path folder) throws IOException {
    var locked = "[[package]]\nname = \"a\"\n\n[metadata]\n";
    assertThat(refusal(folder, "poetry.lock", locked + "lock-version = \"2.1\"\n"))
        .isEqualTo("`poetry.lock` is a lock of Poetry");
    assertThat(refusal(folder, "pdm.lock", "[metadata]\nlock_version = \"4.5\"\n" + locked))
        .isEqualTo("`pdm.lock` is a lock of PDM");
  }

  @Test
  void requirementsUnderAnotherNameAreReadOrToldBy(@TempDir Path folder) throws IOException {
    var lines = "alpha==1.0 \\\n    --hash=sha256:" + "0".repeat(64) + "\n";
    for (var name : List.of("requirements.lock", "requirements-dev.lock", "requirements")) {
      var file = Files.writeString(folder.resolve(name), lines);
      var environment = Environment.fromFile("e", file, null, _ -> {});
      assertThat(environment.condaDependencies().orElseThrow().pipPackages())
          .anySatisfy(line -> assertThat(line).startsWith("alpha==1.0"));
    }
    assertThat(refusal(folder, "pylock.toml", lines))
        .isEqualTo("`pylock.toml` is a list of requirements for pip, whatever its name says");
  }

  @Test
  void aListOfCondaPackagesUnderAKeyIsRefusedWithWhereItBelongs(@TempDir Path folder)
      throws IOException {
    var file =
        Files.writeString(
            folder.resolve("environment.yml"),
            """
            dependencies:
            - python=3.11
            - conda: [pyodbc]
              pip: [requests]
            """);
    assertThatThrownBy(() -> Environment.fromFile("e", file, null, _ -> {}))
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e ->
                assertThat(e.problem().hints())
                    .containsExactly("put its packages straight under `dependencies`"));
  }

  @Test
  void whatIsWrongWithPackagesInsideADefinitionIsSaidWithItsFile(@TempDir Path folder)
      throws IOException {
    Files.writeString(
        folder.resolve("azureml_environment.json"),
        """
        {"name": "e", "autoRebuild": true,
         "python": {"condaDependencies": {"dependencies": ["python=3.11", {"conda": ["a"]}]}}}
        """);
    var warnings = new ArrayList<String>();
    var packages = SavedDirectory.load(folder, warnings::add).condaDependencies().orElseThrow();
    assertThatThrownBy(packages::condaPackages)
        .isInstanceOfSatisfying(
            EnvironmentException.class,
            e ->
                assertThat(e.problem().where().getFirst().text())
                    .startsWith(folder.resolve("azureml_environment.json") + ":2:")
                    .endsWith("field `python.condaDependencies`"));
    assertThat(warnings).isEmpty();
  }

  private Environment read(Path folder, String name, String text) throws IOException {
    return Environment.fromFile("e", Files.writeString(folder.resolve(name), text), null, _ -> {});
  }

  @Test
  void everyLineOfAProjectCountsWhateverItsMarker(@TempDir Path folder) throws IOException {
    var lines =
        List.of(
            "numpy==1.21 ; python_version < \"3.10\"",
            "numpy==1.26 ; python_version >= \"3.10\"",
            "azureml_defaults==1.2");
    assertThat(
            read(folder, "requirements.txt", String.join("\n", lines) + "\n" + lines.get(0))
                .condaDependencies()
                .orElseThrow()
                .pipPackages())
        .containsExactly(lines.get(2), lines.get(0), lines.get(1));
  }

  @Test
  void whatCondaExportsAsJsonIsRead(@TempDir Path folder) throws IOException {
    var text =
        "{\"name\":\"x\",\"channels\":[\"conda-forge\"],"
            + "\"dependencies\":[\"python=3.9=h1_0\",{\"pip\":[\"a==1\"]}],\"prefix\":\"/x\"}";
    var packages = read(folder, "env.json", text).condaDependencies().orElseThrow();
    assertThat(packages.condaPackages()).containsExactly("python=3.9=h1_0");
    assertThat(packages.pipPackages()).containsExactly("a==1");
    assertThat(told(folder, "package.json", "{\"dependencies\": {\"left-pad\": \"1\"}}"))
        .contains("must be a list");
  }

  @Test
  void whatPeopleLeaveInFilesIsToldWithWhatToDo(@TempDir Path folder) throws IOException {
    var begin = "name: x\ndependencies:\n";
    assertThat(told(folder, "a.yml", begin + "\t- python=3.9\n")).contains(":3:", "spaces");
    assertThat(told(folder, "b.yml", begin + "  {% if gpu %}\n  - a\n  {% endif %}\n"))
        .contains(":3:", "template");
    assertThat(told(folder, "c.yml", begin + "<<<<<<< HEAD\n  - a\n")).contains("merge conflict");
    assertThat(told(folder, "d.yml", begin + "  - a\n---\nname: y\n")).contains("one document");
    assertThat(told(folder, "e.yml", begin + "  - pip: numpy\n")).contains(":3:", "`- `");
    assertThat(told(folder, "f.yml", begin + "  - pip:\n    - a --no-binary :all:\n"))
        .contains(":4:", "quotes");
    assertThat(told(folder, "g.py", "# /// script\n# dependencies = [\"a\"]\n# ///\n"))
        .contains("g.py:1", "uv export --script g.py");
  }

  private static String told(Path folder, String name, String text) throws IOException {
    var file = Files.writeString(folder.resolve(name), text);
    try {
      return "accepted: " + Environment.fromFile("e", file, null, _ -> {});
    } catch (EnvironmentException e) {
      return e.problem().render();
    }
  }
}
