package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.lock.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A kill at any instant leaves what the next command understands")
class KillTest {
  private static final int TIMES = 11;

  private final Random random = new Random(20260101);
  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
    terroir.environment("demo", "alpha", "beta");
  }

  /// Starts a command and kills it, with nothing spared, after a random time.
  private void kill(String words, int atMostMillis) throws InterruptedException {
    var process = terroir.start(words);
    if (!process.waitFor(100 + random.nextInt(atMostMillis), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  /// A definition that was never locked.
  private void freshDefinition(int number) {
    terroir.write(
        "environment/conda_dependencies.yml",
        "channels: [c%d]\ndependencies:\n- python=%s\n- pip: [azureml-defaults, beta]\n"
            .formatted(number, Terroir.python()));
  }

  @Test
  void duringLock() throws Exception {
    for (int i = 0; i < TIMES; i++) {
      freshDefinition(i);
      kill("environment lock -d environment", 1500);
      everyLockReads();
      terroir.run("environment lock -d " + terroir.directory()).succeeds();
    }
    everyLockReads();
  }

  private void everyLockReads() throws IOException {
    if (!Files.exists(terroir.home)) {
      return;
    }
    try (var walk = Files.walk(terroir.home)) {
      for (var file :
          walk.filter(path -> path.toString().contains("/locks/"))
              .filter(path -> path.toString().endsWith(".json"))
              .filter(path -> !path.getFileName().toString().startsWith("."))
              .toList()) {
        assertThat(LockFile.read(file).packages()).isNotEmpty();
      }
    }
  }

  @Test
  void duringInstall() throws Exception {
    terroir.run("environment lock -d " + terroir.directory()).succeeds();
    for (int i = 0; i < TIMES; i++) {
      WheelHouse.wheel(
          folder.resolve("wheels"), "gamma", "1." + i, List.of(), Map.of("gamma/__init__.py", ""));
      terroir.write(
          "environment/conda_dependencies.yml",
          "dependencies:\n- python=%s\n- pip: [beta, gamma==1.%d]\n"
              .formatted(Terroir.python(), i));
      terroir.run("environment lock -d " + terroir.directory()).succeeds();
      kill("environment install -d environment", 1200);
      terroir.run("environment install -d " + terroir.directory()).succeeds();
      terroir
          .run(
              "environment exec -d " + terroir.directory() + " --",
              "python",
              "-c",
              "import beta, gamma")
          .succeeds();
    }
  }

  @Test
  void duringRegistration() throws Exception {
    var last = 0;
    for (int i = 0; i < TIMES; i++) {
      freshDefinition(i);
      kill("environment register -d environment", 900);
      var version =
          terroir
              .run("environment register -d " + terroir.directory())
              .succeeds()
              .json()
              .string("version");
      assertThat(Integer.parseInt(version)).isEqualTo(last + 1);
      last = Integer.parseInt(version);
    }
  }

  @Test
  void duringARun() throws Exception {
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    terroir.run("environment install -d " + terroir.directory()).succeeds();
    terroir.write(
        "source/train.py", "import time; time.sleep(0.4); open('outputs/done', 'w').write('x')");
    for (int i = 0; i < TIMES; i++) {
      kill("run submit-script -e kill --environment demo --source source train.py", 1800);
    }
    var deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
    while (terroir.run("run list").out().matches("(?s).*\"(Preparing|Queued|Running)\".*")
        && System.nanoTime() < deadline) {
      Thread.sleep(200);
    }
    var runs =
        dev.terroir.foundation.json.JsonReader.parseObject(
                "{\"runs\": " + terroir.run("run list").succeeds().out() + "}", "runs")
            .objects("runs");
    for (var run : runs) {
      assertThat(run.string("status")).isIn("Completed", "Failed");
      if (run.string("status").equals("Failed")) {
        assertThat(run.optionalString("error")).isPresent();
      } else {
        var id = run.string("runId");
        terroir
            .run("run download -r " + id + " -p outputs/done -d " + folder.resolve(id))
            .succeeds();
      }
    }
    assertThat(
            terroir
                .run(
                    "run submit-script -e kill --environment demo --source "
                        + terroir.project.resolve("source")
                        + " train.py")
                .code())
        .isZero();
  }

  @Test
  void duringDeployment() throws Exception {
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    terroir.run("environment install -d " + terroir.directory()).succeeds();
    terroir.write("app/score.py", "def init():\n  pass\ndef run(data):\n  return data\n");
    var deploy = "model deploy -n killed --es score.py -e demo --overwrite --sd ";
    for (int i = 0; i < TIMES; i++) {
      kill(deploy + "app", 2500);
    }
    terroir.run(deploy + terroir.project.resolve("app")).succeeds();
    assertThat(terroir.run("service run -n killed -d", "hello").succeeds().out().strip())
        .isEqualTo("\"hello\"");
    terroir.run("service delete -n killed").succeeds();
    assertThat(
            ProcessHandle.allProcesses()
                .flatMap(process -> process.info().commandLine().stream())
                .filter(line -> line.contains(folder.toString())))
        .as("processes that are left")
        .isEmpty();
  }
}
