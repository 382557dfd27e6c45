package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("az ml, by the extension in clients/python/terroir-az")
class AzExtensionTest {
  private static final Path ROOT = Path.of(System.getProperty("terroir.root"));

  @TempDir Path folder;

  @Test
  void theCommandsOfTheFirstGenerationWorkInAz() throws IOException {
    var python = AzurePython.shared();
    var terroir = new Terroir(folder);
    var launcher = folder.resolve("terroir");
    Files.writeString(
        launcher, "#!/bin/sh\nexec " + terroir.commandLine("MARK").replace(" MARK", " \"$@\"\n"));
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
    var outcome =
        terroir.process(
            List.of(
                "env",
                "TERROIR_COMMAND=" + launcher,
                python.toString(),
                ROOT.resolve("clients/python/terroir-az/tests/test_az.py").toString()),
            List.of("-v"));
    assertThat(outcome.code()).describedAs(outcome.out() + outcome.err()).isZero();
    assertThat(outcome.err()).contains("Ran 9 tests").doesNotContain("skipped");
  }
}
