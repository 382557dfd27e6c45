package dev.terroir.resolve.conda;

import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// conda's settings: `CONDA_*` variables over `.condarc` files at all its places, in conda's order.
/// Immutable; may hold credentials, so it is never written anywhere.
///
/// Spec: conda, "Configuration" (search precedence, environment variables).
///
/// @since 0.1
public final class CondaSettings {
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  /// A setting that no stronger file may change, as whoever looks after a machine writes it.
  private static final Pattern FINAL = Pattern.compile("(?m)^(\\w+):.*#!\\s*final\\b");

  private static final List<String> LISTS =
      List.of("channels", "default_channels", "denylist_channels", "allowlist_channels");
  private static final String ALIAS = "https://conda.anaconda.org";
  private static final List<String> DEFAULT_CHANNELS =
      List.of("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r");

  /// Old names of settings and what they are called now.
  private static final Map<String, String> ALIASES =
      Map.of(
          "blacklist_channels", "denylist_channels",
          "whitelist_channels", "allowlist_channels",
          "http_timeout_secs", "remote_read_timeout_secs",
          "verify_ssl", "ssl_verify");

  private final Settings settings;
  private final List<Path> files;
  private final Map<String, JsonValue> values;

  private CondaSettings(Settings settings, List<Path> files, Map<String, JsonValue> values) {
    this.settings = settings;
    this.files = List.copyOf(files);
    this.values = values;
  }

  /// Reads what applies to a user.
  ///
  /// @throws dev.terroir.environment.EnvironmentException for a file that is no YAML mapping, with
  ///   file and line
  public static CondaSettings read(Settings settings) {
    var values = new TreeMap<String, JsonValue>();
    var read = new ArrayList<Path>();
    var closed = new HashSet<String>();
    for (var file : files(settings)) {
      read.add(file);
      var text = YamlReader.text(file);
      if (YamlReader.parse(text, file.toString()).isEmpty()) {
        continue;
      }
      for (var entry : YamlReader.parseObject(text, file.toString()).members().entrySet()) {
        var key = ALIASES.getOrDefault(entry.getKey(), entry.getKey());
        if (!closed.contains(key)) {
          values.merge(key, entry.getValue(), CondaSettings::merged);
        }
      }
      var matcher = FINAL.matcher(text);
      while (matcher.find()) {
        closed.add(ALIASES.getOrDefault(matcher.group(1), matcher.group(1)));
      }
    }
    settings
        .variables()
        .forEach((name, value) -> {
          if (name.startsWith("CONDA_") && !value.isEmpty()) {
            var key = name.substring("CONDA_".length()).toLowerCase(Locale.ROOT);
            key = ALIASES.getOrDefault(key, key);
            if (closed.contains(key)) {
              return;
            }
            if (LISTS.contains(key)) {
              var words = List.of(value.split("\\s*[,&]\\s*"));
              values.merge(key, JsonValue.JsonArray.ofStrings(words), CondaSettings::merged);
            } else {
              values.put(key, JsonValue.of(value));
            }
          }
        });
    return new CondaSettings(settings, read, values);
  }

  /// Files in conda's order: later ones win.
  private static List<Path> files(Settings settings) {
    var home = Path.of(settings.get("HOME").orElse(System.getProperty("user.home")));
    var config = settings.get("XDG_CONFIG_HOME").map(Path::of).orElse(home.resolve(".config"));
    var folders = new ArrayList<Path>();
    folders.add(Path.of("/etc/conda"));
    folders.add(Path.of("/var/lib/conda"));
    settings.get("CONDA_ROOT").map(Path::of).ifPresent(folders::add);
    settings
        .get("CONDA_EXE")
        .map(Path::of)
        .map(Path::getParent)
        .map(Path::getParent)
        .ifPresent(folders::add);
    settings.get("MAMBA_ROOT_PREFIX").map(Path::of).ifPresent(folders::add);
    folders.add(config.resolve("conda"));
    folders.add(home.resolve(".config/conda"));
    folders.add(home.resolve(".conda"));
    var found = new LinkedHashSet<Path>();
    folders.forEach(folder -> inFolder(folder, found));
    add(found, home.resolve(".condarc"));
    add(found, home.resolve(".mambarc"));
    settings.get("CONDA_PREFIX").map(Path::of).ifPresent(prefix -> inFolder(prefix, found));
    settings.get("CONDARC").map(Path::of).ifPresent(file -> add(found, file));
    settings.get("MAMBARC").map(Path::of).ifPresent(file -> add(found, file));
    return List.copyOf(found);
  }

