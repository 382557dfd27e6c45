package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.serving.Service;
import dev.terroir.serving.ServingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir model, terroir service")
class ServiceCommandsTest {
  private static final String SCORE =
      """
      import json, os
      def init():
          global value
          value = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()
      def run(data):
          if "crash" in data:
              os._exit(3)
          return value + json.loads(data)["x"]
      """;

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeEach
  void begin() {
    terroir = new Terroir(folder);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    terroir.write("app/score.py", SCORE);
    model("one-");
  }

  @AfterEach
  void end() {
    terroir.run("service delete -n test-service");
  }

  private void model(String content) {
    terroir.run("model register -n m -p " + terroir.write("model.txt", content)).succeeds();
  }

  private Terroir.Outcome deploy(String more) {
    return terroir.run(
        "model deploy -n test-service -m m:1 --es score.py -e demo:1 --sd "
            + terroir.project.resolve("app")
            + more);
  }

  private String score(String data) {
    return terroir.run("service run -n test-service -d", data).succeeds().out().strip();
  }

  @Test
  void deployScoreUpdateDelete() {
    var service = deploy("").succeeds().json();
    assertThat(service.string("state")).isEqualTo("Healthy");
    assertThat(service.string("scoringUri")).matches("http://localhost:[0-9]+/score");
    assertThat(score("{\"x\": \"a\"}")).isEqualTo("\"one-a\"");
    var inUse = terroir.run("model delete -i m:1");
    assertThat(inUse.code()).isEqualTo(2);
    assertThat(inUse.err()).contains("test-service");
    terroir.run("service delete -n test-service").succeeds();
    assertThat(terroir.run("service list").out().strip()).isEqualTo("[]");
    terroir.run("model delete -i m:1").succeeds();
  }

  @Test
  void anUpdateDropsNoRequest() throws Exception {
    var uri = deploy("").succeeds().json().string("scoringUri").replace("localhost", "127.0.0.1");
    model("two-");
    var going = new AtomicBoolean(true);
    var answers = new AtomicInteger();
    var dropped = new AtomicInteger();
    try (var clients = Executors.newFixedThreadPool(4);
        var http = HttpClient.newHttpClient()) {
      for (int i = 0; i < 4; i++) {
        clients.submit(() -> {
          while (going.get()) {
            try {
              var response =
                  http.send(
                      HttpRequest.newBuilder(URI.create(uri))
                          .POST(HttpRequest.BodyPublishers.ofString("{\"x\": \"a\"}"))
                          .build(),
                      HttpResponse.BodyHandlers.ofString());
              (response.statusCode() == 200 ? answers : dropped).incrementAndGet();
            } catch (IOException | InterruptedException e) {
              dropped.incrementAndGet();
            }
          }
        });
      }
      try {
        terroir
            .run(
                "service update -n test-service -m m:2 --es score.py -e demo:1 --sd "
                    + terroir.project.resolve("app"))
            .succeeds();
      } finally {
        going.set(false);
      }
    }
    assertThat(score("{\"x\": \"a\"}")).isEqualTo("\"two-a\"");
    assertThat(answers).hasPositiveValue();
    assertThat(dropped).hasValue(0);
  }

  @Test
  void anUpdateLeavesAsItWasWhatItDoesNotName() {
    deploy("").succeeds();
    var before = terroir.run("service show -n test-service").json();
    model("two-");
    terroir.run("service update -n test-service -m m:2").succeeds();
    assertThat(score("{\"x\": \"a\"}")).isEqualTo("\"two-a\"");
    terroir.write("other/score.py", SCORE.replace("def run", "BESIDE = 'new'\n\ndef run"));
    terroir
        .run("service update -n test-service --sd", terroir.project.resolve("other").toString())
        .succeeds();
    assertThat(score("{\"x\": \"b\"}")).isEqualTo("\"two-b\"");
    var after = terroir.run("service show -n test-service").json();
    for (var kept : List.of("scoringUri", "environment", "authEnabled")) {
      assertThat(after.get(kept)).as(kept).isEqualTo(before.get(kept));
    }
    var nothing = terroir.run("service update -n test-service");
    assertThat(nothing.code()).isEqualTo(2);
    assertThat(nothing.err()).contains("nothing is said", "-m");
  }

  @Test
  void aCrashIsFollowedByARestart() throws InterruptedException {
    deploy("").succeeds();
    assertThat(terroir.run("service run -n test-service -d", "crash").code()).isEqualTo(1);
    Thread.sleep(500);
    assertThat(score("{\"x\": \"b\"}")).isEqualTo("\"one-b\"");
    assertThat(terroir.run("service show -n test-service").json().longValue("restarts"))
        .isPositive();
  }

