package dev.terroir.proof;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// The real `az` with Terroir's extension.
final class AzureCli {
  private AzureCli() {}

  /// The program; the variables get what it needs to work with nothing of the user's own.
  static Path az(Path folder, Map<String, String> variables) throws IOException {
    variables.put("AZURE_CONFIG_DIR", folder.resolve("azure").toString());
    variables.put("AZURE_CORE_COLLECT_TELEMETRY", "0");
    variables.put("AZURE_CORE_NO_COLOR", "1");
    var python = Clients.python("azure-cli", "azure-cli", "terroir-az");
    return python.resolveSibling("az");
  }
}
