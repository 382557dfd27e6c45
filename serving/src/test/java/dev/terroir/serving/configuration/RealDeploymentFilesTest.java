package dev.terroir.serving.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Real inference and deployment configurations of public repositories")
class RealDeploymentFilesTest {
  private static void every(String kind, Consumer<Path> load) {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty(), "conformance data");
    var folder = Path.of(root, "files");
    var loaded = 0;
    var refused = 0;
    for (var entry : JsonReader.readObject(folder.resolve("manifest.json")).objects("files")) {
      var file = folder.resolve(entry.string("path"));
      if (entry.string("kind").equals(kind) && Files.exists(file)) {
        try {
          load.accept(file);
          loaded++;
          assertThat(entry.optionalBoolean("loads").orElse(true)).as(file.toString()).isTrue();
        } catch (TerroirException e) {
          refused++;
          assertThat(e.problem().render()).contains(file.getFileName().toString());
          assertThat(entry.optionalBoolean("loads").orElse(true))
              .as(e.problem().render())
              .isFalse();
        }
      }
    }
    System.err.println(kind + ": " + loaded + " loaded, " + refused + " refused");
    assertThat(loaded).isPositive();
  }

  @Test
  void inferenceConfigurations() {
    every(
        "inferenceconfig",
        file ->
            assertThat(InferenceConfig.read(file, file.getParent(), warning -> {}).entryScript())
                .endsWith(".py"));
  }

  @Test
  void deploymentConfigurations() {
    every(
        "deploymentconfig",
        file ->
            assertThat(DeploymentConfig.read(file, warning -> {}).computeType())
                .isIn("local", "aci", "aks"));
  }
}
