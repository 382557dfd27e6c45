package dev.terroir.resolve;

import dev.terroir.environment.conda.CondaDependency;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Packages that only made sense in the retired service, and what takes their place. Immutable.
///
/// @param table normalised project name to the requirement lines instead; no line for none
/// @since 0.1
public record Replacements(Map<String, List<String>> table) {
  /// What a scoring service needs.
  public static final String INFERENCE_SERVER = "azureml-inference-server-http";

  private static final List<String> SERVER = List.of(INFERENCE_SERVER);

  /// The table of a new workspace.
  public static final Replacements DEFAULT = new Replacements(defaults());

  private static Map<String, List<String>> defaults() {
    var table = new TreeMap<String, List<String>>();
    table.put("azureml-defaults", SERVER);
    table.put("azureml-core", SERVER);
    table.put("azureml-sdk", SERVER);
    for (var client :
        List.of(
            "azureml-telemetry",
            "azureml-pipeline",
            "azureml-pipeline-core",
            "azureml-pipeline-steps",
            "azureml-train",
            "azureml-train-core",
            "azureml-train-restclients-hyperdrive",
            "azureml-widgets",
            "azureml-model-management-sdk",
            "azureml-contrib-services")) {
      table.put(client, List.of());
    }
    return table;
  }

  /// The lines after replacement.
  ///
  /// @param lines lines for pip
  /// @param applied receives each name and what took its place
  public List<String> apply(List<String> lines, Map<String, String> applied) {
    var result = new ArrayList<String>();
    for (var line : lines) {
      @Nullable List<String> instead = CondaDependency.pipName(line).map(table::get).orElse(null);
      if (instead == null) {
        result.add(line);
        continue;
      }
      applied.put(
          CondaDependency.pipName(line).orElseThrow(),
          instead.isEmpty() ? "(nothing)" : String.join(", ", instead));
      for (var replacement : instead) {
        if (!result.contains(replacement)) {
          result.add(replacement);
        }
      }
    }
    return result;
  }
}
