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
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/// What a project tells uv of where its dependencies come from, in lines that pip reads: passed
/// over, a package would be taken from an index where anybody may have given it that name.
///
/// What no such line can say is refused for a requirement that is asked for, if it would become
/// another package, and told else.
///
/// Spec: uv, "Managing dependencies" (dependency sources), "Package indexes".
final class UvTables {
  private static final Set<String> FROM_INDEX = Set.of("index", "marker", "extra", "group");
  private static final Set<String> EDITED = Set.of("override-dependencies", "exclude-dependencies");

  private final @Nullable TomlTable uv;
  private final Path file;
  private final List<Problem> problems = new ArrayList<>();
  private final Set<String> warnings = new LinkedHashSet<>();

  UvTables(TomlTable toml, Path file) {
    this.uv =
        PyProject.table(toml, "tool").flatMap(tool -> PyProject.table(tool, "uv")).orElse(null);
    this.file = file;
  }

  /// What is not followed, each a sentence.
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  /// Options for the indexes that every package may come from.
  ///
  /// @throws EnvironmentException for a password in one
  List<String> options() {
    if (uv == null) {
      return List.of();
    }
    var options = new ArrayList<String>();
    if (uv.get(List.of("index-url")) instanceof String url) {
      options.add(option("--index-url ", url, "index-url"));
    }
    if (uv.get(List.of("index")) instanceof TomlArray indexes) {
      for (int i = 0; i < indexes.size(); i++) {
        if (indexes.get(i) instanceof TomlTable index
            && index.get(List.of("url")) instanceof String url
            && !Boolean.TRUE.equals(index.get(List.of("explicit")))) {
          var isDefault = Boolean.TRUE.equals(index.get(List.of("default")));
          options.add(option(isDefault ? "--index-url " : "--extra-index-url ", url, "index"));
        }
      }
    }
    for (var url : strings("extra-index-url")) {
      options.add(option("--extra-index-url ", url, "extra-index-url"));
    }
    for (var url : strings("find-links")) {
      options.add(option("--find-links ", url, "find-links"));
    }
    options.removeIf(String::isEmpty);
    end();
    return options;
  }

  private String option(String name, String url, String key) {
    if (Credentials.isIn(url)) {
      problems.add(Credentials.problem("a URL").at(place(key)));
      return "";
    }
    if (!url.contains("://")) {
      warnings.add(
          place(key).text()
              + ": the folder `"
              + url
              + "` is on this machine only and is not looked at");
      return "";
    }
    return name + url;
  }

  /// Versions that are limited without being asked for.
  List<String> constraints() {
    for (var key : EDITED) {
      if (uv != null && uv.contains(List.of(key))) {
        warnings.add(
            place(key).text()
                + ": `"
                + key
                + "` is not followed; write a requirements.txt with `uv export --no-hashes`");
      }
    }
    return strings("constraint-dependencies");
  }

  /// The requirements with the places that the table of sources gives them.
  ///
  /// @throws EnvironmentException code `pyproject`, with the line of every source that no line of
  ///   pip can say
  List<String> sourced(List<String> requirements) {
    var sources = uv == null ? Optional.<TomlTable>empty() : PyProject.table(uv, "sources");
    if (sources.isEmpty()) {
      return requirements;
    }
    var all = new ArrayList<String>();
    for (var text : requirements) {
      try {
        var requirement = Requirement.parse(text);
        var key =
            sources.get().keySet().stream()
                .filter(
                    name -> DistributionName.normalized(name).equals(requirement.normalizedName()))
                .findFirst();
        all.add(
            key.isEmpty() || requirement.url() != null
                ? text
                : sourced(requirement, text, key.get(), sources.get()));
      } catch (Requirement.SyntaxException e) {
        all.add(text);
      }
    }
    end();
    return all;
  }

  private String sourced(Requirement requirement, String text, String key, TomlTable sources) {
    var value = sources.get(List.of(key));
    var line = PyProject.line(sources, key);
    var tables = new ArrayList<TomlTable>();
    if (value instanceof TomlTable one) {
      tables.add(one);
    } else if (value instanceof TomlArray array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof TomlTable one) {
          tables.add(one);
        }
      }
    }
    if (!tables.isEmpty() && tables.stream().allMatch(UvTables::isOfIndex)) {
      warnings.add(
          at(line).text()
              + ": `"
              + key
              + "` comes from the same indexes as the rest, not from that of its own; for an index"
              + " that is for some packages only, write a requirements.txt with the option"
              + " `--extra-index-url URL`");
      return text;
    }
    var source = tables.size() == 1 ? tables.getFirst() : null;
    var url =
        source == null || source.contains(List.of("marker")) || source.contains(List.of("extra"))
            ? Optional.<String>empty()
            : url(source);
    if (url.isEmpty()) {
      problems.add(
          Problem.of(
                  EnvironmentCode.PYPROJECT,
                  "the source of `" + key + "` is one that only uv can follow")
              .at(at(line))
              .because("from an index it might be another package of that name")
              .hint(
                  "write a requirements.txt that names the directory or archive, such as"
                      + " `./PATH`, and give that; or take the source out of `tool.uv.sources`"));
      return text;
    }
    if (Credentials.isIn(url.get())) {
      problems.add(Credentials.problem("a URL").at(at(line)));
      return text;
    }
    return new Requirement(
            requirement.name(), requirement.extras(), List.of(), url.get(), requirement.marker())
        .toString();
  }

  private static boolean isOfIndex(TomlTable source) {
    return source.contains(List.of("index")) && FROM_INDEX.containsAll(source.keySet());
  }

  /// The URL of a checkout or archive.
  private static Optional<String> url(TomlTable source) {
    var url = new StringBuilder();
    if (source.get(List.of("git")) instanceof String git) {
      url.append(git.startsWith("git+") ? "" : "git+").append(git);
      for (var kind : List.of("rev", "tag", "branch")) {
        if (source.get(List.of(kind)) instanceof String name) {
          url.append('@').append(name);
        }
      }
    } else if (source.get(List.of("url")) instanceof String archive) {
      url.append(archive);
    } else {
      return Optional.empty();
    }
    if (source.get(List.of("subdirectory")) instanceof String folder) {
      url.append(url.indexOf("#") < 0 ? '#' : '&').append("subdirectory=").append(folder);
    }
    return Optional.of(url.toString());
  }

  private List<String> strings(String key) {
    var strings = new ArrayList<String>();
    if (uv != null && uv.get(List.of(key)) instanceof TomlArray array) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof String text) {
          strings.add(text);
        }
      }
    }
    return strings;
  }

  private Place place(String key) {
    return at(uv == null ? 1 : PyProject.line(uv, key));
  }

  private Place at(int line) {
    return Place.position(file.toString(), line, 0);
  }

  private void end() {
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
  }
}
