package dev.terroir.environment.pyproject;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/// Dependencies in Poetry's own form, in lines that pip reads. What no such line can say is refused
/// with its line in the file.
///
/// Spec: Poetry, "Dependency specification", "Managing dependencies" (groups), "Repositories".
final class PoetryTables {
  private static final String EXPORT =
      "write a requirements.txt with `poetry export` and give that";

  private final @Nullable TomlTable poetry;
  private final Path file;
  private final List<Problem> problems = new ArrayList<>();
  private final Set<String> warnings = new LinkedHashSet<>();

  PoetryTables(TomlTable toml, Path file) {
    this.poetry =
        PyProject.table(toml, "tool").flatMap(tool -> PyProject.table(tool, "poetry")).orElse(null);
    this.file = file;
  }

  /// Whether the project lists packages in this form.
  boolean isThere() {
    return PyProject.table(poetry, "dependencies").isPresent();
  }

  /// What is not followed, each a sentence.
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  /// Which Pythons the project is for, such as `>=3.10,<4.0`.
  Optional<String> requiresPython() {
    return PyProject.table(poetry, "dependencies")
        .filter(table -> table.get(List.of("python")) instanceof String)
        .map(table -> String.valueOf(table.get(List.of("python"))))
        .flatMap(PoetryVersions::parse)
        // Alternatives are none that one specifier could say.
        .filter(alternatives -> alternatives.size() == 1)
        .map(alternatives -> specifiers(alternatives.getFirst()))
        .filter(text -> !text.isEmpty());
  }

  /// The requirements of the project and of a group or extra, behind the options of its sources.
  ///
  /// @throws EnvironmentException code `pyproject`, with the line of everything that cannot be said
  List<String> lines(@Nullable String group) {
    var lines = new ArrayList<String>();
    var main = PyProject.table(poetry, "dependencies").orElseThrow();
    var wanted = new TreeSet<String>();
    var isFound = group == null;
    var extras = PyProject.table(poetry, "extras");
    var extra =
        group == null ? Optional.<String>empty() : extras.flatMap(known -> key(known, group));
    if (extra.isPresent() && extras.get().get(List.of(extra.get())) instanceof TomlArray names) {
      names.toList().forEach(name -> wanted.add(bare(String.valueOf(name))));
      isFound = true;
    }
    read(main, wanted, lines);
    if (group != null) {
      var more = group(group);
      more.ifPresent(dependencies -> read(dependencies, null, lines));
      isFound |= more.isPresent();
    }
    if (!isFound) {
      problems.add(
          problem("there is no dependency group or extra `" + group + "`", 1, known(extras)));
    }
    var options = options();
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
    options.addAll(lines);
    return List.copyOf(options);
  }

  private static String bare(String requirement) {
    return DistributionName.normalized(requirement.replaceFirst("[\\s\\[(<>=!~;].*", ""));
  }

  private static Optional<String> key(TomlTable table, String name) {
    return table.keySet().stream()
        .filter(key -> DistributionName.normalized(key).equals(DistributionName.normalized(name)))
        .findFirst();
  }

  private Optional<TomlTable> group(String name) {
    var groups = PyProject.table(poetry, "group");
    var named =
        groups
            .flatMap(all -> key(all, name).flatMap(key -> PyProject.table(all, key)))
            .map(one -> PyProject.table(one, "dependencies").orElse(one));
    return named.isEmpty() && name.equals("dev")
        ? PyProject.table(poetry, "dev-dependencies")
        : named;
  }

  private String known(Optional<TomlTable> extras) {
    var names = new TreeSet<String>();
    PyProject.table(poetry, "group").ifPresent(groups -> names.addAll(groups.keySet()));
    extras.ifPresent(all -> names.addAll(all.keySet()));
    if (PyProject.table(poetry, "dev-dependencies").isPresent()) {
      names.add("dev");
    }
    return names.isEmpty() ? "leave --group out" : "name one of " + String.join(", ", names);
  }

  /// @param wanted the optional packages that are asked for; null for all
  private void read(TomlTable table, @Nullable Set<String> wanted, List<String> lines) {
    for (var name : table.keySet()) {
      if (name.equals("python")) {
        continue;
      }
      var value = table.get(List.of(name));
      var line = PyProject.line(table, name);
      switch (value) {
        case String version -> add(name, version, List.of(), "", line, lines);
        case TomlTable one -> read(name, one, wanted, line, lines);
        case TomlArray several -> {
          for (int i = 0; i < several.size(); i++) {
            if (several.get(i) instanceof TomlTable one) {
              read(name, one, wanted, line, lines);
            } else if (several.get(i) instanceof String version) {
              add(name, version, List.of(), "", line, lines);
            }
          }
        }
        case null, default ->
            problems.add(
                problem("`" + name + "` must be a version or a table", line, "write a constraint"));
      }
    }
  }

  private void read(
      String name, TomlTable table, @Nullable Set<String> wanted, int line, List<String> lines) {
    var isOptional = Boolean.TRUE.equals(table.get(List.of("optional")));
    if (isOptional && wanted != null && !wanted.contains(DistributionName.normalized(name))) {
      return;
    }
    var extras =
        table.get(List.of("extras")) instanceof TomlArray array
            ? array.toList().stream().map(String::valueOf).toList()
            : List.<String>of();
    var marker = marker(name, table, line);
    var from = from(name, table, line);
    if (from.isPresent()) {
      var bracket = extras.isEmpty() ? "" : "[" + String.join(",", extras) + "]";
      line(
          name + bracket + " @ " + from.get() + (marker.isEmpty() ? "" : " ; " + marker),
          line,
          lines);
      return;
    }
    if (Boolean.TRUE.equals(table.get(List.of("allow-prereleases")))) {
      warnings.add(
          place(line).text()
              + ": `allow-prereleases` of `"
              + name
              + "` is not followed; name the version");
    }
    if (table.get(List.of("version")) instanceof String version) {
      add(name, version, extras, marker, line, lines);
    } else if (table.get(List.of("path")) == null && table.get(List.of("file")) == null) {
      problems.add(problem("`" + name + "` has no version", line, "write `version = \"*\"`"));
    }
  }

