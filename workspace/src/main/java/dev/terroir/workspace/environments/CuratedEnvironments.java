package dev.terroir.workspace.environments;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The environments that come with Terroir: data files, read-only, named with the reserved prefix.
///
/// @since 0.1
public final class CuratedEnvironments {
  private static final List<String> NAMES =
      List.of(
          "AzureML-LightGBM-XGBoost",
          "AzureML-Minimal",
          "AzureML-PyTorch-CPU",
          "AzureML-Scikit-learn",
          "AzureML-TensorFlow-CPU",
          "AzureML-Tutorial");

  private CuratedEnvironments() {}

  /// All of them, by name.
  public static List<Environment> all() {
    var all = new ArrayList<Environment>();
    NAMES.forEach(name -> all.add(read(name)));
    return all;
  }

  /// Their definitions in the service's JSON, by name.
  static List<JsonObject> definitions() {
    return NAMES.stream().map(CuratedEnvironments::definition).toList();
  }

  /// The one of a name.
  public static Optional<Environment> find(String name) {
    return NAMES.contains(name) ? Optional.of(read(name)) : Optional.empty();
  }

  private static Environment read(String name) {
    return Environment.read(definition(name), _ -> {});
  }

  private static JsonObject definition(String name) {
    var resource = "/dev/terroir/workspace/curated/" + name + ".json";
    try (var in = CuratedEnvironments.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is missing");
      }
      return JsonReader.parseObject(
          new String(in.readAllBytes(), StandardCharsets.UTF_8), resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
