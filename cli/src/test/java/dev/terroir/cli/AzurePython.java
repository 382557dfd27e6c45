package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The real azure-cli, which tests share.
public final class AzurePython {
  private static final Path ROOT = Path.of(System.getProperty("terroir.root"));

  private AzurePython() {}

  /// A Python with the real azure-cli, made once for all runs of the tests.
  public static synchronized Path shared() throws IOException {
    var tools = Files.createDirectories(ROOT.resolve("cli/target/test-tools"));
    var venv = tools.resolve("azure-cli");
    var python = venv.resolve("bin/python");
    var whole = venv.resolve("whole");
    if (!Files.exists(whole)) {
      uv("venv", "--clear", "--python", "python3", venv.toString());
      uv("pip", "install", "--python", python.toString(), "pip", "azure-cli==2.91.0");
      Files.createFile(whole);
    }
    return python;
  }

  private static void uv(String... words) {
    var command = new ArrayList<>(List.of(Terroir.uv().toString()));
    command.addAll(List.of(words));
    var result =
        new Command(command, Settings.system().variables(), null, Duration.ofMinutes(9)).run();
    assertThat(result.exitCode()).describedAs(result.output() + result.error()).isZero();
  }
}
