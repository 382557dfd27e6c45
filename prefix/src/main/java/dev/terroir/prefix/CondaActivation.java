package dev.terroir.prefix;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What conda's activation does in a prefix: variables that packages and the environment set, then
/// the packages' scripts. Immutable.
///
/// Spec: conda, "Activation": `etc/conda/env_vars.d/*.json`, `conda-meta/state`,
/// `etc/conda/activate.d/*.sh`.
record CondaActivation(Path prefix, Map<String, String> variables, List<Path> scripts) {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /// Sources the scripts, then tells every variable.
  private static final String TELL =
      "for terroir_script in \"$@\"; do . \"$terroir_script\" >&2; done; unset terroir_script;"
          + " exec env -0";

  /// Whether a folder is a conda prefix.
  static boolean isConda(Path prefix) {
    return Files.isDirectory(prefix.resolve("conda-meta"));
  }

  static CondaActivation of(Path prefix) {
    var variables = new LinkedHashMap<String, String>();
    for (var file : list(prefix.resolve("etc/conda/env_vars.d"), ".json")) {
      var all = object(file);
      all.members().keySet().forEach(name -> put(all, name, variables));
    }
    var state = prefix.resolve("conda-meta/state");
    if (Files.isRegularFile(state)) {
      object(state)
          .optionalObject("env_vars")
          .ifPresent(all -> all.members().keySet().forEach(name -> put(all, name, variables)));
    }
    return new CondaActivation(
        prefix, variables, list(prefix.resolve("etc/conda/activate.d"), ".sh"));
  }

  private static void put(JsonObject all, String name, Map<String, String> variables) {
    if (all.get(name).orElse(null) instanceof JsonValue.JsonString(var value)) {
      variables.put(name, value);
    }
  }

  private static JsonObject object(Path file) {
    try {
      return JsonReader.readObject(file);
    } catch (FoundationException e) {
      // conda goes on without variables that it cannot read.
      return JsonObject.EMPTY;
    }
  }

  private static List<Path> list(Path folder, String suffix) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the environment cannot be read", folder, e);
    }
  }

  /// The variables of an activated process.
  Map<String, String> over(Map<String, String> base) {
    var all = new TreeMap<>(base);
    all.remove("VIRTUAL_ENV");
    all.put("CONDA_PREFIX", prefix.toString());
    all.put("CONDA_DEFAULT_ENV", String.valueOf(prefix.getFileName()));
    all.put("CONDA_SHLVL", "1");
    all.putAll(variables);
    if (scripts.isEmpty()) {
      return all;
    }
    var arguments = new ArrayList<>(List.of(shell(), "-c", TELL, "terroir"));
    scripts.forEach(script -> arguments.add(script.toString()));
    var result = new Command(arguments, all, null, TIMEOUT).run();
    if (!result.isSuccess()) {
      return all;
    }
    var told = new TreeMap<String, String>();
    for (var entry : result.output().split("\0")) {
      var split = entry.split("=", 2);
      if (split.length == 2 && !split[0].isBlank()) {
        told.put(split[0], split[1]);
      }
    }
    // What the shell adds of its own.
    for (var name : List.of("_", "SHLVL", "PWD", "OLDPWD")) {
      told.remove(name);
      if (all.containsKey(name)) {
        told.put(name, all.get(name));
      }
    }
    return told;
  }

  private static String shell() {
    return Files.isExecutable(Path.of("/bin/bash")) ? "/bin/bash" : "/bin/sh";
  }

  /// What a POSIX shell sources.
  String script() {
    var lines = new StringBuilder();
    lines.append("unset VIRTUAL_ENV\n");
    lines.append("export CONDA_PREFIX=").append(quoted(prefix.toString())).append('\n');
    lines
        .append("export CONDA_DEFAULT_ENV=")
        .append(quoted(String.valueOf(prefix.getFileName())))
        .append('\n');
    variables.forEach((name, value) -> {
      if (name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        lines.append("export ").append(name).append('=').append(quoted(value)).append('\n');
      }
    });
    scripts.forEach(file -> lines.append(". ").append(quoted(file.toString())).append('\n'));
    return lines.toString();
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
