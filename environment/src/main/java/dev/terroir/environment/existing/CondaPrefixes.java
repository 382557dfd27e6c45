package dev.terroir.environment.existing;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.conda.Condarc;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Where conda's environments lie on this machine. Immutable.
///
/// Spec: conda, "Managing environments", `envs_dirs` of the configuration and
/// `locate_prefix_by_name`; mamba's `MAMBA_ROOT_PREFIX`.
///
/// @since 0.1
public final class CondaPrefixes {
  private static final List<String> ROOTS =
      List.of(
          "miniconda3",
          "anaconda3",
          "miniforge3",
          "mambaforge",
          "micromamba",
          "miniconda",
          "anaconda",
          ".local/share/mamba");
  private static final List<String> SYSTEM_ROOTS =
      List.of("/opt/conda", "/opt/miniconda3", "/opt/anaconda3", "/opt/miniforge3", "/opt/mamba");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{?([A-Za-z_][A-Za-z0-9_]*)}?");

  private final Settings settings;
  private final Path home;

  private CondaPrefixes(Settings settings) {
    this.settings = settings;
    this.home = Path.of(settings.get("HOME").orElse(System.getProperty("user.home")));
  }

  /// Those that the settings of a process lead to.
  public static CondaPrefixes of(Settings settings) {
    return new CondaPrefixes(settings);
  }

  /// The prefix of a name, as `conda activate` would take it: a path when it holds a `/` or begins
  /// with `.` or `~`, `base` for the root, else a folder of that name in the first of the
  /// directories that has one.
  ///
  /// @throws EnvironmentException code `conda-environment`, with the names that there are
  public Path find(String nameOrPrefix) {
    if (nameOrPrefix.contains("/")
        || nameOrPrefix.startsWith(".")
        || nameOrPrefix.startsWith("~")) {
      var path = expanded(nameOrPrefix).toAbsolutePath().normalize();
      if (!isPrefix(path)) {
        throw new EnvironmentException(
            Problem.of(EnvironmentCode.CONDA_ENVIRONMENT, "no conda environment is there")
                .at(Place.file(path))
                .because(
                    Files.isDirectory(path)
                        ? "the directory has no `conda-meta`"
                        : "there is no such directory"));
      }
      return path;
    }
    var searched = new ArrayList<Path>();
    if (nameOrPrefix.equals("base") || nameOrPrefix.equals("root")) {
      for (var root : roots()) {
        searched.add(root);
        if (isPrefix(root)) {
          return root;
        }
      }
    }
    for (var directory : directories()) {
      var prefix = directory.resolve(nameOrPrefix);
      searched.add(prefix);
      if (isPrefix(prefix)) {
        return prefix;
      }
    }
    for (var prefix : listed()) {
      if (String.valueOf(prefix.getFileName()).equals(nameOrPrefix) && isPrefix(prefix)) {
        return prefix;
      }
    }
    var problem =
        Problem.of(
                EnvironmentCode.CONDA_ENVIRONMENT,
                "there is no conda environment `" + nameOrPrefix + "`")
            .because(
                "none of these is one: "
                    + String.join(", ", searched.stream().map(Path::toString).toList()));
    var names = names();
    throw new EnvironmentException(
        names.isEmpty()
            ? problem.hint("give the path of the environment")
            : problem.hint("there are " + String.join(", ", names) + "; or give a path"));
  }

  /// The names that [#find] knows.
  public Set<String> names() {
    var names = new TreeSet<String>();
    for (var directory : directories()) {
      if (Files.isDirectory(directory)) {
        try (var entries = Files.list(directory)) {
          entries
              .filter(CondaPrefixes::isPrefix)
              .forEach(entry -> names.add(String.valueOf(entry.getFileName())));
        } catch (IOException e) {
          // A directory of somebody else has nothing to offer.
        }
      }
    }
    listed().stream()
        .filter(CondaPrefixes::isPrefix)
        .filter(prefix -> String.valueOf(prefix.getParent()).endsWith("envs"))
        .forEach(prefix -> names.add(String.valueOf(prefix.getFileName())));
    if (roots().stream().anyMatch(CondaPrefixes::isPrefix)) {
      names.add("base");
    }
    return names;
  }

  private static boolean isPrefix(Path path) {
    return Files.isDirectory(path.resolve("conda-meta"));
  }

  /// Roots of installations, the surest first.
  List<Path> roots() {
    var roots = new LinkedHashSet<Path>();
    settings.get("MAMBA_ROOT_PREFIX").map(this::expanded).ifPresent(roots::add);
    settings.get("CONDA_ROOT").map(this::expanded).ifPresent(roots::add);
    for (var variable : List.of("CONDA_EXE", "CONDA_PYTHON_EXE")) {
      settings
          .get(variable)
          .map(this::expanded)
          .map(Path::getParent)
          .map(Path::getParent)
          .ifPresent(roots::add);
    }
    settings
        .get("CONDA_PREFIX")
        .map(this::expanded)
        .ifPresent(prefix -> {
          var parent = prefix.getParent();
          if (parent != null && String.valueOf(parent.getFileName()).equals("envs")) {
            Optional.ofNullable(parent.getParent()).ifPresent(roots::add);
          } else {
            roots.add(prefix);
          }
        });
    ROOTS.forEach(name -> roots.add(home.resolve(name)));
    SYSTEM_ROOTS.forEach(path -> roots.add(Path.of(path)));
    return roots.stream().filter(Path::isAbsolute).map(Path::normalize).distinct().toList();
  }

  /// The directories that hold environments, in conda's order.
  List<Path> directories() {
    var directories = new LinkedHashSet<Path>();
    for (var path : condarc(settings).list("envs_dirs")) {
      if (!path.isBlank()) {
        directories.add(expanded(path.strip()));
      }
    }
    for (var root : roots()) {
      directories.add(root.resolve("envs"));
    }
    directories.add(home.resolve(".conda/envs"));
    return List.copyOf(directories);
  }

  /// The prefixes that conda noted when it made them.
  private List<Path> listed() {
    var file = home.resolve(".conda/environments.txt");
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
          .lines()
          .map(String::strip)
          .filter(line -> !line.isEmpty() && !line.startsWith("#"))
          .map(Path::of)
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("conda's list of environments cannot be read", file, e);
    }
  }

  /// The channels that conda's configuration names, highest priority first.
  public List<String> configuredChannels(Path prefix) {
    return condarc(settings.with("CONDA_PREFIX", prefix.toString())).list("channels");
  }

  // A file that is broken stops conda, and need not stop who only wants to read an environment.
  private Condarc condarc(Settings of) {
    var withRoot = roots().stream().filter(CondaPrefixes::isPrefix).findFirst().map(Path::toString);
    return Condarc.read(
        withRoot.map(root -> of.with("CONDA_ROOT", of.get("CONDA_ROOT").orElse(root))).orElse(of),
        _ -> {});
  }

  private Path expanded(String text) {
    var matcher = VARIABLE.matcher(text);
    var path =
        matcher.replaceAll(match ->
            java.util.regex.Matcher.quoteReplacement(
                settings.get(match.group(1)).orElse(match.group())));
    return path.equals("~") || path.startsWith("~/")
        ? home.resolve(path.substring(Math.min(2, path.length())))
        : Path.of(path);
  }
}
