package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.transfer.Copy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A workspace's settings: an outside registry, default bases")
class ContainerRegistryTest {
  @TempDir Path folder;
  private LoopbackRegistry registry;
  private Terroir terroir;

  @BeforeEach
  void open() throws IOException {
    registry = LoopbackRegistry.start(folder.resolve("registry"));
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    variables.add("REGISTRY_AUTH_FILE=" + registry.credentials());
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    terroir = new Terroir(folder, variables);
  }

  @AfterEach
  void close() {
    registry.close();
  }

  private String team() {
    return registry.address() + "/team";
  }

  /// Registers an environment of packages on the Debian base.
  private void register(String name, String... requirements) throws IOException {
    terroir.environmentOnDebian(
        name,
        docker -> docker.toBuilder().put("baseImage", DebianBase.location()).build(),
        requirements);
    terroir.run("environment register -d " + terroir.directory()).succeeds();
  }

  @Test
  void imagesGoToTheRegistryThatTheWorkspaceNames() throws IOException {
    var updated =
        terroir.run("workspace update --container-registry docker://" + team()).succeeds().json();
    assertThat(updated.string("containerRegistry")).isEqualTo("docker://" + team());
    register("demo", "beta");

    var built = terroir.run("environment build -n demo").succeeds().json();
    var repository = built.string("repository");
    assertThat(repository).matches("azureml/azureml_[0-9a-f]{32}");
    assertThat(built.string("image"))
        .isEqualTo(team() + "/" + repository + "@" + built.string("digest"));
    assertThat(registry.get("team/" + repository + "/tags/list").strings("tags"))
        .contains("latest", "1");
    assertThat(registry.get("team/" + repository + "/manifests/1").array("layers")).isNotEmpty();
    try (var files = Files.walk(terroir.home)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .as("no registry of its own")
          .doesNotContain("registry");
    }

    var details = terroir.run("environment image -n demo").succeeds().json();
    assertThat(details.optionalBoolean("imageExistsInRegistry")).contains(true);
    assertThat(details.object("dockerImage").string("name"))
        .isEqualTo("team/" + repository + "@" + built.string("digest"));
    assertThat(details.object("dockerImage").object("registry").string("address"))
        .isEqualTo(registry.address());
    assertThat(
            terroir
                .run("environment build -n demo --if-needed")
                .succeeds()
                .json()
                .optionalBoolean("isCached"))
        .contains(true);
    var again = terroir.run("environment build --verbose -n demo").succeeds();
    assertThat(again.json().string("digest")).isEqualTo(built.string("digest"));
    assertThat(again.err()).contains("0 layers made, 0 bytes written");

    assertThat(terroir.run("image sbom docker://" + team() + "/" + repository).succeeds().out())
        .contains("\"beta\"");
    terroir.run("environment build -n demo --to", "oci:" + folder.resolve("out") + ":1").succeeds();
    assertThat(
            terroir
                .run("image inspect", "oci:" + folder.resolve("out") + ":1")
                .json()
                .string("digest"))
        .isEqualTo(built.string("digest"));
  }

  @Test
  void whatAnotherRepositoryOfTheWorkspaceHasIsNotSentAgain() throws IOException {
    terroir.run("workspace update --container-registry " + team()).succeeds();
    register("demo", "beta");
    terroir.run("environment build -n demo").succeeds();
    WheelHouse.wheel(
        folder.resolve("wheels"),
        "gamma",
        "1.0",
        List.of(),
        java.util.Map.of("gamma/__init__.py", "VALUE = 3\n"));
    register("more", "beta", "gamma");
    var more = terroir.run("environment build --verbose -n more").succeeds();

    var told = more.err().replaceAll("(?s).* ([0-9]+) bytes written.*", "$1");
    assertThat(Long.parseLong(told)).as(more.err()).isLessThan(60_000);
  }

  @Test
  void withoutCredentialsOrServiceItIsToldAndTheOwnRegistryServesAgain() throws IOException {
    terroir.run("workspace update --container-registry " + team()).succeeds();
    register("demo", "beta");
    Files.writeString(registry.credentials(), "{\"auths\": {}}");
    var denied = terroir.run("environment build -n demo");
    assertThat(denied.code()).isEqualTo(4);
    assertThat(denied.err()).contains("[registry-denied]", registry.address());
    registry.close();
    assertThat(terroir.run("environment build -n demo").err())
        .contains("[registry-unreachable]", registry.address());

    var shown = terroir.run("workspace update --container-registry own").succeeds().json();
    assertThat(shown.optionalString("containerRegistry")).isEmpty();
    var built = terroir.run("environment build -n demo").succeeds().json();
    assertThat(built.string("image"))
        .isEqualTo(built.string("repository") + "@" + built.string("digest"));
  }

