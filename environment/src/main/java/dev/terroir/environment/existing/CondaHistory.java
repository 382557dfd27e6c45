package dev.terroir.environment.existing;

import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.yaml.YamlNode;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.FoundationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What the user asked for, by `conda-meta/history` as conda and mamba write it. Immutable.
///
/// Each revision has comment lines: `# cmd:` with the command, `# update specs:` and its kin with a
/// list of specs. Later ones replace those of the same name before; removed ones go.
///
/// Spec: conda, `conda/history.py`, `get_requested_specs_map`.
///
/// @param specs match specs by the name of their package, in the order first asked for
/// @param channels names that `-c` and `--channel` of the commands gave, in order
/// @since 0.1
public record CondaHistory(Map<String, String> specs, List<String> channels) {
  private static final Pattern SPECS = Pattern.compile("#\\s*(\\w+)\\s+specs:\\s*(.*)");
  private static final Pattern COMMAND = Pattern.compile("#\\s*cmd:\\s*(.+)");
  private static final Pattern CHANNEL =
      Pattern.compile("(?:^|\\s)(?:-c|--channel)[=\\s]\\s*[\"']?([^\\s\"']+)");
  private static final Pattern NEXT_SPEC = Pattern.compile(",\\s*(?=[A-Za-z_])");

  /// Copies the collections.
  public CondaHistory {
    specs = Collections.unmodifiableMap(new LinkedHashMap<>(specs));
    channels = List.copyOf(channels);
  }

  /// Reads the history of a prefix; without one nothing was asked for.
  public static CondaHistory read(Path prefix) {
    var file = prefix.resolve("conda-meta").resolve("history");
    if (!Files.isRegularFile(file)) {
      return new CondaHistory(Map.of(), List.of());
    }
    try {
      // Bytes that are no UTF-8 stand in commands only.
      return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw FoundationException.ofFile("the history cannot be read", file, e);
    }
  }

  /// Reads a history's text.
  public static CondaHistory parse(String text) {
    var specs = new LinkedHashMap<String, String>();
    var channels = new ArrayList<String>();
    for (var line : text.lines().map(String::strip).toList()) {
      var command = COMMAND.matcher(line);
      if (command.matches()) {
        var matcher = CHANNEL.matcher(command.group(1));
        while (matcher.find()) {
          if (!channels.contains(matcher.group(1))) {
            channels.add(matcher.group(1));
          }
        }
        continue;
      }
      var matcher = SPECS.matcher(line);
      if (matcher.matches()) {
        for (var spec : list(matcher.group(2).strip())) {
          var name = CondaDependency.condaName(spec).orElse("");
          if (name.isEmpty()) {
            continue;
          }
          switch (matcher.group(1)) {
            case "remove", "uninstall" -> specs.remove(name);
            case "update", "install", "create", "neutered" -> specs.put(name, spec.strip());
            default -> {}
          }
        }
      }
    }
    return new CondaHistory(specs, channels);
  }

  /// A list as Python or JSON writes it, or, as conda did until 2018, texts between commas.
  private static List<String> list(String text) {
    if (text.startsWith("[")) {
      try {
        // A list of quoted texts means the same in Python, JSON and YAML.
        if (YamlReader.parse(text, "history").orElse(null) instanceof YamlNode.Sequence sequence) {
          return sequence.items().stream()
              .filter(YamlNode.Scalar.class::isInstance)
              .map(item -> ((YamlNode.Scalar) item).text())
              .toList();
        }
      } catch (EnvironmentException e) {
        return List.of();
      }
    }
    return text.isEmpty() ? List.of() : List.of(NEXT_SPEC.split(text));
  }
}
