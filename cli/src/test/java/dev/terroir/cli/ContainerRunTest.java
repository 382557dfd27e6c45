package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.engine.Engine;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir run and terroir model deploy, in containers of a real engine")
class ContainerRunTest {
  private static final String LABEL = "dev.terroir.run";

  @TempDir Path folder;
  private Terroir terroir;
  private Engine engine;

  @BeforeEach
  void begin() throws IOException {
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    terroir = new Terroir(folder, variables);
    var podman = Engine.of(Engine.Kind.PODMAN, terroir.settings);
    assumeTrue(podman.isPresent(), "podman is not there or does not answer");
    engine = podman.get();
  }

  /// Registers `plain`, which is the base's own Python.
  private void plain(String docker) {
    terroir.write(
        "plain/azureml_environment.json",
        """
        {"name": "plain", "environmentVariables": {"GREETING": "from the environment"},
         "python": {"userManagedDependencies": true, "interpreterPath": "/usr/bin/python3"},
         "docker": {"baseImage": "%s", %s}}
        """
            .formatted(DebianBase.location(), docker));
    terroir.run("environment register -d " + terroir.project.resolve("plain")).succeeds();
  }

  /// Registers `demo`, which has packages of its own above the base.
  private void demo() throws IOException {
    demo(false);
  }

  private void demo(boolean isDockerEnabled) throws IOException {
    terroir.write("requirements.txt", "alpha\n");
    terroir
        .run(
            "environment create -n demo --python 3.11 -f "
                + terroir.project.resolve("requirements.txt")
                + " -d "
                + terroir.project.resolve("environment"))
        .succeeds();
    onDebian(isDockerEnabled);
  }

  /// Puts the saved environment on Debian, and registers it.
  private void onDebian(boolean isDockerEnabled) throws IOException {
    var file = terroir.project.resolve("environment/azureml_environment.json");
    var json = JsonReader.readObject(file);
    var docker =
        json.object("docker").toBuilder()
            .put("enabled", isDockerEnabled)
            .put("baseImage", DebianBase.location())
            .build();
    Files.writeString(file, JsonWriter.compact(json.toBuilder().put("docker", docker).build()));
    terroir.run("environment register -d " + terroir.directory()).succeeds();
  }

  private Terroir.Outcome submit(String more, String text, String... arguments) {
    terroir.write("source/main.py", text);
    return terroir.run(
        "run submit-script -e test --output json --source "
            + terroir.project.resolve("source")
            + " "
            + more
            + " main.py",
        arguments);
  }

  private String file(JsonObject run, String name) throws IOException {
    return Files.readString(
        Path.of(java.net.URI.create(run.object("logFiles").string("azureml-logs/" + name))));
  }

