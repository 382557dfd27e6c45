package dev.terroir.environment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.pyproject.PyProject;
import dev.terroir.environment.requirement.RequirementsFile;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Real files of public repositories load, or are refused with file, line and reason")
class RealFilesTest {
  /// Loads every file of a kind; what is refused must say where and why.
  private static <T> void every(String kind, Function<Path, T> load, Function<T, Object> check) {
    var refused = new TreeMap<String, Integer>();
    var loaded = 0;
    var silent = new ArrayList<String>();
    for (var item : Conformance.files(kind)) {
      try {
        var value = load.apply(item.file());
        assertThat(check.apply(value)).as(item.file().toString()).isEqualTo(Boolean.TRUE);
        assertThat(item.loads()).as("%s must be refused", item.file()).isTrue();
        loaded++;
      } catch (TerroirException e) {
        refused.merge(e.problem().code().id(), 1, Integer::sum);
        for (var problem : e.problems()) {
          if (problem.where().stream()
                  .noneMatch(place -> place.text().contains(item.file().getParent().toString()))
              && problem.where().stream().noneMatch(place -> place.text().matches(".*:[0-9]+.*"))) {
            silent.add(item.file() + ": " + problem.render());
          }
        }
      }
    }
    System.err.println(kind + ": " + loaded + " loaded, refused " + refused);
    assertThat(silent).as("refused without a place").isEmpty();
    assertThat(loaded).isPositive();
  }

  @Test
  void condaEnvironmentFilesKeepTheirTextAndSurviveEdits() {
    every(
        "environment",
        CondaDependencies::read,
        document -> {
          var again = CondaDependencies.parse(document.serializeToString(), "again");
          var throughJson = CondaDependencies.ofJson(document.toJson());
          var edited = document.addPipPackage("terroir-probe==1.0").addCondaPackage("probe=1");
          var back = edited.removePipPackage("terroir-probe").removeCondaPackage("probe");
          assertThat(throughJson.toJson()).isEqualTo(document.toJson());
          assertThat(edited.pipPackages()).contains("terroir-probe==1.0");
          assertThat(back.pipPackages()).isEqualTo(document.pipPackages());
          assertThat(back.condaPackages()).isEqualTo(document.condaPackages());
          return again.equals(document);
        });
  }

  @Test
  void requirementsFilesBecomeEnvironments() {
    every(
        "requirements",
        RequirementsFile::read,
        file -> {
          var again = RequirementsFile.parse(String.join("\n", file.pipLines()), "again");
          return again.pipLines().equals(file.pipLines());
        });
    every("constraints", RequirementsFile::read, file -> true);
  }

  @Test
  void projectsListTheirDependencies() {
    every(
        "pyproject",
        PyProject::read,
        project -> {
          try {
            return project.dependencies(null) != null;
          } catch (EnvironmentException e) {
            assertThat(e.problem().where()).isNotEmpty();
            return true;
          }
        });
  }

  @Test
  void savedAzureEnvironmentsAreWrittenAgainAsTheyWere(@TempDir Path scratch) {
    every(
        "azureml-environment",
        file -> SavedDirectory.load(file.getParent(), warning -> {}),
        environment -> {
          var directory = scratch.resolve(environment.name() + System.nanoTime());
          SavedDirectory.save(environment, directory, false);
          var again = SavedDirectory.load(directory, warning -> {});
          return again.toJson().equals(environment.toJson());
        });
  }

  @Test
  void aSavedDefinitionIsWrittenByteForByte() {
    for (var item : Conformance.files("azureml-environment")) {
      var json = JsonReader.readObject(item.file());
      if (!Files.exists(item.file().resolveSibling(SavedDirectory.PACKAGES))
          && !json.object("python").optionalBoolean("userManagedDependencies").orElse(false)) {
        continue;
      }
      var environment = SavedDirectory.load(item.file().getParent(), warning -> {});
      assertThat(JsonWriter.indented(environment.toJson(false), 4))
          .as(item.file().toString())
          .isEqualTo(JsonWriter.indented(json, 4));
    }
  }
}
