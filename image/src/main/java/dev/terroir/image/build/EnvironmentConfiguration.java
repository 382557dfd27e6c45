package dev.terroir.image.build;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.base.CondaPrefix;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes the configuration of an image, the same bytes for the same parts.
///
/// Spec: OCI image specification, "Image configuration".
final class EnvironmentConfiguration {
  /// The time that everything bears: an image says what it holds, not when it was made.
  private static final String EPOCH = "1970-01-01T00:00:00Z";

  /// The path that a container has when its base says none.
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private static final String COMMENT = "terroir";
  private static final String BY = "terroir: ";
  private static final String BY_LINK_SCRIPTS = "terroir, link scripts: ";
  private static final String NO_PACKAGE = "environment";

  private EnvironmentConfiguration() {}

  /// The configuration of an image: that of its base with our layers, and the variables that a user
  /// of an environment expects.
  ///
  /// @param base the base image's configuration
  /// @param added variables that containers get where the base sets none of that name
  /// @param prefix where the environment lies, such as `/opt/env`, or null when the user manages
  ///   the packages
  /// @param conda what conda packages ask for
  /// @param labels added to those of the base
  static byte[] of(
      JsonObject base,
      Map<String, String> added,
      List<BuiltImage.BuiltLayer> layers,
      @Nullable String prefix,
      CondaFacts conda,
      Map<String, String> labels) {
    var settings = base.optionalObject("config").orElse(JsonObject.EMPTY);
    var changed = settings.toBuilder();
    changed.put("Env", environment(settings.strings("Env"), added, prefix, conda));
    changed.put("User", "");
    changed.put("WorkingDir", "/");
    if (settings.strings("Cmd").isEmpty() && settings.strings("Entrypoint").isEmpty()) {
      changed.put("Cmd", List.of("/bin/sh"));
    }
    if (conda.isActivated()) {
      var entrypoint = new ArrayList<String>();
      entrypoint.add(CondaPrefix.ACTIVATED);
      entrypoint.addAll(settings.strings("Entrypoint"));
      changed.put("Entrypoint", entrypoint);
    }
    var allLabels = new LinkedHashMap<>(settings.stringMap("Labels"));
    allLabels.putAll(labels);
    if (!allLabels.isEmpty()) {
      changed.put("Labels", JsonValue.ofStrings(allLabels));
    }

    var rootfs = base.optionalObject("rootfs").orElse(JsonObject.EMPTY);
    var diffIds = new ArrayList<>(rootfs.strings("diff_ids"));
    var history = new ArrayList<JsonValue>(base.objects("history"));
    for (var layer : layers) {
      diffIds.add(layer.diffId().toString());
      history.add(
          JsonObject.builder()
              .put("created", EPOCH)
              .put("created_by", history(layer))
              .put("comment", COMMENT)
              .build());
    }
    var config = JsonObject.builder().put("created", EPOCH);
    for (var key : List.of("architecture", "os", "os.version", "os.features", "variant")) {
      base.get(key).ifPresent(value -> config.put(key, value));
    }
    config.put("config", changed.build());
    config.put(
        "rootfs", JsonObject.builder().put("type", "layers").put("diff_ids", diffIds).build());
    config.put("history", new JsonValue.JsonArray(history));
    return JsonWriter.compact(config.build()).getBytes(StandardCharsets.UTF_8);
  }

  private static String history(BuiltImage.BuiltLayer layer) {
    if (!layer.linkScripts().isEmpty()) {
      return BY_LINK_SCRIPTS + String.join(", ", layer.linkScripts());
    }
    return BY + (layer.packages().isEmpty() ? NO_PACKAGE : String.join(", ", layer.packages()));
  }

  /// The packages of the layers of an image, as `name version`, as far as its history says; empty
  /// lists when it does not tell each layer.
  ///
  /// @param config the image's configuration
  /// @param layers how many layers it has
  static List<List<String>> packages(JsonObject config, int layers) {
    var found = new ArrayList<List<String>>();
    for (var entry : config.objects("history")) {
      if (!entry.optionalBoolean("empty_layer").orElse(false)) {
        var by = entry.optionalString("created_by").orElse("");
        var isOurs =
            entry.optionalString("comment").filter(COMMENT::equals).isPresent()
                && by.startsWith(BY)
                && !by.equals(BY + NO_PACKAGE);
        found.add(isOurs ? List.of(by.substring(BY.length()).split(", ")) : List.of());
      }
    }
    return found.size() == layers ? found : Collections.nCopies(layers, List.of());
  }

  private static List<String> environment(
      List<String> base, Map<String, String> added, @Nullable String prefix, CondaFacts conda) {
    var variables = new LinkedHashMap<String, String>();
    for (var line : base) {
      var split = line.split("=", 2);
      variables.put(split[0], split.length > 1 ? split[1] : "");
    }
    added.forEach(variables::putIfAbsent);
    variables.put("AZUREML_ENVIRONMENT_IMAGE", "True");
    if (prefix == null) {
      return lines(variables);
    }
    variables.put("PATH", prefix + "/bin:" + variables.getOrDefault("PATH", DEFAULT_PATH));
    variables.remove("PYTHONHOME");
    variables.remove("PYTHONPATH");
    if (conda.isThere()) {
      variables.putAll(conda.variables());
      variables.remove("VIRTUAL_ENV");
      variables.put("CONDA_PREFIX", prefix);
      variables.put("CONDA_DEFAULT_ENV", prefix);
      variables.put("CONDA_SHLVL", "1");
    } else {
      variables.put("VIRTUAL_ENV", prefix);
    }
    variables.put("AZUREML_CONDA_ENVIRONMENT_PATH", prefix);
    var libraries = variables.getOrDefault("LD_LIBRARY_PATH", "");
    variables.put(
        "LD_LIBRARY_PATH", prefix + "/lib" + (libraries.isEmpty() ? "" : ":" + libraries));
    return lines(variables);
  }

  private static List<String> lines(Map<String, String> variables) {
    return variables.entrySet().stream().map(it -> it.getKey() + "=" + it.getValue()).toList();
  }
}
