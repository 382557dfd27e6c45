package dev.terroir.compute.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.compute.snapshot.IgnoreRules;
import dev.terroir.foundation.json.JsonReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Real .runconfig and .amlignore files of public repositories")
class RealRunConfigurationsTest {
  private static List<Path> files(String kind) {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty(), "conformance data");
    var folder = Path.of(root, "files");
    return JsonReader.readObject(folder.resolve("manifest.json")).objects("files").stream()
        .filter(entry -> entry.string("kind").equals(kind))
        .map(entry -> folder.resolve(entry.string("path")))
        .filter(Files::exists)
        .toList();
  }

  @Test
  void runConfigurationsOfBothGenerationsAreRead() {
    var files = files("runconfig");
    for (var file : files) {
      var project = file.getParent().getParent();
      var configuration = RunConfiguration.read(file, project, warning -> {});
      assertThat(configuration.framework()).as(file.toString()).isNotEmpty();
      assertThat(configuration.target()).as(file.toString()).isNotEmpty();
    }
    System.err.println("runconfig: " + files.size() + " loaded");
    assertThat(files).isNotEmpty();
  }

  @Test
  void ignoreFilesAreRead() {
    var files = files("amlignore");
    for (var file : files) {
      assertThat(IgnoreRules.read(file.getParent()).isIgnored(".git", true)).isTrue();
    }
    System.err.println("amlignore: " + files.size() + " loaded");
    assertThat(files).isNotEmpty();
  }
}
