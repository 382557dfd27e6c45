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

  /// The package that answers to the names of the retired service's Python SDK.
  public static final String COMPATIBILITY = "terroir-azureml";

  private static final List<String> CLIENT_AND_SERVER = List.of(COMPATIBILITY, INFERENCE_SERVER);

  /// The table of a new workspace.
  public static final Replacements DEFAULT = new Replacements(defaults());

  private static Map<String, List<String>> defaults() {
    var table = new TreeMap<String, List<String>>();
    for (var whole :
        List.of("azureml-defaults", "azureml-core", "azureml-sdk", "azureml-contrib-services")) {
      table.put(whole, CLIENT_AND_SERVER);
    }
    for (var client :
        List.of(
            "azureml-contrib-interpret",
            "azureml-contrib-notebook",
            "azureml-contrib-pipeline-steps",
            "azureml-explain-model",
            "azureml-interpret",
            "azureml-monitoring",
            "azureml-opendatasets",
            "azureml-pipeline",
            "azureml-pipeline-core",
            "azureml-pipeline-steps",
            "azureml-train",
            "azureml-train-core",
            "azureml-telemetry",
            "azureml-widgets")) {
      table.put(client, List.of(COMPATIBILITY));
    }
    // They brought what datasets are read with.
    for (var data : List.of("azureml-dataprep", "azureml-dataset-runtime")) {
      table.put(data, List.of(COMPATIBILITY, "pandas", "pyarrow"));
    }
    // The releases that scripts of that time know; the client is its plug-in.
    table.put("azureml-mlflow", List.of(COMPATIBILITY, "mlflow-skinny<3"));
    table.put("azureml-tensorboard", List.of(COMPATIBILITY, "tensorboard"));
    for (var without :
        List.of(
            "azureml-automl-core",
            "azureml-automl-runtime",
            "azureml-contrib-dataset",
            "azureml-contrib-fairness",
            "azureml-contrib-reinforcementlearning",
            "azureml-datadrift",
            "azureml-train-restclients-hyperdrive",
            "azureml-model-management-sdk",
            "azureml-train-automl",
            "azureml-train-automl-client",
            "azureml-train-automl-runtime")) {
      table.put(without, List.of());
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
