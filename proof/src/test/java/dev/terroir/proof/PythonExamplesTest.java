package dev.terroir.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.cli.DebianBase;
import dev.terroir.cli.LoopbackRegistry;
import dev.terroir.cli.OwnStore;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The examples in Python: each runs as its README says")
class PythonExamplesTest {
  @TempDir Path folder;
  private Map<String, String> variables;
  private Path examples;

  @BeforeEach
  void begin() throws IOException {
    variables = Clients.variables(folder);
    Files.createDirectories(folder.resolve("people"));
    examples = folder.resolve("examples");
    Trees.copy(Path.of(System.getProperty("terroir.root"), "examples/python"), examples);
  }

  private String run(String example, String... command) {
    var result =
        new Command(List.of(command), variables, examples.resolve(example), Duration.ofMinutes(8))
            .run();
    assertThat(result.isSuccess()).as(result.output() + result.error()).isTrue();
    return result.output();
  }

  private String main(String example) throws IOException {
    return run(example, Clients.python("examples-python", "pip").toString(), "main.py");
  }

  @Test
  void aModelIsTrainedAndServedInOneEnvironment() throws IOException {
    assertThat(main("train-and-deploy")).contains("Healthy http://", "answer {'labels': [");
  }

  @Test
  void aSavedEnvironmentOfTheRetiredServiceIsBroughtAlong() throws IOException {
    assertThat(main("saved-environment")).contains("123.5 MB", "ran in reports 1");
  }

  @Test
  void aPackageOfOnesOwnIsUsed() throws IOException {
    assertThat(main("private-wheel")).contains("house_style-1.0-py3-none-any.whl");
  }

  @Test
  void aDockerfileDescribesTheBase() throws IOException {
    variables.putAll(
        OwnStore.variables(Files.createDirectories(folder.resolve("engine")), "overlay"));
    try (var registry = LoopbackRegistry.start(folder.resolve("registry"))) {
      var base = registry.address() + "/debian:12";
      variables.put("REGISTRY_AUTH_FILE", registry.credentials().toString());
      Files.writeString(
          folder.resolve("registries.conf"),
          "[[registry]]\nlocation = \"" + registry.address() + "\"\ninsecure = true\n");
      variables.put("CONTAINERS_REGISTRIES_CONF", folder.resolve("registries.conf").toString());
      run(
          "dockerfile",
          "skopeo",
          "copy",
          "--quiet",
          "--dest-tls-verify=false",
          DebianBase.location(),
          "docker://" + base);
      variables.put("EXAMPLE_BASE", base);
      variables.put("EXAMPLE_PYTHON", DebianBase.python());
      assertThat(main("dockerfile")).contains("with humanize 4.11.0");
    }
  }

  @Test
  void aNotebookRunsFromBeginningToEnd() throws IOException {
    var python = Clients.python("notebook-python", "nbconvert", "ipykernel");
    variables.put("JUPYTER_DATA_DIR", folder.resolve("jupyter").toString());
    run(
        "notebook",
        python.toString(),
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--output",
        "done.ipynb",
        "run.ipynb");
    assertThat(Files.readString(examples.resolve("notebook/done.ipynb")))
        .contains("hello from the script", "text/html", "examples");
  }
}
