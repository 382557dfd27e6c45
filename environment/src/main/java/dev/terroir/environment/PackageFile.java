package dev.terroir.environment;

import dev.terroir.environment.pylock.TomlLock;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Which kind of file of packages a file is; files of other kinds are refused by what they are.
///
/// A lock, an explicit list or a manifest of another tool often has the ending of a file that would
/// do, and some of them would even read as one with nothing in it.
final class PackageFile {
  /// The kinds that definitions are made from.
  enum Kind {
    /// `environment.yml`.
    CONDA,
    /// `requirements.txt`.
    REQUIREMENTS,
    /// `pyproject.toml`.
    PYPROJECT,
    /// `pylock.toml`.
    PYLOCK
  }

  private static final Pattern YAML_KEY =
      Pattern.compile("[\"']?([\\w$-]+)[\"']?\\s*:(?:\\s+(.*))?");
  private static final Pattern TOML_TABLE = Pattern.compile("\\[+\\s*([^\\]]+?)\\s*]+.*");
  private static final Pattern TOML_KEY = Pattern.compile("([\\w-]+)\\s*=\\s*(.*)");
  private static final Pattern JSON_KEY = Pattern.compile("\"([\\w$-]+)\"\\s*:");
  private static final Pattern LISTED = Pattern.compile("[\\w.-]+=[^=\\s]+=[^=\\s]+");
  private static final Set<String> SERVICE_RUN =
      Set.of("target", "Target", "framework", "Framework", "script", "communicator");
  private static final Set<String> CONDARC =
      Set.of(
          "channel_priority",
          "channel_alias",
          "default_channels",
          "custom_channels",
          "auto_update_conda",
          "always_yes",
          "show_channel_urls",
          "ssl_verify",
          "solver",
          "envs_dirs",
          "pkgs_dirs",
          "auto_activate",
          "auto_activate_base",
          "changeps1");

  private static final String IMPORT =
      "make an environment of exactly its packages with `terroir lock import -f FILE`, or give the"
          + " environment.yml that it was made from";

  private static final Set<String> CONDA =
      Set.of("name", "channels", "dependencies", "prefix", "variables", "category", "platforms");

  private final Path file;
  private final String name;
  private final List<String> lines;

  private PackageFile(Path file, String text) {
    this.file = file;
    this.name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    this.lines = text.lines().toList();
  }

  /// A key at the left edge.
  ///
  /// @param line 1-based
  private record Key(String value, int line) {}

  /// The kind of a file.
  ///
  /// @throws EnvironmentException code `foreign-file`, with what the file is and what to do
  static Kind of(Path file) {
    return new PackageFile(file, YamlReader.text(file)).kind();
  }

  private Kind kind() {
    list();
    if (name.endsWith(".runconfig")) {
      throw runConfiguration(1);
    }
    var ending = name.substring(name.lastIndexOf('.') + 1);
    switch (ending) {
      case "yml", "yaml" -> {
        yaml(keys(YAML_KEY));
        return Kind.CONDA;
      }
      case "toml" -> {
        return toml() ? Kind.PYLOCK : Kind.PYPROJECT;
      }
      case "py" -> script();
      case "txt", "in" -> {
        if (name.equals("apt.txt")) {
          throw foreign("a list of Debian packages", 1, "give a file of Python or conda packages");
        }
        return Kind.REQUIREMENTS;
      }
      case "json" -> {
        if (json().containsKey("dependencies")) {
          // What `conda env export --json` writes; JSON is YAML, too.
          return Kind.CONDA;
        }
      }
      default -> {
        if (lines.stream().anyMatch(line -> line.startsWith("[[package]]"))
            || name.equals("pipfile")) {
          toml();
        }
        yaml(keys(YAML_KEY));
        json();
        // Some tools write pip's format under other endings, such as requirements.lock.
        if (name.startsWith("requirements")) {
          return Kind.REQUIREMENTS;
        }
      }
    }
    throw new EnvironmentException(
        Problem.of(
                EnvironmentCode.FOREIGN_FILE,
                "`" + file.getFileName() + "` is of no kind that environments are made from")
            .at(Place.file(file))
            .hint(
                switch (name) {
                  case "setup.py", "setup.cfg" ->
                      "write `.` into a requirements.txt beside it and give that";
                  case "dockerfile" ->
                      "make a definition with `terroir environment scaffold` and put the file into"
                          + " its directory as "
                          + SavedDirectory.DOCKERFILE;
                  default -> "give an environment.yml, a requirements.txt or a pyproject.toml";
                }));
  }

