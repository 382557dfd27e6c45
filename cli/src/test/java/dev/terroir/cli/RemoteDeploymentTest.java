package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.workspace.accounts.Role;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A service of a server that lasts as long as the command")
class RemoteDeploymentTest {
  private static final String DEPLOY =
      "model deploy --wait -n test-service --es score.py -e demo:1 --sd app";

  @TempDir Path folder;

  private RemoteTeam team;
  private Terroir terroir;

  @BeforeEach
  void serve() {
    team = new RemoteTeam(folder);
    terroir = team.as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
  }

  @AfterEach
  void end() {
    terroir.run("service delete -n test-service");
    team.close();
  }

  @Test
  void isDeletedWhenTheCommandIsStopped() throws Exception {
    terroir.write("app/score.py", "def init():\n  pass\n\ndef run(data):\n  return data\n");
    var waiting = terroir.startHeard(DEPLOY);
    try {
      await(() -> state().contains("Healthy"));
      assertThat(terroir.run("service run -n test-service -d 7").succeeds().out()).contains("7");
      assertThat(waiting.isAlive()).isTrue();
      // A process's own `destroy` closes what it says.
      waiting.toHandle().destroy();
      assertThat(waiting.waitFor(30, TimeUnit.SECONDS)).isTrue();
      var said = new String(waiting.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(said).contains("\"scoringUri\"").doesNotContain("error:");
      assertThat(state()).isEqualTo("[]");
    } finally {
      waiting.destroyForcibly();
    }
  }

  @Test
  void isDeletedWhenTheCommandIsStoppedBeforeItAnswers() throws Exception {
    var hangs = folder.resolve("hangs");
    terroir.write(
        "app/score.py",
        "import time\ndef init():\n  open('" + hangs + "', 'w').close()\n  time.sleep(600)\n");
    var waiting = terroir.start(DEPLOY);
    try {
      await(() -> Files.exists(hangs));
      waiting.destroy();
      assertThat(waiting.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(state()).isEqualTo("[]");
    } finally {
      waiting.destroyForcibly();
    }
  }

  @Test
  void endsTheCommandWhenSomebodyDeletesIt() throws Exception {
    terroir.write("app/score.py", "def init():\n  pass\n\ndef run(data):\n  return data\n");
    var waiting = terroir.startHeard(DEPLOY);
    try {
      await(() -> state().contains("Healthy"));
      terroir.run("service delete -n test-service").succeeds();
      assertThat(waiting.waitFor(30, TimeUnit.SECONDS)).isTrue();
      // It may have been told so before it had been told of the service.
      assertThat(waiting.exitValue()).isIn(0, 1);
      assertThat(new String(waiting.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .contains("was deleted");
    } finally {
      waiting.destroyForcibly();
    }
  }

  @Test
  void ofAnotherIsLeftAloneAndMayBeUpdated() {
    terroir.write("app/score.py", "def init():\n  pass\n\ndef run(data):\n  return data\n");
    terroir.run(DEPLOY.replace("--wait ", "").replace("app", app())).succeeds();
    var second = terroir.run(DEPLOY.replace("app", app()));
    assertThat(second.code()).isEqualTo(2);
    assertThat(second.err()).contains("[service-exists]");
    assertThat(state()).contains("Healthy");
    terroir.write(
        "app/score.py", "def init():\n  print('anew')\n\ndef run(data):\n  return 'two'\n");
    terroir.run("service update -n test-service --es score.py -e demo:1 --sd " + app()).succeeds();
    assertThat(terroir.run("service show -n test-service").succeeds().json().longValue("revision"))
        .isEqualTo(2);
    // The script and its folder stay.
    terroir.run("service update -n test-service -e demo:1").succeeds();
    assertThat(terroir.run("service run -n test-service -d 7").succeeds().out()).contains("two");
    assertThat(terroir.run("service get-logs -n test-service").succeeds().out()).contains("anew");
  }

  private String app() {
    return terroir.project.resolve("app").toString();
  }

  private String state() {
    return terroir.run("service list").succeeds().out().strip();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    var deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited long enough").isLessThan(deadline);
      Thread.sleep(100);
    }
  }
}
