package dev.terroir.resolve.index;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// pip's settings of where packages come from: `PIP_*` variables over the configuration files at
/// its levels. Immutable; may hold credentials, so it is never written anywhere.
///
/// @since 0.1
public final class IndexSettings {
  private final Settings settings;
  private final Map<String, String> pip;
  private final List<Path> files;

  private IndexSettings(Settings settings, Map<String, String> pip, List<Path> files) {
    this.settings = settings;
    this.pip = pip;
    this.files = List.copyOf(files);
  }

  /// Reads what applies to a user.
  ///
  /// @param settings the process environment
  /// @param python the user's Python, whose own `pip.conf` is read too, or empty
  public static IndexSettings read(Settings settings, Optional<Path> python) {
    var values = new TreeMap<String, String>();
    var read = new ArrayList<Path>();
    for (var file : configurationFiles(settings, python)) {
      if (Files.isRegularFile(file)) {
        read.add(file);
        readFile(file, values);
      }
    }
    settings
        .variables()
        .forEach((name, value) -> {
          if (name.startsWith("PIP_") && !value.isEmpty() && !name.equals("PIP_CONFIG_FILE")) {
            values.put(name.substring(4).toLowerCase(Locale.ROOT).replace('_', '-'), value);
          }
        });
    return new IndexSettings(settings, values, read);
  }

  private static List<Path> configurationFiles(Settings settings, Optional<Path> python) {
    var explicit = settings.get("PIP_CONFIG_FILE");
    if (explicit.isPresent() && explicit.get().equals("/dev/null")) {
      return List.of();
    }
    var files = new ArrayList<Path>();
    for (var directory : settings.get("XDG_CONFIG_DIRS").orElse("/etc/xdg").split(":")) {
      files.add(Path.of(directory, "pip", "pip.conf"));
    }
    files.add(Path.of("/etc/pip.conf"));
    var home = Path.of(settings.get("HOME").orElse(System.getProperty("user.home")));
    files.add(home.resolve(".pip/pip.conf"));
    files.add(
        settings
            .get("XDG_CONFIG_HOME")
            .map(Path::of)
            .orElse(home.resolve(".config"))
            .resolve("pip/pip.conf"));
    python
        .map(Path::getParent)
        .map(Path::getParent)
        .ifPresent(prefix -> files.add(prefix.resolve("pip.conf")));
    explicit.map(Path::of).ifPresent(files::add);
    return files;
  }

  private static void readFile(Path file, Map<String, String> values) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      // pip itself goes on without a file that it cannot read.
      return;
    }
    var applies = false;
    var key = "";
    for (var line : lines) {
      var text = line.strip();
      if (text.isEmpty() || text.startsWith("#") || text.startsWith(";")) {
        continue;
      }
      if (text.startsWith("[")) {
        applies = text.equals("[global]") || text.equals("[install]") || text.equals("[download]");
        key = "";
      } else if (applies && Character.isWhitespace(line.charAt(0)) && !key.isEmpty()) {
        values.merge(key, text, (before, more) -> (before + " " + more).strip());
      } else if (applies && text.matches("[^=:]+[=:].*")) {
        var split = text.split("\\s*[=:]\\s*", 2);
        key = split[0].toLowerCase(Locale.ROOT).replace('_', '-');
        values.put(key, split[1]);
      }
    }
  }

  /// The files that were read, in the order in which later ones win.
  public List<Path> files() {
    return files;
  }

  /// Names of the settings that were found, without values.
  public List<String> names() {
    return List.copyOf(pip.keySet());
  }

  /// The variables of a uv process: the user's own, and pip's settings wherever uv has none of its
  /// own.
  public Map<String, String> uvVariables() {
    var variables = new LinkedHashMap<>(settings.variables());
    variables.keySet().removeIf(name -> name.startsWith("PIP_") || name.equals("VIRTUAL_ENV"));
    var hasUvIndex =
        variables.containsKey("UV_DEFAULT_INDEX")
            || variables.containsKey("UV_INDEX_URL")
            || variables.containsKey("UV_INDEX");
    if (!hasUvIndex) {
      put(variables, "UV_INDEX_URL", "index-url");
      put(variables, "UV_EXTRA_INDEX_URL", "extra-index-url");
    }
    if (!variables.containsKey("UV_FIND_LINKS")) {
      var links =
          words("find-links").stream()
              .filter(link -> link.contains("://") || Files.exists(Path.of(link)))
              .toList();
      if (!links.isEmpty()) {
        variables.put("UV_FIND_LINKS", String.join(",", links));
      }
    }
    put(variables, "UV_INSECURE_HOST", "trusted-host");
    put(variables, "UV_HTTP_TIMEOUT", "default-timeout");
    put(variables, "UV_HTTP_TIMEOUT", "timeout");
    put(variables, "SSL_CERT_FILE", "cert");
    put(variables, "UV_KEYRING_PROVIDER", "keyring-provider");
    if (!List.of("disabled", "subprocess")
        .contains(variables.getOrDefault("UV_KEYRING_PROVIDER", "disabled"))) {
      variables.remove("UV_KEYRING_PROVIDER");
    }
    var proxy = pip.get("proxy");
    if (proxy != null) {
      variables.putIfAbsent("HTTPS_PROXY", proxy);
      variables.putIfAbsent("HTTP_PROXY", proxy);
    }
    if (flag("pre")) {
      variables.putIfAbsent("UV_PRERELEASE", "allow");
    }
    return variables;
  }

  /// Options of `uv pip` for settings that uv has no variable for; none of them can hold a secret.
  public List<String> uvOptions() {
    var options = new ArrayList<String>();
    if (flag("no-index")) {
      options.add("--no-index");
    }
    words("no-binary").forEach(name -> options.addAll(List.of("--no-binary", name)));
    words("only-binary").forEach(name -> options.addAll(List.of("--only-binary", name)));
    return options;
  }

  private void put(Map<String, String> variables, String uv, String name) {
    var value = pip.get(name);
    if (value != null && !value.isBlank()) {
      variables.putIfAbsent(uv, String.join(" ", words(name)));
    }
  }

  private List<String> words(String name) {
    var value = pip.getOrDefault(name, "").strip();
    return value.isEmpty() ? List.of() : List.of(value.split("[\\s,]+"));
  }

  private boolean flag(String name) {
    return List.of("1", "true", "yes", "on")
        .contains(pip.getOrDefault(name, "").toLowerCase(Locale.ROOT));
  }
}