  @Test
  void aScriptThatRaisesIsAnErrorOfThatRequestOnly() {
    deploy("").succeeds();
    var outcome = terroir.run("service run -n test-service -d", "{}");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).contains("status 500");
    assertThat(score("{\"x\": \"c\"}")).isEqualTo("\"one-c\"");
  }

  @Test
  void aScriptThatFailsToStartSaysWhy() {
    terroir.write("app/score.py", "import no_such_module\n");
    var outcome = deploy("");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("reached the state Failed", "No module named 'no_such_module'");
    assertThat(terroir.run("service show -n test-service").json().string("state"))
        .isEqualTo("Failed");
    terroir.write("app/score.py", SCORE);
    deploy(" --overwrite").succeeds();
  }

  @Test
  void aScriptWhoseInitRaisesSaysWhyAndAnUpdateToItChangesNothing() {
    deploy("").succeeds();
    terroir.write("app/score.py", "def init():\n  raise ValueError('no weights')\n");
    var update =
        terroir.run(
            "service update -n test-service -m m:1 --es score.py -e demo:1 --sd "
                + terroir.project.resolve("app"));
    assertThat(update.code()).isEqualTo(1);
    assertThat(update.err()).contains("no weights");
    assertThat(score("{\"x\": \"e\"}")).isEqualTo("\"one-e\"");
    var shown = terroir.run("service show -n test-service").json();
    assertThat(shown.string("state")).isEqualTo("Healthy");
    assertThat(shown.string("updateError")).contains("no weights");
    terroir.run("service delete -n test-service").succeeds();
    var first = deploy("");
    assertThat(first.code()).isEqualTo(1);
    assertThat(first.err()).contains("reached the state Failed", "no weights");
  }

  @Test
  void aScriptThatHangsHoldsNeitherTheOthersNorTheDeletion() throws Exception {
    terroir.write(
        "app/score.py",
        """
        import time
        def init():
            pass
        def run(data):
            if "hang" in data:
                open(data, "w").close()
                time.sleep(600)
            return data
        """);
    deploy("").succeeds();
    var hangs = folder.resolve("hangs");
    var hanging = terroir.start("service run -n test-service -d " + hangs);
    try {
      await(() -> Files.exists(hangs));
      assertThat(score("quick")).isEqualTo("\"quick\"");
      assertThat(hanging.isAlive()).isTrue();
      var begin = System.nanoTime();
      terroir.run("service delete -n test-service").succeeds();
      assertThat(Duration.ofNanos(System.nanoTime() - begin).toSeconds()).isLessThan(30);
      assertThat(hanging.waitFor(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
      assertThat(hanging.exitValue()).isEqualTo(1);
    } finally {
      hanging.destroyForcibly();
    }
    noProcessIsLeft();
  }

  @Test
  void aScriptWhoseInitHangsCanBeDeleted() throws Exception {
    var hangs = folder.resolve("hangs");
    terroir.write(
        "app/score.py",
        "import time\ndef init():\n  open('" + hangs + "', 'w').close()\n  time.sleep(600)\n");
    var deploying =
        terroir.start("model deploy -n test-service -m m:1 --es score.py -e demo:1 --sd app");
    try {
      await(() -> Files.exists(hangs));
      terroir.run("service delete -n test-service").succeeds();
      assertThat(deploying.waitFor(30, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
      assertThat(deploying.exitValue()).isNotZero();
    } finally {
      deploying.destroyForcibly();
    }
    noProcessIsLeft();
  }

  @Test
  void aServiceThatIsDeletedBeforeItStartsIsNotWaitedFor() throws Exception {
    var deploying =
        terroir.start("model deploy -n test-service -m m:1 --es score.py -e demo:1 --sd app");
    try {
      await(() -> terroir.run("service list").out().contains("test-service"));
      terroir.run("service delete -n test-service").succeeds();
      assertThat(deploying.waitFor(60, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
      // Its start may have been over before the deletion.
      assertThat(deploying.exitValue()).isIn(0, 1, 4);
      assertThat(terroir.run("service list").out().strip()).isEqualTo("[]");
    } finally {
      deploying.destroyForcibly();
    }
    noProcessIsLeft();
  }

  @Test
  void whoWaitsForAServiceIsToldThatItIsGone() {
    assertThatThrownBy(() ->
            new Service("test-service", folder.resolve("gone"))
                .waitForDeployment(Duration.ofMinutes(1)))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("`test-service` was deleted");
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    var deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited long enough").isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  private void noProcessIsLeft() {
    assertThat(
            ProcessHandle.allProcesses()
                .flatMap(process -> process.info().commandLine().stream())
                .filter(line -> line.contains(folder.toString())))
        .as("processes that are left")
        .isEmpty();
  }

  @Test
  void keysAreAskedForWhenWanted() throws Exception {
    var uri = deploy(" --auth-enabled").succeeds().json().string("scoringUri");
    assertThat(score("{\"x\": \"d\"}")).isEqualTo("\"one-d\"");
    try (var http = HttpClient.newHttpClient()) {
      var response =
          http.send(
              HttpRequest.newBuilder(URI.create(uri.replace("localhost", "127.0.0.1")))
                  .POST(HttpRequest.BodyPublishers.ofString("{}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(401);
    }
    var key = terroir.run("service get-keys -n test-service").json().string("primaryKey");
    assertThat(key).hasSizeGreaterThan(24);
    assertThat(terroir.run("service show -n test-service").out()).doesNotContain(key);
  }

  @Test
  void aTakenPortAndAnImpossibleNameChangeNothing() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var outcome = deploy(" --port " + taken.getLocalPort());
      assertThat(outcome.code()).isEqualTo(4);
      assertThat(outcome.err()).contains("port-taken", String.valueOf(taken.getLocalPort()));
    }
    assertThat(terroir.run("service list").out().strip()).isEqualTo("[]");
    var name = terroir.run("model deploy -n my_web_service --es score.py -e demo");
    assertThat(name.code()).isEqualTo(2);
    assertThat(name.err()).contains("my-web-service");
  }

  @Test
  void anEnvironmentWithoutTheServerIsRefused() {
    terroir.write(
        "bare/conda_dependencies.yml",
        "dependencies:\n- python=" + Terroir.python() + "\n- pip: [alpha]\n");
    terroir.write("bare/azureml_environment.json", "{\"name\": \"bare\"}");
    terroir.run("environment register -d " + terroir.project.resolve("bare")).succeeds();
    var outcome =
        terroir.run(
            "model deploy -n test-service --es score.py -e bare --sd "
                + terroir.project.resolve("app"));
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err()).contains("no-inference-server", "azureml-defaults");
  }
}
