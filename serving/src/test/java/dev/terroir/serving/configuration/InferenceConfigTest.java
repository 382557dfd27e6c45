package dev.terroir.serving.configuration;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.environment.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An inference configuration of the service's first version")
class InferenceConfigTest {
  @TempDir Path project;
  private final List<String> warnings = new ArrayList<>();

  private InferenceConfig read(String json) throws IOException {
    return InferenceConfig.read(
        Files.writeString(project.resolve("inference.json"), json), project, warnings::add);
  }

  private void conda(String path, String packages) throws IOException {
    var file = project.resolve(path);
    Files.createDirectories(requireNonNull(file.getParent()));
    Files.writeString(file, "name: made\ndependencies: [" + packages + "]\n");
  }

  private static List<String> packages(InferenceConfig config) {
    return condaPackages(requireNonNull(config.environment()));
  }

  private static List<String> condaPackages(Environment environment) {
    return environment.condaDependencies().orElseThrow().condaPackages();
  }

  @Test
  void itsCondaFileLiesBelowTheSourceDirectory() throws IOException {
    conda("scoring/env.yml", "python=3.11, numpy");
    conda("env.yml", "python=3.10");
    var config =
        read(
            """
            {"entryScript": "score.py", "condaFile": "env.yml", "sourceDirectory": "scoring"}
            """);
    assertThat(packages(config)).containsExactly("python=3.11", "numpy");
    assertThat(warnings).isEmpty();
  }

  @Test
  void theCondaFileOfAnEnvironmentInsideIsRead() throws IOException {
    conda("scoring/env.yml", "python=3.11, numpy");
    var json =
        """
        {"entryScript": "score.py", "sourceDirectory": "scoring",
         "environment": {"python": {"condaDependenciesFile": "env.yml"%s}}}
        """;
    assertThat(packages(read(json.formatted("")))).containsExactly("python=3.11", "numpy");
    assertThat(warnings).isEmpty();
    assertThat(
            packages(
                read(
                    json.formatted(
                        ", \"condaDependencies\": {\"dependencies\": [\"python=3.9\"]}"))))
        .containsExactly("python=3.9");
    read(json.formatted("").replace("env.yml", "gone.yml"));
    assertThat(warnings).singleElement().asString().contains("`gone.yml` is not there");
  }

  @Test
  void aCondaFileThatIsOnlyInTheProjectIsTakenFromThere() throws IOException {
    conda("config/env.yml", "python=3.10");
    var config =
        read(
            """
            {"entryScript": "score.py", "condaFile": "config/env.yml", "sourceDirectory": "scoring"}
            """);
    assertThat(packages(config)).containsExactly("python=3.10");
  }

  @Test
  void aCondaFileThatIsNowhereIsTold() throws IOException {
    var config = read("{\"entryScript\": \"score.py\",\n \"condaFile\": \"env.yml\"}");
    assertThat(config.environment()).isNull();
    assertThat(warnings)
        .containsExactly(
            "the conda file `env.yml` is not there ("
                + project.resolve("inference.json")
                + ":2:15, field `condaFile`)");
  }

  @Test
  void theBaseImageIsThatOfTheEnvironment() throws IOException {
    conda("env.yml", "python=3.11");
    var config =
        read(
            """
            {"entryScript": "score.py", "condaFile": "env.yml", "baseImage": "team/base:1",
             "baseImageRegistry": {"address": "registry.test", "username": "me", "password": "x"}}
            """);
    var docker = requireNonNull(config.environment()).docker();
    assertThat(docker.baseImage()).isEqualTo("team/base:1");
    assertThat(docker.baseImageRegistry().address()).isEqualTo("registry.test");
    assertThat(docker.toJson(true).toString()).doesNotContain("\"x\"");
    assertThat(warnings).singleElement().asString().contains("password was not taken over");
  }

  @Test
  void whatIsLeftAsideIsTold() throws IOException {
    conda("env.yml", "python=3.11");
    read(
        """
        {"entryScript": "score.py", "condaFile": "env.yml", "runtime": "spark-py",
         "extraDockerfileSteps": "steps", "enableGpu": true}
        """);
    assertThat(warnings)
        .hasSize(3)
        .anySatisfy(text -> assertThat(text).startsWith("`runtime` is left aside: "))
        .anySatisfy(text -> assertThat(text).startsWith("`extraDockerfileSteps` is left aside: "))
        .anySatisfy(text -> assertThat(text).startsWith("`enableGpu` is left aside: "));
  }

  @Test
  void anEnvironmentInItCountsBeforeTheOlderKeys() throws IOException {
    conda("env.yml", "python=3.11");
    var config =
        read(
            """
            {"entryScript": "score.py", "condaFile": "env.yml", "baseImage": "team/base:1",
             "environment": {"name": "mine", "docker": {"baseImage": "team/other:2"},
               "python": {"condaDependencies": {"dependencies": ["python=3.9"]}}}}
            """);
    assertThat(packages(config)).containsExactly("python=3.9");
    assertThat(requireNonNull(config.environment()).docker().baseImage()).isEqualTo("team/other:2");
    assertThat(warnings)
        .containsExactly(
            "`condaFile` and `baseImage` are left aside, because the configuration holds an"
                + " `environment` ("
                + project.resolve("inference.json")
                + ")");
  }
}
