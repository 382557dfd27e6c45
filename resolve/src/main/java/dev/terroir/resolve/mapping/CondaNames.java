package dev.terroir.resolve.mapping;

import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.distribution.DistributionName;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.resolve.ResolveException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Which project of the Python index stands for which conda package. Immutable.
///
/// A name that the data does not have is an error and never taken as the index's: whoever owns the
/// project of that name there may be anybody.
///
/// @since 0.1
public final class CondaNames {
  /// Stands for a package that needs nothing in its place.
  public static final String NOTHING = "-";

  private static final String NO_PYTHON = "!";

  /// Names that channels give to what is no Python package, by rule.
  private static final Pattern NO_PYTHON_NAMES =
      Pattern.compile("(?:r|m2|m2w64|perl|bioconductor|ros)-.*|_.*|lib.*|cuda-.*|.*_linux-64");

  private static final Pattern PROJECT =
      Pattern.compile("(?i)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?:\\[[a-z0-9._, -]+])?");

  private final Map<String, String> projects;

  private CondaNames(Map<String, String> projects) {
    this.projects = projects;
  }

  /// The names that come with Terroir.
  public static CondaNames standard() {
    var projects = new HashMap<String, String>(32_768);
    try (var in = CondaNames.class.getResourceAsStream("conda-names.txt")) {
      if (in == null) {
        throw new IllegalStateException("conda-names.txt is not in the program");
      }
      var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (var line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.startsWith("#")) {
          var space = line.indexOf(' ');
          var name = space < 0 ? line : line.substring(0, space);
          projects.put(name, space < 0 ? name : line.substring(space + 1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new CondaNames(projects);
  }

  /// The names that come with Terroir, and a team's own, which win.
  ///
  /// @param file lines of a conda name and a project; see `docs/errors/conda-names.md`
  /// @throws ResolveException code `conda-names` with all lines that cannot be read
  public static CondaNames read(Path file) {
    try {
      return with(Files.readAllLines(file), file.toString());
    } catch (IOException e) {
      throw FoundationException.ofFile("the file of conda names cannot be read", file, e);
    }
  }

  /// The same of lines that were read before.
  ///
  /// @param source what holds them, for messages
  /// @throws ResolveException code `conda-names` with all lines that cannot be read
  public static CondaNames with(List<String> lines, String source) {
    var projects = new HashMap<>(standard().projects);
    var problem = Problem.of(MappingCode.CONDA_NAMES, "the file of conda names has wrong lines");
    var isWrong = false;
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i).replaceAll("(^|\\s)#.*", "").strip();
      if (line.isEmpty()) {
        continue;
      }
      var parts = line.split("\\s+", 2);
      var project = parts.length == 1 ? parts[0] : parts[1];
      var isMark = project.equals(NOTHING) || project.equals(NO_PYTHON);
      if (!isMark && !PROJECT.matcher(project).matches()) {
        problem =
            problem
                .at(Place.of(source + ":" + (i + 1)))
                .because("`" + project + "` is no project of an index");
        isWrong = true;
      }
      projects.put(key(parts[0]), project);
    }
    if (isWrong) {
      throw new ResolveException(
          problem.hint("write a conda name and its project on each line: `our-tools  tools`"));
    }
    return new CondaNames(projects);
  }

  /// The project that stands for a conda package, with extras if any; [#NOTHING] when nothing is
  /// needed; empty when there is none or nobody has said.
  public Optional<String> project(String condaName) {
    return known(condaName).filter(project -> !project.equals(NO_PYTHON));
  }

  private Optional<String> known(String condaName) {
    var exact = projects.get(condaName);
    return Optional.ofNullable(exact != null ? exact : projects.get(key(condaName)));
  }

  /// Conda's names differ by `-`, `_` and `.`, projects of the index do not.
  private static String key(String name) {
    return name.toLowerCase(java.util.Locale.ROOT);
  }

  /// Turns the conda entries of a definition into requirements. `python` is left to who makes the
  /// environment; `pip` and pip sections are left out.
  ///
  /// @param platform the lock's, for entries of some platforms only
  /// @param source where the entries stand, for messages
  /// @throws ResolveException code `conda-not-on-index` with all entries that have nothing there
  public IndexRequirements requirements(
      List<CondaDependency> dependencies, Platform platform, String source) {
    var work = new Work();
    for (var dependency : dependencies) {
      switch (dependency) {
        case CondaDependency.Conda(var spec) -> work.add(spec);
        case CondaDependency.Pip _ -> {}
        case CondaDependency.Selected(var selector, var specs) -> {
          var os = platform.os().equals("darwin") ? "osx" : platform.os();
          if (selector.equals(os) || selector.equals("unix")) {
            specs.forEach(work::add);
          }
        }
      }
    }
    return work.finish(source);
  }

  private final class Work {
    private final List<String> lines = new ArrayList<>();
    private final Map<String, String> taken = new LinkedHashMap<>();
    private final Set<String> builds = new LinkedHashSet<>();
    private final Set<String> channels = new LinkedHashSet<>();
    private final Set<String> keys = new LinkedHashSet<>();
    private final List<String> leftOut = new ArrayList<>();
    private final List<String> notPython = new ArrayList<>();
    private final List<String> unknown = new ArrayList<>();
    private final List<String> untranslatable = new ArrayList<>();

    void add(String text) {
      try {
        var spec = CondaSpec.parse(text);
        if (spec.name().equals("python") || spec.name().equals("pip")) {
          return;
        }
        var known = known(spec.name()).or(() -> known(DistributionName.normalized(spec.name())));
        if (known.isEmpty()) {
          var isRule = NO_PYTHON_NAMES.matcher(spec.name()).matches();
          (isRule ? notPython : unknown).add(spec.name());
        } else if (known.get().equals(NO_PYTHON)) {
          notPython.add(spec.name());
        } else {
          take(spec, known.get());
        }
      } catch (CondaSpec.Untranslatable e) {
        untranslatable.add("`" + text.strip() + "` " + e.getMessage());
      }
    }

    private void take(CondaSpec spec, String project) throws CondaSpec.Untranslatable {
      taken.put(spec.name(), project);
      if (project.equals(NOTHING)) {
        leftOut.add(spec.name());
        return;
      }
      var isOther =
          !DistributionName.normalized(project.replaceAll("\\[.*", ""))
              .equals(DistributionName.normalized(spec.name()));
      lines.add(project + spec.specifier(isOther));
      if (!spec.build().isEmpty() && !spec.build().equals("*")) {
        builds.add(spec.name());
      }
      if (!spec.channel().isEmpty()) {
        channels.add(spec.channel() + "::" + spec.name());
      }
      if (!spec.unused().isEmpty()) {
        keys.add(spec.name());
      }
    }

    IndexRequirements finish(String source) {
      if (!notPython.isEmpty() || !unknown.isEmpty() || !untranslatable.isEmpty()) {
        throw new ResolveException(problem(source));
      }
      var notes = new ArrayList<String>();
      note(notes, "builds are conda's own and were not asked for", builds);
      note(notes, "channels are conda's own and were not asked for", channels);
      note(notes, "further conditions in brackets were not asked for", keys);
      note(notes, "nothing stands for these on the index, as the team's file says", leftOut);
      return new IndexRequirements(lines, taken, notes);
    }

    private Problem problem(String source) {
      var count = notPython.size() + unknown.size() + untranslatable.size();
      var problem =
          Problem.of(
                  MappingCode.CONDA_NOT_ON_INDEX,
                  count
                      + (count == 1 ? " conda package has" : " conda packages have")
                      + " nothing on the Python index, where `conda.source` is `pypi`")
              .at(Place.of(source));
      if (!notPython.isEmpty()) {
        problem = problem.because("no Python packages: " + quoted(notPython));
      }
      if (!unknown.isEmpty()) {
        problem = problem.because("nobody has said which project is meant: " + quoted(unknown));
      }
      for (var spec : untranslatable) {
        problem = problem.because("the spec " + spec);
      }
      if (!notPython.isEmpty()) {
        problem =
            problem.hint(
                "leave out what wheels bring themselves, as those of PyTorch and TensorFlow bring"
                    + " CUDA: write `NAME  -` into the file of your own conda names");
      }
      if (!unknown.isEmpty()) {
        problem =
            problem.hint(
                "write `"
                    + unknown.getFirst()
                    + "  PROJECT` into the file of your own conda names");
      }
      return problem.hint("set `conda.source` to `channels` and name a channel that has them");
    }
  }

  private static void note(List<String> notes, String what, Iterable<String> names) {
    var quoted = quoted(names);
    if (!quoted.isEmpty()) {
      notes.add(what + ": " + quoted);
    }
  }

  private static String quoted(Iterable<String> names) {
    var words = new ArrayList<String>();
    names.forEach(name -> words.add("`" + name + "`"));
    return String.join(", ", words);
  }
}