  @Test
  void runsAndServicesPullFromIt() throws Exception {
    assumeTrue(
        Engine.of(Engine.Kind.PODMAN, terroir.settings).isPresent(),
        "podman is not there or does not answer");
    terroir.run("workspace create -n other --container-registry " + team()).succeeds();
    register("demo", "alpha");
    terroir.write("source/main.py", "import alpha, sys; print(alpha.VERSION, sys.prefix)");
    terroir.write(
        ".azureml/inside.runconfig", "script: main.py\ntarget: docker\nenvironment: {name: x}\n");
    var run =
        terroir
            .run(
                "run submit-script -e test --output json -c inside --environment demo --source "
                    + terroir.project.resolve("source")
                    + " main.py")
            .succeeds()
            .json();
    assertThat(run.string("status")).isEqualTo("Completed");
    assertThat(registry.log())
        .as("podman took it from there")
        .contains("GET /v2/team/azureml/azureml_");

    terroir.write(
        "app/score.py",
        """
        def init():
            pass
        def run(data):
            import sys
            return sys.prefix
        """);
    terroir.write("deploy.json", "{\"computeType\": \"docker\"}");
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
          .contains("/opt/env");
    } finally {
      terroir
          .process(List.of(), "service delete -n test-service --path " + terroir.project)
          .succeeds();
    }
  }

  @Test
  void aWorkspaceHasDefaultBasesOfItsOwn() throws IOException {
    var base = DebianBase.location();
    terroir.environment("demo", "beta");
    assumeTrue(Terroir.python().equals(DebianBase.python()), "one Python on both sides");
    terroir.run("environment register -d " + terroir.directory()).succeeds();
    terroir.run("workspace update --default-base cpu-python=oci:nowhere:{python}").succeeds();
    var refused = terroir.run("environment build -n demo");
    assertThat(refused.err())
        .contains(
            "[image-not-found]",
            terroir.project.resolve("nowhere").toString(),
            "`terroir workspace update --default-base cpu-python=REF`");

    terroir.run("workspace update --default-base cpu-python=" + base).succeeds();
    var built = terroir.run("environment build -n demo").succeeds().json();
    assertThat(built.object("base").string("reference")).isEqualTo(base);
    var shown = terroir.run("workspace show").succeeds().json();
    assertThat(shown.object("defaultBases").string("cpu-python")).isEqualTo(base);
    assertThat(shown.object("defaultBases").string("gpu-python"))
        .isEqualTo("docker://python:{python}-slim");
    var needed = "environment build -n demo --if-needed";
    assertThat(terroir.run(needed).succeeds().json().optionalBoolean("isCached")).contains(true);
    try (var from = new OciLayout(Path.of(base.split(":")[1])).source("debian");
        var to = new OciLayout(folder.resolve("other")).target()) {
      Copy.with(Progress.SILENT).run(from, to, null, List.of("other"));
    }
    terroir
        .run("workspace update --default-base cpu-python=oci:" + folder.resolve("other") + ":other")
        .succeeds();
    var onOther = terroir.run(needed).succeeds().json();
    assertThat(onOther.optionalBoolean("isCached"))
        .as("an image on a former default serves no more")
        .contains(false);
    assertThat(onOther.object("base").string("reference")).contains(":other");
    terroir.run("environment build -n demo --base " + base).succeeds();
    terroir.run("workspace update --default-base cpu-python=oci:nowhere:1").succeeds();
    assertThat(terroir.run(needed).succeeds().json().optionalBoolean("isCached"))
        .as("one on a base that was chosen does")
        .contains(true);
    var back = terroir.run("workspace update --default-base cpu-python=").succeeds().json();
    assertThat(back.object("defaultBases").string("cpu-python"))
        .isEqualTo("docker://python:{python}-slim");
  }

  @Test
  void whatNamesNoRegistryAndNoKindIsRefusedAndNothingChanges() {
    for (var bad :
        List.of(
            "oci:folder",
            "docker://team",
            "https://registry.example.com",
            "registry.example.com/Team",
            "registry.example.com/team:1")) {
      var refused = terroir.run("workspace update --container-registry " + bad);
      assertThat(refused.code()).as(bad).isEqualTo(2);
      assertThat(refused.err()).as(bad).contains("[invalid-image-reference]");
    }
    assertThat(
            terroir
                .run("workspace update --container-registry me:s3cr3t@registry.example.com")
                .err())
        .contains("`docker login`")
        .doesNotContain("s3cr3t");
    assertThat(terroir.run("workspace update --default-base tpu=x").err())
        .contains("`cpu-python`, `gpu`");
    assertThat(terroir.run("workspace update --default-base gpu=Bad/Name").err())
        .contains("[invalid-image-reference]");
    assertThat(terroir.run("workspace update").err()).contains("--default-base");
    assertThat(terroir.run("workspace show").succeeds().json().optionalString("containerRegistry"))
        .isEmpty();
  }
}
