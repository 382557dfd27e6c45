package dev.terroir.compute.configuration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A run configuration, of both generations of the file, YAML or JSON")
class RunConfigurationTest {
  @TempDir Path project;
  private final List<String> warnings = new ArrayList<>();

  private RunConfiguration read(String text) throws IOException {
    return RunConfiguration.read(
        Files.writeString(project.resolve("own.runconfig"), text), project, warnings::add);
  }

  private static final String FIRST =
      """
      ArgumentVector:
      - $file
      - --rate=0.1
      CondaDependenciesFile: packages.yml
      EnvironmentVariables: null
      Framework: PySpark
      Target: pool
      """;

  @Test
  void theFirstGenerationHasKeysOfItsOwn() throws IOException {
    Files.writeString(project.resolve("packages.yml"), "dependencies: [python=3.11, numpy]\n");
    var run = read(FIRST);
    assertThat(run.arguments()).containsExactly("--rate=0.1");
    assertThat(run.target()).isEqualTo("pool");
    assertThat(run.framework()).isEqualTo("PySpark");
    var environment = requireNonNull(run.environment());
    assertThat(environment.condaDependencies().orElseThrow().condaPackages())
        .containsExactly("python=3.11", "numpy");
    assertThat(warnings).isEmpty();
  }

  @Test
  void aCondaFileThatIsNotThereIsToldInBothGenerations() throws IOException {
    assertThat(read(FIRST).environment()).isNull();
    read("script: a.py\nenvironment: {python: {condaDependenciesFile: packages.yml}}\n");
    assertThat(warnings)
        .hasSize(2)
        .containsOnly("the conda file " + project.resolve("packages.yml") + " is not there");
  }

  @Test
  void editorsWriteItAsJsonWithTabs() throws IOException {
    var run =
        read(
            """
            {
            \t"script": "train.py",
            \t"target": "pool",
            \t"environment": {
            \t\t"python": {"condaDependencies": {"dependencies": ["python=3.11", {"pip": ["six"]}]}},
            \t\t"docker": {"baseImage": "team/base:1", "enabled": true}
            \t}
            }
            """);
    assertThat(run.script()).isEqualTo("train.py");
    var environment = requireNonNull(run.environment());
    assertThat(environment.docker().baseImage()).isEqualTo("team/base:1");
    assertThat(environment.condaDependencies().orElseThrow().pipPackages()).containsExactly("six");
  }
}
