package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.engine.Engine;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.images.ImageBuild;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Environment.build, build_local and get_image_details of the Java SDK")
class BuildSdkTest {
  @TempDir Path folder;
  private Terroir terroir;
  private LocalWorkspace workspace;

  @BeforeEach
  void open() throws IOException {
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    terroir = new Terroir(folder, variables);
    workspace = Workspace.create("team", null, true, terroir.settings, Progress.SILENT);
    var base = DebianBase.location();
    workspace.update(before -> before.withDefaultBase(DefaultBases.Kind.CPU_PYTHON, base, folder));
  }

  @AfterEach
  void close() {
    workspace.close();
  }

  private static Environment demo() {
    return Environment.of(
        "demo", CondaDependencies.create(List.of("beta"), List.of(), DebianBase.python()));
  }

  @Test
  void buildRegistersAndTellsItsStatusAndTheDetailsHaveEveryProperty() {
    var environment = demo();
    var before = environment.getImageDetails(workspace);
    assertThat(before.imageExists()).isFalse();

    var build = environment.build(workspace);
    var said = new ArrayList<String>();
    var image = build.waitForCompletion(said::add).image();
    assertThat(build.status()).isEqualTo(ImageBuild.Status.SUCCEEDED);
    assertThat(said).last().isEqualTo("Image Build Status: Succeeded");
    assertThat(build.log().orElseThrow()).content().contains("layers made");
    assertThat(build.error()).isEmpty();
    assertThat(workspace.environments().get("demo", "1", null).hash())
        .isEqualTo(image.definitionHash());

    var details = environment.getImageDetails(workspace);
    assertThat(details.imageExists()).isTrue();
    assertThat(details.repository()).isEqualTo("azureml/azureml_" + image.definitionHash());
    assertThat(details.registry()).isNull();
    assertThat(details.image()).isEqualTo(details.repository() + "@" + image.manifest().digest());
    assertThat(details.dockerfile()).startsWith("FROM ").contains("beta==1.0 --hash=sha256:");
    assertThat(details.environmentPath()).isEqualTo("/opt/env");
    assertThat(details.interpreterPath()).isEqualTo("/opt/env/bin/python");
    assertThat(details.toJson().members().keySet())
        .containsExactlyInAnyOrder(
            "imageExistsInRegistry",
            "ingredients",
            "vulnerabilityFindings",
            "pythonEnvironment",
            "dockerImage",
            "imageCapabilities",
            "warnings");
  }

  @Test
  void aBuildThatFailsSaysWhyAndOneThatIsCanceledSaysThat() {
    var nothing =
        Environment.of(
            "nothing",
            CondaDependencies.create(List.of("no-such-package"), List.of(), DebianBase.python()));
    var failed = nothing.build(workspace);
    assertThatThrownBy(() -> failed.waitForCompletion(_ -> {}))
        .isInstanceOf(TerroirException.class);
    assertThat(failed.status().word()).isEqualTo("Failed");
    assertThat(failed.error().orElseThrow().render()).contains("no-such-package");

    var canceled = demo().build(workspace);
    canceled.cancel();
    assertThatThrownBy(() -> canceled.waitForCompletion(_ -> {}))
        .isInstanceOf(TerroirException.class);
    assertThat(canceled.status().word()).isEqualTo("Canceled");
    assertThat(canceled.error().orElseThrow().code()).isEqualTo(FoundationCode.CANCELED);
    assertThat(demo().getImageDetails(workspace).imageExists()).isFalse();
    demo().build(workspace).waitForCompletion(_ -> {});
    assertThat(demo().getImageDetails(workspace).imageExists()).isTrue();
  }

  @Test
  void aRegisteredEnvironmentThatWasChangedIsRegisteredAsTheNextVersion() {
    var first = workspace.environments().register(demo()).environment();
    var changed =
        first.withCondaDependencies(
            CondaDependencies.create(List.of("alpha"), List.of(), DebianBase.python()));
    changed.build(workspace).waitForCompletion(_ -> {});
    assertThat(workspace.environments().get("demo", "2", null).hash())
        .isEqualTo(CanonicalForm.hash(changed));
    first.build(workspace).waitForCompletion(_ -> {});
    assertThat(workspace.environments().versions("demo")).hasSize(2);
  }

  @Test
  void buildLocalMakesAFolder() {
    assumeTrue(Terroir.python().equals(DebianBase.python()), "one Python on both sides");
    var built = demo().buildLocal(workspace, false, false);
    assertThat(built)
        .isInstanceOfSatisfying(
            Workspace.LocalBuild.Installed.class,
            it -> assertThat(it.ready().python().python()).isExecutable());
    assertThatThrownBy(() -> demo().buildLocal(workspace, false, true))
        .hasMessageContaining("useDocker");
  }

  @Test
  void buildLocalWithDockerMakesAnImageInTheEngineAndPushesItOnlyWhenAsked() {
    assumeTrue(
        Engine.of(Engine.Kind.PODMAN, terroir.settings).isPresent(),
        "podman is not there or does not answer");
    var engine = Engine.of(Engine.Kind.PODMAN, terroir.settings).orElseThrow();
    var local = (Workspace.LocalBuild.InEngine) demo().buildLocal(workspace, true, false);
    assertThat(engine.exists(local.name())).isTrue();
    assertThat(local.isPushed()).isFalse();
    assertThat(demo().getImageDetails(workspace).imageExists()).isFalse();
    assertThat(workspace.directory().resolve("registry")).doesNotExist();

    var pushed = (Workspace.LocalBuild.InEngine) demo().buildLocal(workspace, true, true);
    assertThat(pushed.image().manifest()).isEqualTo(local.image().manifest());
    assertThat(pushed.isPushed()).isTrue();
    assertThat(demo().getImageDetails(workspace).imageExists()).isTrue();

    var shown =
        terroir
            .run("environment build-local -n demo --use-docker --workspace team")
            .succeeds()
            .json();
    assertThat(shown.string("imageId")).isEqualTo(local.name());
    assertThat(terroir.run("environment build-local -n demo --push-image --workspace team").err())
        .contains("--use-docker");
  }
}
