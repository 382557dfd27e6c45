package dev.terroir.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.cli.AzurePython;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// The real `az` with Terroir's extension.
final class AzureCli {
  private AzureCli() {}

  /// The program; the variables get what it needs to work with nothing of the user's own.
  static Path az(Path folder, Map<String, String> variables) throws IOException {
    variables.put("AZURE_CONFIG_DIR", folder.resolve("azure").toString());
    variables.put("AZURE_EXTENSION_DIR", folder.resolve("azure-extensions").toString());
    variables.put("AZURE_CORE_COLLECT_TELEMETRY", "0");
    variables.put("AZURE_CORE_NO_COLOR", "1");
    var az = AzurePython.shared().resolveSibling("az");
    Path wheel;
    try (var wheels = Files.list(Clients.wheels())) {
      wheel =
          wheels
              .filter(file -> file.getFileName().toString().startsWith("terroir_az-"))
              .findFirst()
              .orElseThrow();
    }
    var result =
        new Command(
                List.of(az.toString(), "extension", "add", "--source", wheel.toString(), "-y"),
                variables,
                null,
                Duration.ofMinutes(5))
            .run();
    assertThat(result.isSuccess()).as(result.output() + result.error()).isTrue();
    return az;
  }
}