  private static void inFolder(Path folder, LinkedHashSet<Path> found) {
    add(found, folder.resolve(".condarc"));
    add(found, folder.resolve("condarc"));
    var more = folder.resolve("condarc.d");
    if (Files.isDirectory(more)) {
      try (var list = Files.list(more)) {
        list.filter(file -> file.toString().matches(".*\\.ya?ml"))
            .sorted()
            .forEach(file -> add(found, file));
      } catch (IOException e) {
        // conda itself goes on without files that it cannot read.
      }
    }
  }

  private static void add(LinkedHashSet<Path> found, Path file) {
    if (Files.isReadable(file) && Files.isRegularFile(file)) {
      // Read again at its later place, where it wins.
      found.remove(file);
      found.add(file);
    }
  }

  /// Lists of a stronger file come before those of a weaker one, maps are joined, all else is
  /// replaced.
  private static JsonValue merged(JsonValue weaker, JsonValue stronger) {
    if (weaker instanceof JsonValue.JsonArray before
        && stronger instanceof JsonValue.JsonArray after) {
      var all = new LinkedHashSet<>(after.elements());
      all.addAll(before.elements());
      return new JsonValue.JsonArray(List.copyOf(all));
    }
    if (weaker instanceof JsonObject before && stronger instanceof JsonObject after) {
      var all = before.toBuilder();
      after.members().forEach(all::put);
      return all.build();
    }
    return stronger;
  }

  /// The files that were read, in the order in which later ones win.
  public List<Path> files() {
    return files;
  }

  /// The channels that the user's own settings name; empty when they name none.
  public List<String> channels() {
    return list("channels");
  }

  /// What the channel `defaults` stands for.
  public List<String> defaultChannels() {
    var own = list("default_channels");
    return own.isEmpty() ? DEFAULT_CHANNELS : own;
  }

  /// What comes before a channel that is only a name.
  public String channelAlias() {
    return text("channel_alias").orElse(ALIAS).replaceAll("/+$", "");
  }

  /// Channels that lie elsewhere than below the alias: name and the URL that comes before it.
  public Map<String, String> customChannels() {
    var all = new LinkedHashMap<String, String>();
    all.put("pkgs/main", "https://repo.anaconda.com");
    all.put("pkgs/r", "https://repo.anaconda.com");
    all.put("pkgs/msys2", "https://repo.anaconda.com");
    all.put("pkgs/pro", "https://repo.anaconda.com");
    if (values.get("custom_channels") instanceof JsonObject own) {
      own.members()
          .forEach((name, value) -> string(value).ifPresent(url -> all.put(name, expand(url))));
    }
    return all;
  }

  /// Names that stand for several channels.
  public Map<String, List<String>> customMultichannels() {
    var all = new LinkedHashMap<String, List<String>>();
    if (values.get("custom_multichannels") instanceof JsonObject own) {
      own.members().forEach((name, value) -> all.put(name, strings(value)));
    }
    return all;
  }

  /// Other addresses of channels, tried before the channel's own: name or URL and its mirrors.
  public Map<String, List<String>> mirrors() {
    var all = new LinkedHashMap<String, List<String>>();
    if (values.get("mirrored_channels") instanceof JsonObject own) {
      own.members().forEach((name, value) -> all.put(name, strings(value)));
    }
    return all;
  }

