package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir environment, terroir lock")
class EnvironmentCommandsTest {
  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
  }

  @Test
  void fromRequirementsToAProgramInTheEnvironment() {
    terroir.environment("demo", "beta");
    var lock = terroir.run("environment lock -d " + terroir.directory()).succeeds().json();
    assertThat(lock.longValue("packages")).isEqualTo(6);
    assertThat(lock.stringMap("replacements"))
        .containsEntry("azureml-defaults", "terroir-azureml, azureml-inference-server-http");
    var installed = terroir.run("environment install -d " + terroir.directory()).succeeds().json();
    assertThat(installed.optionalBoolean("cached")).contains(false);
    assertThat(terroir.run("environment path -d " + terroir.directory()).succeeds().out().strip())
        .isEqualTo(installed.string("path"));
    assertThat(
            terroir
                .run(
                    "environment exec -d " + terroir.directory() + " --",
                    "python",
                    "-c",
                    "import alpha, sys; sys.exit(7 if alpha.VERSION == '1.0' else 1)")
                .code())
        .isEqualTo(7);
  }

  @Test
  void aLockSaysWhoAskedForAPackageAndKeepsItsHash() {
    terroir.environment("demo", "beta");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    var why = terroir.run("lock why -n demo alpha").succeeds().json();
    assertThat(why.strings("way")).containsExactly("(definition)", "beta", "alpha");
    var requirements = terroir.run("lock export -n demo --format requirements").succeeds().out();
    assertThat(requirements).containsPattern("alpha==1.0 \\\\\\n    --hash=sha256:[0-9a-f]{64}");
    assertThat(terroir.run("lock export -n demo --format pylock").succeeds().out())
        .contains("lock-version = \"1.0\"", "name = \"alpha\"");
  }

  @Test
  void anExportedPylockMakesTheSameEnvironmentAgain() {
    terroir.environment("demo", "beta");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    var exported = terroir.run("lock export -n demo --format pylock").succeeds().out();
    terroir.write("pylock.toml", exported);
    var again = terroir.project.resolve("again");
    terroir
        .run(
            "environment create -n again -f "
                + terroir.project.resolve("pylock.toml")
                + " -d "
                + again
                + " --python "
                + Terroir.python())
        .succeeds();
    assertThat(digests("-d " + again)).isEqualTo(digests("-n demo"));
  }

  /// What the lock of an environment has, each package with its digest.
  private List<String> digests(String environment) {
    return terroir.run("lock show " + environment).succeeds().json().objects("packages").stream()
        .map(item -> item.string("name") + " " + item.string("sha256"))
        .toList();
  }

  @Test
  void theFirstLockIsKeptUntilAnUpdate() {
    terroir.environment("demo", "alpha");
    var first = terroir.run("environment lock -d " + terroir.directory()).succeeds().json();
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "alpha",
        "3.0",
        java.util.List.of(),
        java.util.Map.of("alpha/__init__.py", ""));
    var second = terroir.run("environment lock -d " + terroir.directory()).succeeds().json();
    assertThat(second.string("digest")).isEqualTo(first.string("digest"));
    assertThat(second.optionalBoolean("cached")).contains(true);
    var updated =
        terroir.run("environment lock --update -d " + terroir.directory()).succeeds().json();
    assertThat(updated.string("digest")).isNotEqualTo(first.string("digest"));
    assertThat(terroir.run("lock show -d " + terroir.directory()).out())
        .contains("\"version\": \"3.0\"");
  }

  @Test
  void whatCannotBeSolvedIsExplainedInTheUsersOwnNames() {
    terroir.environment("demo", "beta", "alpha==2.0");
    var outcome = terroir.run("environment lock -d " + terroir.directory());
    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err())
        .contains("no set of packages satisfies the definition", "beta", "alpha");
    assertThat(terroir.run("environment install -d " + terroir.directory()).code()).isEqualTo(3);
  }

  @Test
  void anUnknownPackageOrPythonIsAClearError() {
    terroir.environment("demo", "no-such-package");
    assertThat(terroir.run("environment lock -d " + terroir.directory()).code()).isEqualTo(3);
    terroir.environment("demo", "alpha");
    var python = terroir.run("environment install --quiet -d " + terroir.directory());
    assertThat(python.code()).isZero();
    terroir.write(
        "environment/conda_dependencies.yml", "dependencies:\n- python=3.99\n- pip:\n  - alpha\n");
    var missing = terroir.run("environment install -d " + terroir.directory());
    assertThat(missing.code()).isEqualTo(4);
    assertThat(missing.err()).contains("3.99", "python-not-found");
  }

  @Test
  void aDamagedPrefixIsRepaired() throws IOException {
    terroir.environment("demo", "alpha");
    var prefix =
        Path.of(terroir.run("environment install -d " + terroir.directory()).json().string("path"));
    try (var walk = Files.walk(prefix)) {
      for (var record : walk.filter(file -> file.endsWith("RECORD")).toList()) {
        Files.delete(record);
      }
    }
    assertThat(terroir.run("environment path -d " + terroir.directory()).code()).isEqualTo(2);
    var again = terroir.run("environment install -d " + terroir.directory()).succeeds().json();
    assertThat(again.optionalBoolean("cached")).contains(false);
    assertThat(terroir.run("environment path -d " + terroir.directory()).code()).isZero();
  }

  @Test
  void anIdenticalRegistrationKeepsItsVersion() {
    terroir.environment("demo", "alpha");
    assertThat(register()).isEqualTo("1");
    assertThat(register()).isEqualTo("1");
    terroir.environment("demo", "alpha", "beta");
    assertThat(register()).isEqualTo("2");
    var diff = terroir.run("environment diff demo:1 demo:2").succeeds().json();
    assertThat(diff.optionalBoolean("hashChanged")).contains(true);
    assertThat(diff.objects("parts").getFirst().string("part"))
        .isEqualTo("python.condaDependencies.dependencies");
  }

  private String register() {
    return terroir
        .run("environment register -d " + terroir.directory())
        .succeeds()
        .json()
        .string("version");
  }

  @Test
  void registrationsAtTheSameTimeMakeOneVersion() throws Exception {
    terroir.environment("demo", "alpha");
    try (var threads = Executors.newFixedThreadPool(4)) {
      var tasks = IntStream.range(0, 8).<Callable<String>>mapToObj(_ -> this::register).toList();
      for (var version : threads.invokeAll(tasks)) {
        assertThat(version.get()).isEqualTo("1");
      }
    }
  }

  @Test
  void reservedAndImpossibleNamesAreRefused() {
    var reserved = terroir.run("environment scaffold -n AzureML-Mine -d " + folder.resolve("x"));
    assertThat(reserved.code()).isEqualTo(2);
    assertThat(reserved.err()).contains("reserved-name");
    assertThat(terroir.run("environment scaffold -n ../up -d " + folder.resolve("x")).code())
        .isEqualTo(2);
    assertThat(folder.resolve("x")).doesNotExist();
  }

  @Test
  void savedDirectoriesAreNotOverwrittenUnlessTold() throws IOException {
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    var before = Files.readString(Path.of(terroir.directory(), "azureml_environment.json"));
    var refused = terroir.run("environment download -n demo -d " + terroir.directory());
    assertThat(refused.code()).isEqualTo(2);
    assertThat(Files.readString(Path.of(terroir.directory(), "azureml_environment.json")))
        .isEqualTo(before);
    terroir.run("environment download --overwrite -n demo -d " + terroir.directory()).succeeds();
  }

  @Test
  void labelsAndArchives() {
    terroir.environment("demo", "alpha");
    register();
    terroir.run("environment label -n demo -v 1 production").succeeds();
    assertThat(terroir.run("environment show -n demo --label production").json().string("version"))
        .isEqualTo("1");
    terroir.run("environment archive -n demo -v 1").succeeds();
    assertThat(terroir.run("environment list").out()).doesNotContain("\"demo\"");
    terroir.run("environment restore -n demo -v 1").succeeds();
    assertThat(terroir.run("environment list").out()).contains("\"demo\"", "AzureML-Minimal");
  }

  @Test
  void packagesOfAUserManagedEnvironmentAreSaidToHaveNoEffect() {
    terroir.environment("demo", "alpha");
    terroir.write(
        "mine/azureml_environment.json",
        """
        {"name": "mine", "python": {"userManagedDependencies": true, "interpreterPath": "python3",
          "condaDependencies": {"dependencies": ["python=3.11", {"pip": ["numpy"]}]}}}
        """);
    var outcome = terroir.run("environment register -d " + terroir.project.resolve("mine"));
    assertThat(outcome.succeeds().err())
        .contains("lists packages that are not installed", "used as it is");
  }
}