  /// The address of a package that does not come from an index.
  private Optional<String> from(String name, TomlTable table, int line) {
    var subdirectory = text(table, "subdirectory").map(value -> "#subdirectory=" + value);
    var git = text(table, "git");
    if (git.isPresent()) {
      var url = git.get();
      if (!url.contains("://")) {
        // git's own short form of ssh.
        url = "ssh://" + url.replaceFirst("^([^/:]+):", "$1/");
      }
      var revision =
          text(table, "rev").or(() -> text(table, "tag")).or(() -> text(table, "branch"));
      return Optional.of(
          "git+" + url + revision.map(value -> "@" + value).orElse("") + subdirectory.orElse(""));
    }
    if (text(table, "url").isPresent()) {
      return text(table, "url").map(url -> url + subdirectory.orElse(""));
    }
    if (text(table, "path").or(() -> text(table, "file")).isPresent()) {
      problems.add(
          problem(
              "`" + name + "` is a folder or file beside the project",
              line,
              "build a wheel of it and give its path in a requirements.txt"));
    }
    return Optional.empty();
  }

  private static Optional<String> text(TomlTable table, String key) {
    return table.get(List.of(key)) instanceof String value
        ? Optional.of(value.strip()).filter(text -> !text.isEmpty())
        : Optional.empty();
  }

  private String marker(String name, TomlTable table, int line) {
    var all = new ArrayList<String>();
    text(table, "markers").ifPresent(all::add);
    text(table, "platform").ifPresent(value -> all.add("sys_platform == \"" + value + "\""));
    text(table, "python")
        .ifPresent(constraint -> {
          var alternatives = PoetryVersions.parse(constraint);
          if (alternatives.isEmpty()) {
            problems.add(
                problem(
                    "`" + constraint + "` of `" + name + "` is no constraint on Python",
                    line,
                    EXPORT));
          } else if (alternatives.get().stream().noneMatch(List::isEmpty)) {
            all.add(
                alternatives.get().stream()
                    .map(PoetryTables::ofPython)
                    .collect(Collectors.joining(" or ")));
          }
        });
    return all.size() == 1
        ? all.getFirst()
        : all.stream()
            .map(part -> part.contains(" or ") ? "(" + part + ")" : part)
            .collect(Collectors.joining(" and "));
  }

  private static String ofPython(List<PoetryVersions.Comparison> comparisons) {
    return comparisons.stream()
        .map(one -> {
          var isFull = one.version().replace(".*", "").split("\\.").length > 2;
          return (isFull ? "python_full_version " : "python_version ")
              + one.operator()
              + " \""
              + one.version()
              + "\"";
        })
        .collect(Collectors.joining(" and "));
  }

  private static String specifiers(List<PoetryVersions.Comparison> comparisons) {
    return comparisons.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private void add(
      String name,
      String version,
      List<String> extras,
      String marker,
      int line,
      List<String> lines) {
    var alternatives = PoetryVersions.parse(version);
    if (alternatives.isEmpty() || alternatives.get().size() > 1) {
      problems.add(
          problem(
              "`" + version + "` of `" + name + "` cannot be said to pip",
              line,
              alternatives.isEmpty() ? "write a version or a range of versions" : EXPORT));
      return;
    }
    line(
        name
            + (extras.isEmpty() ? "" : "[" + String.join(",", extras) + "]")
            + specifiers(alternatives.get().getFirst())
            + (marker.isEmpty() ? "" : " ; " + marker),
        line,
        lines);
  }

  private void line(String text, int line, List<String> lines) {
    if (Credentials.isIn(text)) {
      problems.add(Credentials.problem("a URL").at(place(line)));
      return;
    }
    try {
      lines.add(Requirement.parse(text).toString());
    } catch (Requirement.SyntaxException e) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "`" + text + "` is no requirement: " + e.what())
              .at(place(line)));
    }
  }

  // Packages of a source that is named for them alone cannot be told apart for pip.
  private List<String> options() {
    var options = new ArrayList<String>();
    if (poetry == null || !(poetry.get(List.of("source")) instanceof TomlArray sources)) {
      return options;
    }
    for (int i = 0; i < sources.size(); i++) {
      if (!(sources.get(i) instanceof TomlTable source) || text(source, "url").isEmpty()) {
        continue;
      }
      var url = text(source, "url").orElseThrow();
      var priority = text(source, "priority").orElse("");
      if (Credentials.isIn(url)) {
        problems.add(Credentials.problem("a URL").at(place(PyProject.line(source, "url"))));
      } else if (priority.equals("explicit")) {
        warnings.add(
            place(PyProject.line(source, "url")).text()
                + ": `"
                + url
                + "` is for the packages that name it only, and is not taken over; give it with"
                + " `--extra-index-url` in a requirements.txt if you trust it for all");
      } else {
        var isDefault =
            priority.equals("default") || Boolean.TRUE.equals(source.get(List.of("default")));
        options.add((isDefault ? "--index-url " : "--extra-index-url ") + url);
      }
    }
    return options;
  }

  private Place place(int line) {
    return Place.position(file.toString(), line, 0);
  }

  private Problem problem(String what, int line, String hint) {
    return Problem.of(EnvironmentCode.PYPROJECT, what).at(place(line)).hint(hint);
  }
}