  /// `strict`, `flexible` or `disabled`; strict unless the user says otherwise.
  public String channelPriority() {
    return switch (text("channel_priority").orElse("strict").toLowerCase(Locale.ROOT)) {
      case "flexible", "true", "yes", "1" -> "flexible";
      case "disabled", "false", "no", "0" -> "disabled";
      default -> "strict";
    };
  }

  /// Whether nothing may be fetched.
  public boolean isOffline() {
    return List.of("true", "yes", "1", "on")
        .contains(text("offline").orElse("").toLowerCase(Locale.ROOT));
  }

  /// Channels that may not be used; with an allow list, all that are not on it.
  public List<String> denied() {
    return list("denylist_channels");
  }

  /// The only channels that may be used; empty when all may.
  public List<String> allowed() {
    return list("allowlist_channels");
  }

  /// How long a server may take to answer, in seconds, or empty for the usual time.
  public Optional<Long> timeoutSeconds() {
    return text("remote_read_timeout_secs")
        .filter(value -> value.matches("[0-9]{1,6}(\\.[0-9]+)?"))
        .map(value -> Math.max(1L, (long) Double.parseDouble(value)));
  }

  /// How often a request is tried again, or empty for the usual number.
  public Optional<Long> retries() {
    return text("remote_max_retries")
        .filter(value -> value.matches("[0-9]{1,3}"))
        .map(Long::parseLong);
  }

  /// The variables of a process that fetches from channels: the user's own, and conda's proxy and
  /// certificates where the variables name none.
  public Map<String, String> variables() {
    var variables = settings.variables();
    if (values.get("proxy_servers") instanceof JsonObject proxies) {
      proxies
          .members()
          .forEach((scheme, value) -> {
            var name = scheme.toUpperCase(Locale.ROOT) + "_PROXY";
            if (scheme.matches("https?") && !variables.containsKey(name.toLowerCase(Locale.ROOT))) {
              string(value).ifPresent(url -> variables.putIfAbsent(name, expand(url)));
            }
          });
    }
    text("ssl_verify")
        .filter(value -> value.startsWith("/"))
        .ifPresent(bundle -> variables.putIfAbsent("SSL_CERT_FILE", bundle));
    for (var name : List.of("REQUESTS_CA_BUNDLE", "PIP_CERT")) {
      settings.get(name).ifPresent(bundle -> variables.putIfAbsent("SSL_CERT_FILE", bundle));
    }
    return variables;
  }

  /// Whether the user wants certificates unchecked, which is not done.
  public boolean wantsUncheckedCertificates() {
    return text("ssl_verify").filter("false"::equalsIgnoreCase).isPresent();
  }

  private Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).flatMap(CondaSettings::string).map(this::expand);
  }

  private List<String> list(String key) {
    var value = values.get(key);
    return value == null ? List.of() : strings(value);
  }

  private List<String> strings(JsonValue value) {
    return switch (value) {
      case JsonValue.JsonArray array ->
          array.elements().stream()
              .flatMap(element -> string(element).stream())
              .map(this::expand)
              .toList();
      default -> string(value).map(this::expand).map(List::of).orElse(List.of());
    };
  }

  private static Optional<String> string(JsonValue value) {
    return switch (value) {
      case JsonValue.JsonString text -> Optional.of(text.value());
      case JsonValue.JsonBoolean flag -> Optional.of(String.valueOf(flag.value()));
      case JsonValue.JsonNumber number -> Optional.of(number.text());
      default -> Optional.empty();
    };
  }

  private String expand(String text) {
    return VARIABLE
        .matcher(text)
        .replaceAll(match ->
            Matcher.quoteReplacement(
                settings
                    .get(match.group(1) == null ? match.group(2) : match.group(1))
                    .orElse(match.group())));
  }
}