  private static final Pattern SCRIPT = Pattern.compile("# /// script\\s*");

  // Spec: "Inline script metadata".
  private void script() {
    for (int i = 0; i < lines.size(); i++) {
      if (SCRIPT.matcher(lines.get(i)).matches()) {
        throw foreign(
            "a script with its dependencies inside",
            i + 1,
            "write a requirements.txt with `uv export --script " + file.getFileName() + "`");
      }
    }
  }

  /// Lists of conda packages, whatever their ending.
  private void list() {
    var listed = 0;
    var others = 0;
    var first = 0;
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i).strip();
      if (line.equals("@EXPLICIT")) {
        throw foreign("an explicit list of conda packages (`@EXPLICIT`)", i + 1, IMPORT);
      }
      if (LISTED.matcher(line).matches()) {
        listed++;
        first = first == 0 ? i + 1 : first;
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        others++;
      }
    }
    if (listed > 0 && others == 0) {
      throw foreign(
          "what `conda list --export` writes, each line a name, version and build",
          first,
          "write an environment.yml with `conda env export --from-history`");
    }
  }

  private Map<String, Key> keys(Pattern pattern) {
    var keys = new LinkedHashMap<String, Key>();
    for (int i = 0; i < lines.size(); i++) {
      var matcher = pattern.matcher(lines.get(i));
      if (matcher.matches()) {
        var value = matcher.groupCount() < 2 || matcher.group(2) == null ? "" : matcher.group(2);
        keys.putIfAbsent(matcher.group(1), new Key(unquoted(value), i + 1));
      }
    }
    return keys;
  }

  private static String unquoted(String value) {
    return value.replaceFirst("\\s+#.*", "").strip().replaceAll("^[\"']|[\"']$", "");
  }

  private void yaml(Map<String, Key> keys) {
    if (keys.containsKey("version") && keys.containsKey("package")) {
      throw foreign("a lock of conda-lock", line(keys, "package"), IMPORT);
    }
    if (keys.containsKey("version") && keys.containsKey("environments")) {
      throw foreign("a lock of pixi", line(keys, "environments"), IMPORT);
    }
    if (keys.containsKey("dependencies") && keys.containsKey("build_dependencies")) {
      throw foreign(
          "a Python environment of MLflow",
          line(keys, "build_dependencies"),
          "give the requirements.txt that its `dependencies` name");
    }
    if (keys.containsKey("dependencies")) {
      return;
    }
    if (keys.containsKey("$schema") || keys.containsKey("conda_file")) {
      throw second(keys);
    }
    if (keys.containsKey("flavors")) {
      throw foreign(
          "a model of MLflow",
          line(keys, "flavors"),
          "give the conda.yaml or requirements.txt that lies beside it");
    }
    if (keys.containsKey("entry_points")) {
      var conda = keys.get("conda_env");
      throw foreign(
          "a project of MLflow",
          line(keys, "entry_points"),
          conda != null && !conda.value().isEmpty()
              ? "give the file that `conda_env` names: `" + conda.value() + "`"
              : "give the file of packages of its environment");
    }
    if (keys.containsKey("env_specs")
        || (keys.containsKey("environments") && keys.containsKey("name"))) {
      throw foreign(
          "a project of anaconda-project or conda-project",
          line(keys, keys.containsKey("env_specs") ? "env_specs" : "environments"),
          "give an environment.yml with the packages of one of its environments");
    }
    var lines = new LinkedHashMap<String, Integer>();
    keys.forEach((key, value) -> lines.put(key, value.line()));
    service(lines);
    var settings = keys.keySet().stream().filter(key -> CONDARC.contains(key)).findFirst();
    if (settings.isPresent() || name.endsWith("condarc") || name.startsWith("condarc")) {
      throw foreign(
          "a file of conda's settings",
          settings.map(key -> line(keys, key)).orElse(1),
          "give an environment.yml; its own `channels` count");
    }
    if (!keys.isEmpty() && keys.keySet().stream().noneMatch(CONDA::contains)) {
      throw foreign(
          "no conda environment file: it has neither `dependencies` nor another of its keys",
          keys.values().iterator().next().line(),
          "give a file with `dependencies`");
    }
  }

  private EnvironmentException runConfiguration(int line) {
    return foreign(
        "a run configuration",
        line,
        "run it with `terroir run submit-script -c " + file.getFileName() + "`");
  }

  // The environment of the retired service's successor.
  private EnvironmentException second(Map<String, Key> keys) {
    var conda = keys.get("conda_file");
    var line = line(keys, keys.containsKey("$schema") ? "$schema" : "conda_file");
    if (conda == null) {
      return foreign(
          "an environment of the service's second version, without packages of its own",
          line,
          "make a definition with `terroir environment scaffold` and put its image or Dockerfile"
              + " into it");
    }
    return foreign(
        "an environment of the service's second version",
        line,
        conda.value().isEmpty() || conda.value().startsWith("{")
            ? "put what stands under `conda_file` into an environment.yml and give that"
            : "give the file that `conda_file` names: `" + conda.value() + "`");
  }

  /// @return whether it is a lock of Python's own format
  private boolean toml() {
    var tables = keys(TOML_TABLE);
    var keys = keys(TOML_KEY);
    if (TomlLock.isPylockName(name) && tables.isEmpty() && !keys.containsKey("lock-version")) {
      throw foreign(
          "a list of requirements for pip, whatever its name says",
          1,
          "name it requirements.txt and give that");
    }
    var lock = TomlLock.in(lines, name);
    if (TomlLock.isPylockName(name)
        || lock.filter(found -> found.kind() == TomlLock.PYLOCK).isPresent()) {
      return true;
    }
    if (lock.isPresent()) {
      var kind = lock.get().kind();
      throw foreign(
          "a lock of " + kind.tool(),
          lock.get().line(),
          kind == TomlLock.OTHER
              ? "give the file that it was made from"
              : "write a requirements.txt with " + kind.export() + ", or give the pyproject.toml");
    }
    if (name.equals("pipfile")) {
      throw foreign("a Pipfile", 1, "write a requirements.txt with `pipenv requirements`");
    }
    var pixi =
        List.of("workspace", "dependencies", "pypi-dependencies", "feature", "tasks").stream()
            .filter(tables::containsKey)
            .findFirst();
    if (name.equals("pixi.toml")
        || (pixi.isPresent() && !name.equals("pyproject.toml") && keys.containsKey("channels"))) {
      throw foreign(
          "a manifest of pixi",
          Math.max(1, pixi.map(table -> line(tables, table)).orElse(1)),
          "write an environment.yml with `pixi workspace export conda-environment`");
    }
    return false;
  }

  private Map<String, Integer> json() {
    var keys = new LinkedHashMap<String, Integer>();
    for (int i = 0; i < lines.size(); i++) {
      var matcher = JSON_KEY.matcher(lines.get(i));
      while (matcher.find()) {
        keys.putIfAbsent(matcher.group(1), i + 1);
      }
    }
    service(keys);
    return keys;
  }

  // The other files of the service, each with the command that takes it.
  private void service(Map<String, Integer> keys) {
    var run = keys.keySet().stream().filter(SERVICE_RUN::contains).toList();
    if (run.size() > 1) {
      throw runConfiguration(keys.getOrDefault(run.getFirst(), 1));
    }
    var known =
        List.of(
            Map.entry("entryScript", "an inference configuration"),
            Map.entry("computeType", "a deployment configuration"),
            Map.entry("workspace_name", "the address of a workspace"),
            Map.entry("_meta", "a lock of Pipenv"),
            Map.entry("python", "a definition of the service"));
    for (var entry : known) {
      if (keys.containsKey(entry.getKey())) {
        throw foreign(
            entry.getValue(),
            keys.getOrDefault(entry.getKey(), 1),
            switch (entry.getKey()) {
              case "python" ->
                  "give its directory to `terroir environment register -d DIR`, with the file named"
                      + " "
                      + SavedDirectory.DEFINITION;
              case "entryScript" ->
                  "deploy with `terroir model deploy --ic " + file.getFileName() + "`";
              case "computeType" ->
                  "deploy with `terroir model deploy --dc " + file.getFileName() + "`";
              case "_meta" -> "write a requirements.txt with `pipenv requirements`";
              default -> "give an environment.yml, a requirements.txt or a pyproject.toml";
            });
      }
    }
  }

  private static int line(Map<String, Key> keys, String key) {
    return Optional.ofNullable(keys.get(key)).map(Key::line).orElse(1);
  }

  private EnvironmentException foreign(String what, int line, String hint) {
    return new EnvironmentException(
        Problem.of(EnvironmentCode.FOREIGN_FILE, "`" + file.getFileName() + "` is " + what)
            .at(
                Place.position(
                    file.toString(), line, 1, lines.isEmpty() ? "" : lines.get(line - 1)))
            .because(
                "environments are made from environment.yml, requirements.txt, pyproject.toml and"
                    + " pylock.toml")
            .hint(hint));
  }
}
