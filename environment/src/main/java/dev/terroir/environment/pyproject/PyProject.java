package dev.terroir.environment.pyproject;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
  private final Path file;
  private final TomlParseResult toml;

  private PyProject(Path file, TomlParseResult toml) {
    this.file = file;
    this.toml = toml;
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

  /// What `project.requires-python` asks for, such as `>=3.9`.
  public Optional<String> requiresPython() {
    return toml.get(List.of("project", "requires-python")) instanceof String text
        ? Optional.of(text.strip()).filter(value -> !value.isEmpty())
        : Optional.empty();
  }

  /// The dependencies of the project and of a group or extra.
  ///
  /// @param group name of a dependency group, else of an extra, or null for none
  /// @throws EnvironmentException code `pyproject` when they are dynamic, of another tool's form,
  ///   or the group is not there; every problem with its line
  public List<String> dependencies(@Nullable String group) {
    var project = toml.getTable("project");
    var groups = toml.getTable("dependency-groups");
    if (project == null && (group == null || groups == null)) {
      throw problem(
          toml.contains("tool.poetry.dependencies")
              ? "the dependencies are in Poetry's own form, with caret constraints that pip does"
                  + " not read"
              : "there is no [project] table with dependencies",
          1,
          toml.contains("tool.poetry.dependencies")
              ? "export them with `poetry export` and give the requirements.txt"
              : "list them under `[project] dependencies`, or give a requirements.txt");
    }
    var found = new ArrayList<String>();
    if (project != null) {
      for (var dynamic : strings(project, "dynamic")) {
        if (dynamic.equals("dependencies")) {
          throw problem(
              "the dependencies are dynamic: only the build of the project knows them",
              line(project, "dynamic"),
              "list them under `[project] dependencies`, or give a requirements.txt");
        }
      }
      requirements(project, "dependencies", found);
    }
    if (group != null) {
      group(groups, project, group, found);
    }
    return List.copyOf(found);
  }

  private void group(
      @Nullable TomlTable groups, @Nullable TomlTable project, String group, List<String> found) {
    if (groups != null && key(groups, group).isPresent()) {
      expand(groups, group, new ArrayList<>(), found);
      return;
    }
    var extras = project == null ? null : project.getTable("optional-dependencies");
    var extra = extras == null ? Optional.<String>empty() : key(extras, group);
    if (extras == null || extra.isEmpty()) {
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
    requirements(extras, extra.get(), found);
  }

  private void expand(TomlTable groups, String name, List<String> above, List<String> found) {
    var key =
        key(groups, name)
            .orElseThrow(
                () -> problem("the included group `" + name + "` is not there", 1, "define it"));
    if (above.contains(key)) {
      throw problem(
          "dependency groups include each other in a circle: "
              + String.join(" → ", above)
              + " → "
              + key,
          line(groups, key),
          "take one of the includes out");
    }
    var deeper = new ArrayList<>(above);
    deeper.add(key);
    if (!(groups.get(List.of(key)) instanceof TomlArray array)) {
      throw problem("the group `" + key + "` must be a list", line(groups, key), "write a list");
    }
    for (int i = 0; i < array.size(); i++) {
      var position = line(array, i);
      switch (array.get(i)) {
        case String text -> found.add(check(text, position));
        case TomlTable table
            when table.size() == 1
                && table.get(List.of("include-group")) instanceof String included ->
            expand(groups, included, deeper, found);
        default ->
            throw problem(
                "a group holds requirements and `{include-group = \"NAME\"}` only",
                position,
                "mend it");
      }
    }
  }

  private void requirements(TomlTable table, String key, List<String> found) {
    if (!table.contains(List.of(key))) {
      return;
    }
    if (!(table.get(List.of(key)) instanceof TomlArray array)) {
      throw problem(
          "`" + key + "` must be a list of requirements", line(table, key), "write a list");
    }
    for (int i = 0; i < array.size(); i++) {
      var position = line(array, i);
      if (!(array.get(i) instanceof String text)) {
        throw problem("a requirement must be a string", position, "put it into quotes");
      }
      found.add(check(text, position));
    }
  }

  private String check(String text, int line) {
    try {
      Requirement.parse(text);
      return text.strip();
    } catch (Requirement.SyntaxException e) {
      throw new EnvironmentException(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "`" + text + "` is no requirement: " + e.what())
              .at(Place.position(file.toString(), line, e.offset() + 1)),
          e);
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
    return table.keySet().stream().filter(key -> normal(key).equals(normal(name))).findFirst();
  }

  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_.]+", "-");
  }

  private static int line(TomlTable table, String key) {
    var position = table.inputPositionOf(List.of(key));
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
