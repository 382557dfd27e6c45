package dev.terroir.resolve.index;

import dev.terroir.foundation.home.Settings;
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
  /// @throws dev.terroir.resolve.ResolveException code `bad-setting` for a file that pip refuses
  public static IndexSettings read(Settings settings, Optional<Path> python) {
    var read = configurationFiles(settings, python).stream().filter(Files::isRegularFile).toList();
    var values = new TreeMap<>(PipConfiguration.merged(read));
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
    // Spec: pip leaves the user's own files out where the variable names one that is there.
    if (explicit.isEmpty() || !Files.exists(Path.of(explicit.get()))) {
      files.addAll(usersFiles(settings));
    }
    python
        .map(Path::getParent)
        .map(Path::getParent)
        .ifPresent(prefix -> files.add(prefix.resolve("pip.conf")));
    explicit.map(Path::of).ifPresent(files::add);
    return files;
  }

  private static List<Path> usersFiles(Settings settings) {
    var home = home(settings);
    return List.of(
        home.resolve(".pip/pip.conf"),
        settings
            .get("XDG_CONFIG_HOME")
            .map(Path::of)
            .orElse(home.resolve(".config"))
            .resolve("pip/pip.conf"));
  }

  private static Path home(Settings settings) {
    return Path.of(settings.get("HOME").orElse(System.getProperty("user.home")));
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
              .map(link -> link.startsWith("~/") ? home(settings) + link.substring(1) : link)
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
    put(variables, "SSL_CLIENT_CERT", "client-cert");
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
    // Spec: Python's `strtobool`.
    return List.of("1", "true", "yes", "on", "y", "t")
        .contains(pip.getOrDefault(name, "").toLowerCase(Locale.ROOT));
  }
}
