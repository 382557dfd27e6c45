package dev.terroir.workspace.images;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.MediaType;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The image of a workspace that serves a definition")
class WorkspaceImagesTest {
  private static final Environment DEMO =
      Environment.of("demo", CondaDependencies.create(List.of("numpy"), List.of(), "3.12"));

  @TempDir Path folder;

  private LocalWorkspace workspace() {
    var settings = Settings.of(Map.of("TERROIR_HOME", folder.toString()));
    return Workspace.create("team", null, true, settings, Progress.SILENT);
  }

  /// Remembers an image of [#DEMO] whose manifest is in the workspace's registry.
  private void remember(LocalWorkspace workspace, String base, boolean isOnDefaultBase) {
    remember(workspace, base, isOnDefaultBase, List.of());
  }

  private void remember(
      LocalWorkspace workspace, String base, boolean isOnDefaultBase, List<String> linkScripts) {
    var stored = new OciLayout(workspace.directory().resolve("registry")).blobs().put(new byte[4]);
    var manifest = Descriptor.of(MediaType.MANIFEST, stored.digest(), stored.sizeBytes());
    var hash = CanonicalForm.hash(DEMO);
    workspace
        .images()
        .records()
        .add(
            new BuiltImage(
                hash,
                null,
                Platform.LINUX_AMD64,
                DefinitionImages.repositoryOf(hash),
                manifest,
                base,
                stored.digest(),
                "/opt/env",
                "/opt/env/bin/python",
                true,
                List.of(
                    new BuiltImage.BuiltLayer(
                        Descriptor.of(MediaType.LAYER_GZIP, stored.digest(), 4),
                        stored.digest(),
                        List.of("posted 1.0 0"))),
                4,
                List.of(),
                linkScripts),
            isOnDefaultBase);
  }

  private static boolean isServed(LocalWorkspace workspace) {
    return workspace.images().find(DefinitionImages.Wish.of(DEMO, Path.of(""))).isPresent();
  }

  @Test
  void oneServesAsLongAsTheSameLinkScriptsAreAllowed() {
    try (var workspace = workspace()) {
      var base = "docker://docker.io/library/python:3.12-slim";
      remember(workspace, base, true);
      assertThat(isServed(workspace)).isTrue();
      allow(workspace, "absent");
      assertThat(isServed(workspace)).as("a package that is not in it").isTrue();
      allow(workspace, "absent", "posted");
      assertThat(isServed(workspace)).as("it was built without").isFalse();
      remember(workspace, base, true, List.of("posted"));
      assertThat(isServed(workspace)).isTrue();
      allow(workspace);
      assertThat(isServed(workspace)).as("it was built with it").isFalse();
    }
  }

  private static void allow(Workspace workspace, String... linkScripts) {
    workspace.update(before ->
        before.withConda(
            new CondaOptions(
                CondaOptions.Source.CHANNELS,
                CondaOptions.Restricted.WARN,
                "",
                List.of(),
                List.of(linkScripts),
                List.of())));
  }

  @Test
  void oneOnTheDefaultBaseServesAsLongAsThatIsTheDefault() {
    try (var workspace = workspace()) {
      assertThat(isServed(workspace)).isFalse();
      remember(workspace, "docker://docker.io/library/python:3.12-slim", true);
      assertThat(isServed(workspace)).isTrue();
      workspace.update(before ->
          before.withDefaultBase(
              DefaultBases.Kind.GPU_PYTHON, "registry.example.com/gpu:{python}", folder));
      assertThat(isServed(workspace)).as("the default of another kind").isTrue();
      workspace.update(before ->
          before.withDefaultBase(
              DefaultBases.Kind.CPU_PYTHON, "registry.example.com/python:{python}", folder));
      assertThat(isServed(workspace)).isFalse();
      remember(workspace, "docker://registry.example.com/python:3.12", true);
      assertThat(isServed(workspace)).isTrue();
    }
  }

  @Test
  void oneOnABaseThatWasChosenServesWhateverTheDefaultIs() {
    try (var workspace = workspace()) {
      remember(workspace, "docker://registry.example.com/chosen:1", false);
      assertThat(isServed(workspace)).isTrue();
    }
  }
}