  @Test
  void aScriptRunsInTheImageOfItsEnvironment() throws IOException {
    plain(
        "\"enabled\": true, \"shmSize\": \"48m\", \"arguments\": [\"--hostname inside\","
            + " \"--uts=private\"]");
    var text =
        """
        import os, sys
        print("version", sys.version_info[:2], sys.executable, sys.argv[1:])
        print("variables", os.environ["GREETING"], os.environ["AZUREML_ARM_PROJECT_NAME"],
              os.environ.get("AZUREML_ENVIRONMENT_IMAGE"), "TERROIR_HOME" in os.environ)
        shared = os.statvfs("/dev/shm")
        print("shared", shared.f_blocks * shared.f_frsize >> 20, "host", os.uname().nodename)
        print("files", sorted(os.listdir(".")), os.getcwd() == "/azureml-run")
        print("to the error stream", file=sys.stderr)
        open("outputs/model.txt", "w").write("model")
        open("logs/own.txt", "w").write("log")
        """;
    var run = submit("--environment plain", text, "--epochs", "a b").succeeds().json();
    assertThat(run.string("status")).isEqualTo("Completed");
    assertThat(run.longValue("exitCode")).isZero();
    assertThat(file(run, "70_driver_log.txt"))
        .contains(
            "version (3, 11) /usr/bin/python3 ['--epochs', 'a b']",
            "variables from the environment test True False",
            "shared 48 host inside",
            "files ['logs', 'main.py', 'outputs'] True",
            "to the error stream");
    assertThat(file(run, "20_image_build_log.txt")).contains("azureml/azureml_");
    var id = run.string("runId");
    terroir.run("run download -r " + id + " -d " + folder.resolve("out")).succeeds();
    assertThat(folder.resolve("out/outputs/model.txt")).hasContent("model");
    assertThat(folder.resolve("out/logs/own.txt")).hasContent("log");
    assertThat(Files.getOwner(folder.resolve("out/outputs/model.txt")))
        .isEqualTo(Files.getOwner(folder));
    assertThat(engine.containers(LABEL, id)).isEmpty();
    try (var walk = Files.walk(terroir.home)) {
      assertThat(walk.map(path -> path.getFileName().toString()))
          .doesNotContain("container.env", "launch.json", "work");
    }

    var again = submit("--environment plain", "import sys; sys.exit(3)");
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.json().string("error")).contains("exit code 3");
    assertThat(again.json().longValue("exitCode")).isEqualTo(3);
    assertThat(again.err()).doesNotContain("pulling");
  }

  @Test
  void cancelAndTimeLimitEndTheContainerAndAKilledSupervisorLeavesNone() throws Exception {
    plain("\"enabled\": true");
    var sleeper = "import time; print('begun', flush=True); time.sleep(654.321)";
    var canceled =
        submit("--environment plain --detach", sleeper).succeeds().json().string("runId");
    await(() -> terroir.run("run logs -r " + canceled).out().contains("begun"));
    assertThat(engine.containers(LABEL, canceled)).hasSize(1);
    assertThat(terroir.run("run cancel -r " + canceled).succeeds().json().string("status"))
        .isEqualTo("Canceled");
    assertThat(engine.containers(LABEL, canceled)).isEmpty();

    var late = submit("--environment plain --timeout 3", sleeper);
    assertThat(late.code()).isEqualTo(1);
    assertThat(late.json().string("error")).contains("time limit");
    assertThat(engine.containers(LABEL, late.json().string("runId"))).isEmpty();

    var lost = submit("--environment plain --detach", sleeper).succeeds().json().string("runId");
    await(() -> terroir.run("run logs -r " + lost).out().contains("begun"));
    Path supervisor;
    try (var walk = Files.walk(terroir.home)) {
      supervisor = walk.filter(path -> path.endsWith(lost + "/supervisor.json")).findFirst().get();
    }
    var pid = JsonReader.readObject(supervisor).longValue("pid");
    ProcessHandle.of(pid).get().destroyForcibly();
    await(() -> !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
    var shown = terroir.run("run show -r " + lost).succeeds().json();
    assertThat(shown.string("status")).isEqualTo("Failed");
    assertThat(shown.string("error")).contains("supervisor was killed");
    assertThat(engine.containers(LABEL, lost)).isEmpty();
    assertThat(supervisor.resolveSibling("container.env")).doesNotExist();
  }

  @Test
  void theTargetDockerIsEnoughAndThePackagesAreInside() throws IOException {
    demo();
    terroir.write(
        ".azureml/inside.runconfig",
        "script: main.py\ntarget: docker\nenvironment: {name: demo}\n"
            + "environmentVariables: {SECRET: s3cr3t}\n");
    var run =
        submit(
                "-c inside --environment demo",
                "import alpha, os, sys; print(alpha.VERSION, sys.prefix, os.environ['SECRET'])")
            .succeeds()
            .json();
    assertThat(file(run, "70_driver_log.txt")).contains("2.0 /opt/env s3cr3t");
    assertThat(file(run, "20_image_build_log.txt")).contains("alpha").doesNotContain("s3cr3t");
  }

  @Test
  void useDockerOfASavedRunConfigurationIsEnoughAndItsArgumentsWin() throws IOException {
    plain("\"enabled\": false, \"shmSize\": \"32m\", \"arguments\": [\"--hostname=other\"]");
    var text =
        """
        import os
        shared = os.statvfs("/dev/shm")
        print("in", os.getcwd(), shared.f_blocks * shared.f_frsize >> 20, os.uname().nodename)
        """;
    terroir.write(
        ".azureml/saved.runconfig",
        """
        # The environment definition.
        script: main.py
        target: local
        docker:
          useDocker: true
          sharedVolumes: true
          shmSize: 48m
          arguments: ["--hostname", "inside", "--uts=private"]
        """);
    var run = submit("-c saved --environment plain", text).succeeds().json();
    assertThat(file(run, "70_driver_log.txt")).contains("in /azureml-run 48 inside");

    terroir.write(
        ".azureml/local.runconfig",
        "script: main.py\ntarget: local\ndocker: {useDocker: false, shmSize: 2g, arguments: []}\n");
    var here = submit("-c local --environment plain", text).succeeds().json();
    assertThat(here.has("container")).isFalse();

    terroir.write(
        ".azureml/inline.runconfig",
        """
        script: main.py
        target: local
        docker: {useDocker: false}
        environment:
          name: inline
          python: {userManagedDependencies: true, interpreterPath: /usr/bin/python3}
          docker: {enabled: true, baseImage: "%s", shmSize: 40m, arguments: []}
        """
            .formatted(DebianBase.location()));
    var inline = submit("-c inline", text).succeeds().json();
    assertThat(file(inline, "70_driver_log.txt")).contains("in /azureml-run 40");
  }

  @Test
  void aScriptMayEndWithTheStatusesOfEnginesWhichAreToldFromTheirFailures() throws IOException {
    plain("\"enabled\": true");
    for (var code : List.of(125, 126, 127)) {
      var run = submit("--environment plain", "import sys; sys.exit(" + code + ")");
      assertThat(run.json().longValue("exitCode")).isEqualTo(code.longValue());
      assertThat(run.json().string("error")).isEqualTo("the script ended with exit code " + code);
    }
    for (var argument : List.of("--no-such-option", "--entrypoint=/no/such/program")) {
      terroir.write(
          ".azureml/broken.runconfig",
          "script: main.py\ndocker: {useDocker: true, arguments: [\"" + argument + "\"]}\n");
      var broken = submit("-c broken --environment plain", "print()");
      assertThat(broken.code()).isEqualTo(1);
      assertThat(broken.json().string("error"))
          .contains("the script could not be started", "the container engine could not run");
    }
    assertThat(podman("ps", "--all", "--quiet")).isBlank();
  }

  @Test
  void aServiceRunsInAContainerWithLimits() throws Exception {
    demo();
    terroir.write(
        "app/score.py",
        """
        import os
        def limit(*names):
            for name in names:
                try:
                    return open("/sys/fs/cgroup/" + name).read().split()[0]
                except OSError:
                    pass
        def init():
            global value
            value = open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")).read()
        def run(data):
            if "crash" in data:
                os._exit(3)
            try:
                open("written", "w")
                return "the source can be changed"
            except OSError:
                pass
            import sys
            return [value, sys.prefix, limit("memory.max", "memory/memory.limit_in_bytes")]
        """);
    terroir.run("model register -n m -p " + terroir.write("model.txt", "one")).succeeds();
    terroir.write(
        "deploy.json",
        """
        {"computeType": "docker", "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 0.25}}
        """);
    var deploy =
        "model deploy -n test-service -m m:1 --es score.py -e demo --sd %s --dc %s --path %s"
            .formatted(
                terroir.project.resolve("app"),
                terroir.project.resolve("deploy.json"),
                terroir.project);
    // The supervisor has the variables of the process that starts it.
    var service = terroir.process(List.of(), deploy).succeeds().json();
    try {
      assertThat(service.string("state")).isEqualTo("Healthy");
      var run = "service run -n test-service -d {} --path " + terroir.project;
      var first = terroir.process(List.of(), run).succeeds().out();
      assertThat(first).contains("one", "/opt/env", String.valueOf(256 << 20));
      assertThat(podman("ps", "--quiet").lines()).hasSize(1);
      var before = podman("ps", "--quiet");
      terroir.run("service run -n test-service -d crash");
      await(() -> {
        var now = podman("ps", "--quiet");
        return !now.isBlank() && !now.equals(before);
      });
      await(() -> terroir.run("service run -n test-service -d {}").code() == 0);
      assertThat(terroir.run("service run -n test-service -d {}").succeeds().out())
          .isEqualTo(first);
    } finally {
      terroir
          .process(List.of(), "service delete -n test-service --path " + terroir.project)
          .succeeds();
    }
    assertThat(podman("ps", "--all", "--quiet")).isBlank();
  }

  @Test
  void aServiceInAContainerHasSeveralModelsAndIsUpdatedInPlace() throws Exception {
    demo();
    terroir.write(
        "app/score.py",
        """
        import os
        def init():
            global found
            root = os.environ["AZUREML_MODEL_DIR"]
            found = sorted(
                os.path.relpath(os.path.join(folder, name), root) + "=" +
                open(os.path.join(folder, name)).read()
                for folder, _, names in os.walk(root, followlinks=True) for name in names)
        def run(data):
            return [found, os.path.exists("/opt/env/bin/python"), "SECOND" in os.environ]
        """);
    terroir.run("model register -n one -p " + terroir.write("a.txt", "A")).succeeds();
    terroir.run("model register -n two -p " + terroir.write("b.txt", "B")).succeeds();
    var common =
        " -n test-service --es score.py -e demo --sd %s --path %s"
            .formatted(terroir.project.resolve("app"), terroir.project);
    var deployed =
        terroir
            .process(
                List.of(),
                "model deploy -m one:1 -m two:1 --ct aci --dc "
                    + terroir.write(
                        "aci.json",
                        "{\"computeType\": \"ACI\","
                            + " \"containerResourceRequirements\": {\"memoryInGB\": 0.5}}")
                    + common)
            .succeeds()
            .json();
    try {
      var run = "service run -n test-service -d {}";
      assertThat(terroir.run(run).succeeds().out())
          .contains("one/1/a.txt=A", "two/1/b.txt=B", "true");
      var before = podman("ps", "--quiet");
      assertThat(before.lines()).hasSize(1);
      assertThat(podman("inspect", "--format", "{{.HostConfig.Memory}}", before.strip()).strip())
          .isEqualTo(String.valueOf(512L << 20));

      terroir.run("model register -n one -p " + terroir.write("a.txt", "AA")).succeeds();
      var asked = new java.util.concurrent.atomic.AtomicInteger();
      var failed = new ArrayList<String>();
      var over = new java.util.concurrent.atomic.AtomicBoolean();
      var client =
          Thread.ofPlatform()
              .start(() -> {
                while (!over.get()) {
                  asked.incrementAndGet();
                  var answer = terroir.run(run);
                  if (answer.code() != 0) {
                    failed.add(answer.err());
                  }
                }
              });
      var updated = terroir.process(List.of(), "service update -m one:2" + common);
      over.set(true);
      client.join();
      assertThat(updated.succeeds().json().string("scoringUri"))
          .isEqualTo(deployed.string("scoringUri"));
      assertThat(asked.get()).isPositive();
      assertThat(failed).as("no request was dropped").isEmpty();
      assertThat(terroir.run(run).succeeds().out()).contains("a.txt=AA").doesNotContain("two/1");
      await(() -> podman("ps", "--quiet").lines().count() == 1);
      var after = podman("ps", "--quiet");
      assertThat(after).isNotEqualTo(before);
      assertThat(podman("inspect", "--format", "{{.HostConfig.Memory}}", after.strip()).strip())
          .as("the limits stay")
          .isEqualTo(String.valueOf(512L << 20));

      terroir.write("app/score.py", "def init():\n    raise ValueError('broken')\n");
      var broken = terroir.process(List.of(), "service update -m one:2" + common);
      assertThat(broken.code()).isNotZero();
      assertThat(broken.err()).contains("broken");
      assertThat(terroir.run(run).succeeds().out()).contains("a.txt=AA");
      assertThat(podman("ps", "--quiet")).isEqualTo(after);
    } finally {
      terroir
          .process(List.of(), "service delete -n test-service --path " + terroir.project)
          .succeeds();
    }
    assertThat(podman("ps", "--all", "--quiet")).isBlank();
    assertThat(scoringProcesses()).isEmpty();
  }

  /// The processes of services below the test's folder, also those that no engine knows any more.
  private List<String> scoringProcesses() throws IOException {
    var found = new ArrayList<String>();
    try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (var process : processes) {
        try {
          var line = Files.readString(process.resolve("cmdline")).replace('\0', ' ');
          if (line.contains("--entry_script " + folder)
              && !line.startsWith(engine.program() + " ")) {
            found.add(line);
          }
        } catch (IOException e) {
          // It has ended.
        }
      }
    }
    return found;
  }

  @Test
  void configurationsOfTheRetiredServiceAreForTheContainerWhenTheEnvironmentSaysDocker()
      throws Exception {
    demo(true);
    terroir.write("app/score.py", "def init():\n    pass\ndef run(data):\n    return 1\n");
    var deploy =
        "model deploy -n test-service --es score.py -e demo --sd %s --path %s --dc "
            .formatted(terroir.project.resolve("app"), terroir.project);
    var refused =
        terroir.process(
            List.of(), deploy + terroir.write("x.json", "{\"computeType\": \"akscompute\"}"));
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("[deployment-configuration]", "`ACI` or `AKS`");

    var aks =
        terroir.process(
            List.of(),
            deploy + terroir.write("aks.json", "{\"computeType\": \"AKS\", \"sslEnabled\": true}"));
    try {
      assertThat(aks.succeeds().err()).contains("is for `aks`", "`sslEnabled` is left aside");
      assertThat(podman("ps", "--quiet").lines()).hasSize(1);
    } finally {
      terroir
          .process(List.of(), "service delete -n test-service --path " + terroir.project)
          .succeeds();
    }
    assertThat(podman("ps", "--all", "--quiet")).isBlank();
    assertThat(scoringProcesses()).isEmpty();
  }

  private String podman(String... arguments) {
    var line = new java.util.ArrayList<>(List.of(engine.program().toString()));
    line.addAll(List.of(arguments));
    return new Command(line, terroir.settings.variables(), null, Duration.ofMinutes(1))
        .run()
        .output();
  }

  @Test
  void withoutAnEngineTheRunFailsAndSaysHowToRunLocally() throws IOException {
    var tools = Files.createDirectories(folder.resolve("tools"));
    for (var name : List.of("python3", "setsid", "git")) {
      var found = dev.terroir.resolve.tool.UvProgram.onPath(terroir.settings, name);
      if (found.isPresent()) {
        Files.createSymbolicLink(tools.resolve(name), found.get());
      }
    }
    terroir = new Terroir(folder, List.of("PATH=" + tools, "TERROIR_ENGINE=podman"));
    terroir.write(
        "plain/azureml_environment.json",
        """
        {"name": "plain",
         "python": {"userManagedDependencies": true, "interpreterPath": "/usr/bin/python3"},
         "docker": {"enabled": true}}
        """);
    terroir.run("environment register -d " + terroir.project.resolve("plain")).succeeds();
    var outcome = submit("--environment plain", "print()");
    assertThat(outcome.code()).isNotZero();
    assertThat(outcome.err()).contains("no-engine", "`docker.enabled` of the environment");
    assertThat(terroir.run("run list").out()).contains("\"Failed\"");
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    var deadline = System.nanoTime() + 120_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(100);
    }
  }

  @Test
  void anEnvironmentOfBothKindsRunsActivatedInItsImage() throws IOException {
    var python = SampleChannel.python();
    if (python.isEmpty()) {
      System.err.println("SKIPPED: no python3.11 on PATH");
    }
    assumeTrue(python.isPresent(), "python3.11");
    var channel = SampleChannel.standard(folder.resolve("channel"), python.get());
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    variables.add(Settings.TERROIR_RATTLER + "=" + Terroir.rattler());
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    terroir = new Terroir(folder, variables);
    terroir.write(
        "environment.yml",
        "channels: ["
            + channel.url()
            + ", nodefaults]\ndependencies: [python=3.11, greeter=1, activated, {pip: [alpha]}]\n");
    terroir
        .run(
            "environment create -n both -f "
                + terroir.project.resolve("environment.yml")
                + " -d "
                + terroir.project.resolve("environment"))
        .succeeds();
    onDebian(true);
    var text =
        """
        import alpha, greeter, os, sys
        print(alpha.VERSION, greeter.VERSION, sys.prefix, os.environ["ACTIVATED"],
              os.environ["ACTIVATED_BY"])
        """;
    var run = submit("--environment both", text).succeeds().json();
    assertThat(run.string("status")).isEqualTo("Completed");
    assertThat(file(run, "70_driver_log.txt")).contains("2.0 1.0 /opt/env /opt/env variables");
  }
}
