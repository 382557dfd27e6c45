package dev.terroir.environment.pyproject;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/// A `pyproject.toml`, as far as its dependencies go. Immutable.
///
/// @since 0.1
public final class PyProject {
  /// Groups that a group includes, with repetition; keeps nested pairs from doubling without end.
  private static final int MAX_EXPANDED = 1000;

  private final Path file;
  private final TomlParseResult toml;
  private final UvTables uv;
  private final PoetryTables poetry;

  private PyProject(Path file, TomlParseResult toml) {
    this.file = file;
    this.toml = toml;
    this.uv = new UvTables(toml, file);
    this.poetry = new PoetryTables(toml, file);
  }

  /// Reads a file.
  ///
  /// @throws EnvironmentException code `pyproject`, with line and column
  public static PyProject read(Path file) {
    var toml = Toml.parse(YamlReader.text(file));
    if (toml.hasErrors()) {
      throw new EnvironmentException(
          toml.errors().stream()
              .map(error ->
                  Problem.of(EnvironmentCode.PYPROJECT, "the file is not valid TOML")
                      .at(
                          Place.position(
                              file.toString(), error.position().line(), error.position().column()))
                      .because(String.valueOf(error.getMessage())))
              .toList());
    }
    return new PyProject(file, toml);
  }

  /// What `project.requires-python` asks for, such as `>=3.9`, or Poetry's `python`.
  public Optional<String> requiresPython() {
    return toml.get(List.of("project", "requires-python")) instanceof String text
        ? Optional.of(text.strip()).filter(value -> !value.isEmpty())
        : poetry.requiresPython();
  }

  /// The dependencies of the project and of a group or extra, and the options of the indexes that
  /// the project has them from.
  ///
  /// @param group name of a dependency group, else of an extra, or null for none
  /// @throws EnvironmentException code `pyproject` when they are dynamic, of Poetry's form and no
  ///   line for pip can say them, or the group is not there; every problem with its line
  public List<String> dependencies(@Nullable String group) {
    var project = toml.getTable("project");
    var groups = toml.getTable("dependency-groups");
    if (poetry.isThere()
        && (project == null || !project.contains(List.of("dependencies")))
        && !(group != null && groups != null && key(groups, group).isPresent())) {
      return poetry.lines(group);
    }
    if (project == null && (group == null || groups == null)) {
      throw problem(
          "there is no [project] table with dependencies",
          1,
          "list them under `[project] dependencies`, or give a requirements.txt");
    }
    var collector = new Collector();
    if (project != null) {
      if (strings(project, "dynamic").contains("dependencies")) {
        throw dynamic(project, "the dependencies are", "dependencies");
      }
      collector.requirements(project, "dependencies");
    }
    if (group != null) {
      group(groups, project, group, collector);
    }
    if (!collector.problems.isEmpty()) {
      throw new EnvironmentException(collector.problems);
    }
    var all = new ArrayList<>(uv.options());
    all.addAll(uv.sourced(collector.found));
    return List.copyOf(all);
  }

  /// Versions that the project limits without asking for the package, for uv.
  public List<String> constraints() {
    return uv.constraints();
  }

  /// A sentence for everything in the file that would choose other packages and is not followed,
  /// once its dependencies are asked for.
  public List<String> warnings() {
    var all = new ArrayList<>(uv.warnings());
    all.addAll(poetry.warnings());
    return List.copyOf(all);
  }

  private EnvironmentException dynamic(TomlTable project, String what, String key) {
    return problem(
        what + " dynamic: only the build of the project knows them",
        line(project, "dynamic"),
        "list them under `[project] " + key + "`, or give a requirements.txt");
  }

  private void group(
      @Nullable TomlTable groups, @Nullable TomlTable project, String group, Collector collector) {
    if (groups != null && key(groups, group).isPresent()) {
      collector.expand(groups, group, 1, new ArrayList<>());
      return;
    }
    var extras = project == null ? null : project.getTable("optional-dependencies");
    var extra = extras == null ? Optional.<String>empty() : key(extras, group);
    if (extras != null && extra.isPresent()) {
      collector.own(extras, extra.get(), Optional.empty());
      return;
    }
    if (project != null && strings(project, "dynamic").contains("optional-dependencies")) {
      throw dynamic(project, "the extras are", "optional-dependencies");
    }
    var known = new ArrayList<String>();
    if (groups != null) {
      known.addAll(groups.keySet());
    }
    if (extras != null) {
      known.addAll(extras.keySet());
    }
    throw problem(
        "there is no dependency group or extra `" + group + "`",
        1,
        known.isEmpty() ? "leave --group out" : "name one of " + String.join(", ", known));
  }

  /// Gathers requirements, and every problem on the way. For one thread.
  private final class Collector {
    private final List<String> found = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final List<String> inside = new ArrayList<>();
    private int expanded;

