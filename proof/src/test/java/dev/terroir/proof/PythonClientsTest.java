package dev.terroir.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The Python clients: their own tests, by clients/python/test")
class PythonClientsTest {
  @TempDir Path folder;

  @Test
  void theirOwnTestsPassAgainstTheDistribution() throws IOException {
    var root = Path.of(System.getProperty("terroir.root"));
    var variables = Clients.variables(folder);
    Files.createDirectories(folder.resolve("people"));
    // The tools of the tests are made once for all runs.
    variables.put("XDG_CACHE_HOME", root.resolve("proof/target/client-tests").toString());
    var result =
        new Command(
                List.of(
                    "python3",
                    root.resolve("clients/python/test").toString(),
                    "terroir",
                    "terroir-azureml"),
                variables,
                root,
                Duration.ofMinutes(15))
            .run();
    assertThat(result.exitCode()).as(result.output() + result.error()).isZero();
    assertThat(result.output())
        .contains("passed tests of terroir ", "passed tests of terroir-azureml");
  }
}
