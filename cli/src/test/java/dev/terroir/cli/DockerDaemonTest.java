package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A real Docker daemon: images to and from it, Dockerfiles, runs and services")
class DockerDaemonTest {
  @TempDir static Path shared;
  private static OwnDockerDaemon daemon;

  @TempDir Path folder;
  private Terroir terroir;

  @BeforeAll
  static void start() throws Exception {
    daemon = OwnDockerDaemon.start(shared.resolve("dockerd"));
  }

  @AfterAll
  static void stop() throws Exception {
    if (daemon != null) {
      daemon.close();
    }
  }

  @BeforeEach
  void open() {
    terroir = new Terroir(folder, List.of("TERROIR_ENGINE=docker", daemon.variable()));
  }

  /// Registers `demo`, which has packages of its own above a base.
  private void demo(String docker) throws IOException {
    terroir.environmentOnDebian("demo", _ -> JsonReader.parseObject(docker, "docker"), "alpha");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
  }

  @Test
  void itsStoreIsSourceAndTarget() {
    terroir.write("requirements.txt", "beta\n");
    var built =
        terroir
            .run(
                "image build -f "
                    + terroir.project.resolve("requirements.txt")
                    + " --base "
                    + DebianBase.location()
                    + " --to docker-daemon:localhost/terroir-test:1")
            .succeeds()
            .json();
    var ran =
        daemon.docker(
            "run",
            "--rm",
            "--network=host",
            "localhost/terroir-test:1",
            "python",
            "-c",
            "import beta, sys; print(sys.prefix)");
    assertThat(ran.output()).as(ran.error()).contains("/opt/env");

    var there = terroir.run("image inspect docker-daemon:localhost/terroir-test:1").succeeds();
    assertThat(there.json().stringMap("packages")).containsEntry("beta", "1.0");
    assertThat(there.json().string("digest")).startsWith("sha256:");
    assertThat(built.string("platform")).isEqualTo(there.json().string("platform"));

    terroir.write("more.txt", "alpha\n");
    var above =
        terroir.run(
            "image build -f "
                + terroir.project.resolve("more.txt")
                + " --base docker-daemon:localhost/terroir-test:1 --to oci:"
                + folder.resolve("out")
                + ":1");
    assertThat(above.code()).as(above.err()).isZero();
    assertThat(terroir.run("image inspect docker-daemon:localhost/none:1").err())
        .contains("[image-not-found]");
  }

  @Test
  void aDockerfileIsBuiltByItAndScriptsAndServicesRunInIt() throws Exception {
    terroir.write("requirements.txt", "beta\n");
    var base = DebianBase.location();
    var skopeo = Path.of("/usr/bin/skopeo");
    assertThat(skopeo).isExecutable();
    terroir
        .process(
            List.of(skopeo.toString(), "copy", "--quiet", "--insecure-policy"),
            List.of(base, "docker-archive:" + folder.resolve("base.tar") + ":localhost/base:1"))
        .succeeds();
    var loaded = daemon.docker("load", "--input", folder.resolve("base.tar").toString());
    assertThat(loaded.isSuccess()).as(loaded.error()).isTrue();
    demo(
        """
        {"enabled": true, "baseImage": null, "shmSize": "48m",
         "baseDockerfile": "FROM localhost/base:1\\nENV MADE=by-docker\\nRUN echo made > /srv/made\\n"}
        """);
    terroir.write(
        "source/main.py",
        """
        import alpha, os, sys
        print(alpha.VERSION, sys.prefix, os.environ["MADE"], open("/srv/made").read())
        open("outputs/model.txt", "w").write("model")
        sys.exit(int(sys.argv[1]))
        """);
    var submit =
        "run submit-script -e test --output json --environment demo --source "
            + terroir.project.resolve("source")
            + " main.py ";
    var run = terroir.run(submit + "0").succeeds().json();
    assertThat(run.string("status")).isEqualTo("Completed");
    var log =
        Path.of(
            java.net.URI.create(run.object("logFiles").string("azureml-logs/70_driver_log.txt")));
    assertThat(log).content().contains("2.0 /opt/env by-docker made");
    for (var code : List.of("3", "125", "127")) {
      assertThat(terroir.run(submit + code).json().string("error")).contains("exit code " + code);
    }
    terroir.write(
        ".azureml/broken.runconfig",
        "script: main.py\ndocker: {useDocker: true, arguments: [--entrypoint=/no/program]}\n");
    assertThat(
            terroir
                .run(submit.replace("main.py", "-c broken main.py") + "0")
                .json()
                .string("error"))
        .contains("could not be started");

    terroir.write(
        "app/score.py",
        """
        import os, sys
        def init():
            pass
        def run(data):
            return [sys.prefix, os.environ["MADE"]]
        """);
    terroir.write(
        "deploy.json",
        """
        {"computeType": "docker", "containerResourceRequirements": {"cpu": 0.5, "memoryInGB": 0.25}}
        """);
    terroir
        .process(
            List.of(),
            "model deploy -n test-service --es score.py -e demo --sd %s --dc %s --path %s"
                .formatted(
                    terroir.project.resolve("app"),
                    terroir.project.resolve("deploy.json"),
                    terroir.project))
        .succeeds();
    try {
      assertThat(terroir.run("service run -n test-service -d {}").succeeds().out())
          .contains("/opt/env", "by-docker");
    } finally {
      terroir
          .process(List.of(), "service delete -n test-service --path " + terroir.project)
          .succeeds();
    }
    assertThat(daemon.docker("ps", "--all", "--quiet").output()).isBlank();
  }

  @Test
  void itPullsFromTheOutsideRegistryOfAWorkspaceWithItsOwnCredentials() throws Exception {
    try (var registry = LoopbackRegistry.start(folder.resolve("registry"))) {
      var login = Files.createDirectories(folder.resolve("login"));
      terroir =
          new Terroir(
              folder,
              List.of(
                  "TERROIR_ENGINE=docker",
                  daemon.variable(),
                  "DOCKER_CONFIG=" + login,
                  "REGISTRY_AUTH_FILE=" + registry.credentials()));
      terroir.run("workspace update --container-registry " + registry.address()).succeeds();
      demo("{\"enabled\": true, \"baseImage\": \"" + DebianBase.location() + "\"}");
      terroir.write("source/main.py", "import alpha, sys; print(alpha.VERSION, sys.prefix)");
      var submit =
          "run submit-script -e test --output json --environment demo --source "
              + terroir.project.resolve("source")
              + " main.py";
      assertThat(terroir.run(submit).err())
          .contains("[engine-failed]", "`docker login " + registry.address() + "`");
      Files.copy(registry.credentials(), login.resolve("config.json"));
      assertThat(terroir.run(submit).succeeds().json().string("status")).isEqualTo("Completed");
      var repository =
          terroir.run("environment build --if-needed -n demo").json().string("repository");
      assertThat(daemon.docker("images", "--digests").output())
          .contains(registry.address() + "/" + repository);
    }
  }
}
