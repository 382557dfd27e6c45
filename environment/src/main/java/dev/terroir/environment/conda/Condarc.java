package dev.terroir.environment.conda;

import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.TerroirException;
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
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What conda is told: `CONDA_*` variables over `.condarc` files at all its places, in conda's
/// order. Immutable; may hold credentials, so it is never written anywhere.
///
/// Spec: conda, "Configuration" (search precedence, merging, `#!final`, environment variables).
///
/// @since 0.1
public final class Condarc {
  private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

  /// A setting that no stronger file may change, as whoever looks after a machine writes it.
  private static final Pattern FINAL = Pattern.compile("(?m)^(\\w+):.*#!\\s*final\\b");

  /// Settings that are lists, and what parts them in a variable.
  private static final Map<String, String> LISTS =
      Map.of(
          "channels", "\\s*[,&]\\s*",
          "default_channels", "\\s*[,&]\\s*",
          "denylist_channels", "\\s*[,&]\\s*",
          "allowlist_channels", "\\s*[,&]\\s*",
          "envs_dirs", ":");

  /// Old names of settings and what they are called now.
  private static final Map<String, String> ALIASES =
      Map.of(
          "blacklist_channels", "denylist_channels",
          "whitelist_channels", "allowlist_channels",
          "http_timeout_secs", "remote_read_timeout_secs",
          "envs_path", "envs_dirs",
          "verify_ssl", "ssl_verify");

  private final Settings settings;
  private final List<Path> files;
  private final Map<String, JsonValue> values;

  private Condarc(Settings settings, List<Path> files, Map<String, JsonValue> values) {
    this.settings = settings;
    this.files = List.copyOf(files);
    this.values = values;
  }

  /// Reads what applies to a user.
  ///
  /// @throws EnvironmentException for a file that is no YAML mapping, with file and line
  public static Condarc read(Settings settings) {
    return read(
        settings,
        problem -> {
          throw problem;
        });
  }

  /// The same with files that cannot be read left out.
  ///
  /// @param broken is told of each
  public static Condarc read(Settings settings, Consumer<TerroirException> broken) {
    var values = new TreeMap<String, JsonValue>();
    var marked = new MarkedLists();
    var closed = new HashSet<String>();
    var found = new ArrayList<Path>();
    for (var file : places(settings)) {
      try {
        readFile(file, values, marked, closed);
        found.add(file);
      } catch (EnvironmentException | FoundationException e) {
        broken.accept(e);
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
            var separator = LISTS.get(key);
            if (separator == null) {
              values.put(key, JsonValue.of(value));
            } else {
              var words = List.of(value.strip().split(separator));
              values.merge(key, JsonValue.JsonArray.ofStrings(words), Condarc::merged);
            }
          }
        });
    marked.arrange(values);
    return new Condarc(settings, found, values);
  }

  private static void readFile(
      Path file, Map<String, JsonValue> values, MarkedLists marked, HashSet<String> closed) {
    var text = YamlReader.text(file);
    if (YamlReader.parse(text, file.toString()).isPresent()) {
      for (var entry : YamlReader.parseObject(text, file.toString()).members().entrySet()) {
        var key = ALIASES.getOrDefault(entry.getKey(), entry.getKey());
        if (!closed.contains(key)) {
          marked.read(key, entry.getKey(), text);
          values.merge(key, entry.getValue(), Condarc::merged);
        }
      }
    }
    var matcher = FINAL.matcher(text);
    while (matcher.find()) {
      closed.add(ALIASES.getOrDefault(matcher.group(1), matcher.group(1)));
    }
  }

  /// Files in conda's order: later ones win.
  private static List<Path> places(Settings settings) {
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

  /// A setting that is one word, variables in it replaced.
  public Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).flatMap(Condarc::string).map(this::expand);
  }

  /// A setting that is a list; one word counts as one.
  public List<String> list(String key) {
    var value = values.get(key);
    return value == null ? List.of() : strings(value);
  }

  /// Whether a setting is a list, which may be empty.
  public boolean isList(String key) {
    return values.get(key) instanceof JsonValue.JsonArray;
  }

  /// A setting that is a mapping of names to words or lists.
  public Map<String, List<String>> map(String key) {
    var all = new LinkedHashMap<String, List<String>>();
    if (values.get(key) instanceof JsonObject object) {
      object.members().forEach((name, value) -> all.put(name, strings(value)));
    }
    return all;
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
