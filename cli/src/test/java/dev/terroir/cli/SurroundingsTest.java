package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What Terroir finds around it: workspaces, tools, interpreters, Jupyter")
class SurroundingsTest {
  @TempDir Path folder;

  @Test
  void aWorkspaceIsMadeFoundByItsConfigAndListed() {
    var terroir = new Terroir(folder);
    terroir.run("workspace create -n team").succeeds();
    assertThat(terroir.project.resolve(".azureml/config.json")).exists();
    assertThat(terroir.run("workspace show").succeeds().json().string("name")).isEqualTo("team");
    assertThat(terroir.run("workspace list").succeeds().out()).contains("\"team\"");
    var again = terroir.run("workspace create -n team");
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("workspace-exists");
  }

  @Test
  void theDoctorSaysWhatIsHereAndWhatIsMissing() {
    var found = new Terroir(folder).run("doctor").succeeds().json();
    assertThat(found.object("java").string("version")).startsWith("25");
    assertThat(found.string("uv")).contains("uv");
    assertThat(found.strings("missing")).isEmpty();
    var bare = new Terroir(folder, List.of("PATH=/nonexistent")).run("doctor");
    assertThat(bare.code()).isEqualTo(4);
    assertThat(bare.err()).contains("missing: Python on PATH");
  }

  @Test
  void theDoctorsTableHasARowForEachThingThatItsJsonHas() {
    var terroir = new Terroir(folder);
    var table = terroir.run("doctor --output table").succeeds().out();
    var uv = terroir.run("doctor").json().string("uv");
    assertThat(table.lines().findFirst().orElse("")).matches("Check +Result +Detail");
    assertThat(table.lines())
        .anyMatch(line -> line.matches("java\\.version +found +25.*"))
        .anyMatch(line -> line.matches("home\\.writable +yes"))
        .anyMatch(line -> line.matches("uv +found +" + Pattern.quote(uv)))
        .anyMatch(line -> line.matches("interpreters +found .*python3.*"))
        .anyMatch(line -> line.matches("indexes\\.uvVariables +found +UV_.*"))
        .anyMatch(line -> line.matches("conda\\.channels +found .*"))
        .anyMatch(line -> line.matches("engines\\.docker +(found|none|failed).*"))
        .anyMatch(line -> line.matches("missing +none"));
    var bare = new Terroir(folder, List.of("PATH=/nonexistent")).run("doctor --output table");
    assertThat(bare.out().lines())
        .anyMatch(line -> line.matches("python +none"))
        .anyMatch(line -> line.matches("engines\\.podman +none"))
        .anyMatch(line -> line.matches("missing +missing +Python on PATH.*"));
  }

  @Test
  void withoutUvAndPythonTheErrorSaysHowToGetThem() {
    var terroir = new Terroir(folder, List.of("PATH=/nonexistent", Settings.TERROIR_UV + "="));
    terroir.write(
        "environment/conda_dependencies.yml", "dependencies:\n- python=3.11\n- pip: [alpha]\n");
    terroir.write("environment/azureml_environment.json", "{\"name\": \"demo\"}");
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("uv-not-found", "TERROIR_UV", "TERROIR_PYTHON");
  }

  @Test
  void aRunThatNamesNoEnvironmentGetsTheDefaultOne() {
    var terroir = new Terroir(folder);
    terroir.write("source/a.py", "print('default')");
    var outcome =
        terroir.run(
            "run submit-script -e plain --source " + terroir.project.resolve("source") + " a.py");
    if (outcome.code() == 4) {
      // The default Python is not on this machine; the run says so.
      assertThat(outcome.err()).contains("python-not-found");
      return;
    }
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.err())
        .contains("environment Experiment plain Environment version Autosave_");
  }

  @Test
  void aKernelNeedsItsPackage() throws IOException {
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "ipykernel",
        "1.0",
        List.of(),
        java.util.Map.of("ipykernel_launcher.py", "print('kernel')\n"));
    var terroir = new Terroir(folder, List.of("JUPYTER_DATA_DIR=" + folder.resolve("jupyter")));
    terroir.environment("demo", "alpha");
    var refused = terroir.run("kernel install -d " + terroir.directory());
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("no-kernel-package", "ipykernel");
    terroir.environment("demo", "alpha", "ipykernel");
    terroir.run("kernel install -d " + terroir.directory()).succeeds();
    assertThat(Files.readString(folder.resolve("jupyter/kernels/demo/kernel.json")))
        .contains("ipykernel_launcher", "{connection_file}", "demo (Terroir)");
  }

  @Test
  void progressIsDrawnOnATerminalAndNowhereElse() throws Exception {
    var terroir = new Terroir(folder, List.of("TERM=xterm", "NO_COLOR="));
    var script = dev.terroir.resolve.tool.UvProgram.onPath(terroir.settings, "script");
    assumeTrue(script.isPresent(), "SKIPPED: no `script` to make a terminal with");
    terroir.environment("demo", "beta");
    var words = " environment install -d environment";
    var terminal =
        terroir.process(
            List.of(script.get().toString(), "-qec"), List.of(terroir.commandLine(words)));
    assertThat(terminal.succeeds().out())
        .contains("… installing", "✓ installing 6 packages", "\u001b[2K");
    assertThat(terminal.out()).contains("\"cached\": false");

    terroir.environment("demo", "alpha");
    var piped = terroir.process(List.of(), words.strip());
    assertThat(piped.succeeds().err())
        .contains("  installing 5 packages for Python")
        .doesNotContain("\u001b", "✓");
    assertThat(piped.json().optionalBoolean("cached")).contains(false);

    terroir.environment("demo", "alpha<2");
    var quiet = terroir.process(List.of(), words.strip() + " --quiet --output json");
    assertThat(quiet.succeeds().err().lines()).allMatch(line -> line.startsWith("warning: "));
    assertThat(quiet.json().optionalBoolean("cached")).contains(false);
  }

  @Test
  void aHomeThatIsAFileIsAClearError() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "x");
    var outcome = new Terroir(folder, List.of("TERROIR_HOME=" + file)).run("environment list");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("file-access", file.toString()).doesNotContain("\tat ");
  }
}
