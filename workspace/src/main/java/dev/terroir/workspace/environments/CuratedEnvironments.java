package dev.terroir.workspace.environments;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// The environments that come with Terroir: data files, read-only, named with the reserved prefix;
/// and those of the retired service, so that scripts find what they name ([FormerEnvironments]).
///
/// @since 0.1
public final class CuratedEnvironments {
  private static final List<String> OWN =
      List.of(
          "AzureML-LightGBM-XGBoost",
          "AzureML-Minimal",
          "AzureML-PyTorch-CPU",
          "AzureML-Scikit-learn",
          "AzureML-TensorFlow-CPU",
          "AzureML-Tutorial");

  /// The version of each of them; a later Terroir that changes one gives it another.
  private static final String VERSION = "1";

  /// Counts the changes of these files, so that kept listings of former ones are not used.
  static final String EDITION = "2";

  private static final List<String> NAMES =
      Stream.concat(OWN.stream(), FormerEnvironments.names().stream()).sorted().toList();

  private CuratedEnvironments() {}

  /// All of them, by name.
  public static List<Environment> all() {
    var all = new ArrayList<Environment>();
    NAMES.forEach(name -> all.add(read(name)));
    return all;
  }

  /// All of them as they are stored, by name.
  static List<EnvironmentRegistry.Listed> stored() {
    var all = new ArrayList<EnvironmentRegistry.Listed>();
    NAMES.forEach(name -> all.add(new EnvironmentRegistry.Listed(name, VERSION, text(name))));
    return all;
  }

  /// The one of a name.
  public static Optional<Environment> find(String name) {
    return NAMES.contains(name) ? Optional.of(read(name)) : Optional.empty();
  }

  private static final Map<String, Environment> READ = new ConcurrentHashMap<>();

  private static Environment read(String name) {
    return READ.computeIfAbsent(name, _ -> Environment.read(definition(name), _ -> {}));
  }

  private static JsonObject definition(String name) {
    return JsonReader.parseObject(text(name), resource(name));
  }

  private static String resource(String name) {
    return "/dev/terroir/workspace/curated/" + name + ".json";
  }

  private static String text(String name) {
    return OWN.contains(name) ? content(resource(name)) : FormerEnvironments.text(name, VERSION);
  }

  static String content(String resource) {
    try (var in = CuratedEnvironments.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(resource + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