    void requirements(TomlTable table, String key) {
      if (!table.contains(List.of(key))) {
        return;
      }
      if (!(table.get(List.of(key)) instanceof TomlArray array)) {
        add("`" + key + "` must be a list of requirements", line(table, key), "write a list");
        return;
      }
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof String text) {
          check(text, line(array, i));
        } else {
          add("a requirement must be a string", line(array, i), "put it into quotes");
        }
      }
    }

    // Spec: "Dependency Groups": includes are expanded in place, duplicates stay.
    void expand(TomlTable groups, String name, int from, List<String> above) {
      var keys =
          groups.keySet().stream()
              .filter(
                  key -> DistributionName.normalized(key).equals(DistributionName.normalized(name)))
              .toList();
      if (keys.isEmpty()) {
        add("the included group `" + name + "` is not there", from, "define it");
        return;
      }
      var key = keys.getFirst();
      if (keys.size() > 1) {
        add(
            "`" + String.join("` and `", keys) + "` are two spellings of one group",
            line(groups, keys.getLast()),
            "give one of them another name");
      } else if (above.contains(key)) {
        add(
            "dependency groups include each other in a circle: "
                + String.join(" → ", above)
                + " → "
                + key,
            line(groups, key),
            "take one of the includes out");
      } else if (++expanded > MAX_EXPANDED) {
        if (expanded == MAX_EXPANDED + 1) {
          add("more than " + MAX_EXPANDED + " groups are included", from, "include fewer");
        }
      } else if (groups.get(List.of(key)) instanceof TomlArray array) {
        var deeper = new ArrayList<>(above);
        deeper.add(key);
        members(groups, array, deeper);
      } else {
        add("the group `" + key + "` must be a list", line(groups, key), "write a list");
      }
    }

    private void members(TomlTable groups, TomlArray array, List<String> above) {
      for (int i = 0; i < array.size() && expanded <= MAX_EXPANDED; i++) {
        var position = line(array, i);
        if (array.get(i) instanceof String text) {
          check(text, position);
        } else if (array.get(i) instanceof TomlTable table
            && table.size() == 1
            && table.get(List.of("include-group")) instanceof String included) {
          expand(groups, included, position, above);
        } else {
          add(
              "a group holds requirements and `{include-group = \"NAME\"}` only",
              position,
              "write one of the two");
        }
      }
    }

    private void check(String text, int line) {
      if (Credentials.isIn(text)) {
        problems.add(Credentials.problem("a URL").at(Place.position(file.toString(), line, 0)));
        return;
      }
      try {
        var requirement = Requirement.parse(text);
        if (requirement.url() == null && isOwn(requirement)) {
          own(requirement, line);
        } else {
          found.add(text.strip());
        }
      } catch (Requirement.SyntaxException e) {
        problems.add(
            Problem.of(
                    EnvironmentCode.REQUIREMENT_SYNTAX,
                    "`" + text + "` is no requirement: " + e.what())
                .at(new Place(file + ":" + line, text, e.offset() + 1)));
      }
    }

    // The extras of the project itself, whose name on an index is anybody's.
    private boolean isOwn(Requirement requirement) {
      return !requirement.extras().isEmpty()
          && toml.get(List.of("project", "name")) instanceof String name
          && DistributionName.normalized(name).equals(requirement.normalizedName());
    }

    private void own(Requirement requirement, int line) {
      for (var extra : requirement.extras()) {
        if (toml.get(List.of("project", "optional-dependencies")) instanceof TomlTable extras
            && key(extras, extra).isPresent()) {
          own(extras, key(extras, extra).get(), requirement.optionalMarker());
        } else {
          add("the project has no extra `" + extra + "`", line, "define it, or take it out");
        }
      }
    }

    void own(TomlTable extras, String key, Optional<String> marker) {
      if (!inside.contains(key) && ++expanded <= MAX_EXPANDED) {
        var from = found.size();
        inside.add(key);
        requirements(extras, key);
        inside.removeLast();
        marker.ifPresent(
            text -> found.subList(from, found.size()).replaceAll(one -> and(one, text)));
      }
    }

    private static String and(String text, String marker) {
      try {
        var one = Requirement.parse(text);
        var both = one.optionalMarker().map(own -> "(" + own + ") and (" + marker + ")");
        return new Requirement(
                one.name(), one.extras(), one.specifiers(), one.url(), both.orElse(marker))
            .toString();
      } catch (Requirement.SyntaxException e) {
        return text;
      }
    }

    private void add(String what, int line, String hint) {
      problems.add(
          Problem.of(EnvironmentCode.PYPROJECT, what)
              .at(Place.position(file.toString(), line, 0))
              .hint(hint));
    }
  }

  private static List<String> strings(TomlTable table, String key) {
    var strings = new ArrayList<String>();
    if (table.get(List.of(key)) instanceof TomlArray array) {
      array.toList().forEach(value -> strings.add(String.valueOf(value)));
    }
    return strings;
  }

  private static Optional<String> key(TomlTable table, String name) {
    return table.keySet().stream()
        .filter(key -> DistributionName.normalized(key).equals(DistributionName.normalized(name)))
        .findFirst();
  }

  /// A table within another one, if both are there.
  static Optional<TomlTable> table(@Nullable TomlTable within, String key) {
    return within != null && within.get(List.of(key)) instanceof TomlTable table
        ? Optional.of(table)
        : Optional.empty();
  }

  static int line(TomlTable table, String key) {
    var position =
        table.contains(List.of(key))
            ? table.inputPositionOf(List.of(key))
            : table.inputPositionOf(key);
    return position == null ? 1 : position.line();
  }

  private static int line(TomlArray array, int index) {
    var position = array.inputPositionOf(index);
    return position == null ? 1 : position.line();
  }

  private EnvironmentException problem(String what, int line, String hint) {
    return new EnvironmentException(
        Problem.of(EnvironmentCode.PYPROJECT, what)
            .at(Place.position(file.toString(), line, 0))
            .hint(hint));
  }
}
