package dev.terroir.environment;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.environment.requirement.Credentials;
import dev.terroir.environment.requirement.Requirement;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Checks a definition before it is registered or built, and finds all its mistakes at once.
///
/// @since 0.1
public final class Validation {
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._ -]{0,253}[A-Za-z0-9._-])?");
  private static final Pattern SHM_SIZE = Pattern.compile("(?i)[0-9]+(\\.[0-9]+)?[bkmg]?");
  private static final List<String> RESERVED = List.of("azureml", "microsoft");

  private Validation() {}

  /// Throws when a definition has mistakes.
  ///
  /// @throws EnvironmentException with every mistake, each naming its field
  public static void check(Environment environment) {
    var problems = problems(environment);
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
  }

  /// Throws when a name cannot be registered by a user.
  public static void checkNewName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new EnvironmentException(badName(name));
    }
    for (var prefix : RESERVED) {
      if (name.toLowerCase(Locale.ROOT).startsWith(prefix)) {
        throw new EnvironmentException(
            Problem.of(
                    EnvironmentCode.RESERVED_NAME,
                    "the name `" + name + "` is reserved for curated environments")
                .at(Place.field("name"))
                .because("names that begin with AzureML or Microsoft are curated ones")
                .hint("register a copy under a name of your own"));
      }
    }
  }

  /// All mistakes of a definition.
  public static List<Problem> problems(Environment environment) {
    var problems = new ArrayList<Problem>();
    if (!NAME.matcher(environment.name()).matches()) {
      problems.add(badName(environment.name()));
    }
    environment
        .environmentVariables()
        .keySet()
        .forEach(name -> {
          if (name.isEmpty() || name.contains("=") || name.indexOf('\0') >= 0) {
            problems.add(
                invalid("`" + name + "` cannot name an environment variable")
                    .at(Place.field("environmentVariables"))
                    .hint("write the name alone as the key and its value beside it"));
          }
        });
    docker(environment.docker(), problems);
    python(environment, problems);
    return problems;
  }

  private static void docker(DockerSection docker, List<Problem> problems) {
    var bases = new ArrayList<String>();
    if (docker.baseImage() != null) {
      bases.add("baseImage");
    }
    if (docker.baseDockerfile() != null) {
      bases.add("baseDockerfile");
    }
    if (docker.buildContext() != null) {
      bases.add("buildContext");
    }
    if (bases.size() > 1) {
      problems.add(
          invalid("an image stands on one base, and here are " + String.join(" and ", bases))
              .at(Place.field("docker"))
              .hint("keep one and set the other to null"));
    }
    var size = docker.shmSize();
    if (size != null && !SHM_SIZE.matcher(size).matches()) {
      problems.add(
          invalid("`" + size + "` is no size of memory")
              .at(Place.field("docker.shmSize"))
              .hint("write a number and one of b, k, m, g, such as `2g`"));
    }
    if (!docker.platform().os().equalsIgnoreCase("linux")) {
      problems.add(
          invalid("environments run on Linux, not on `" + docker.platform().os() + "`")
              .at(Place.field("docker.platform.os")));
    }
  }

  /// Says that packages of a user-managed environment have no effect, when it lists some: the
  /// retired service took such definitions and installed nothing.
  public static Optional<String> unusedPackages(Environment environment) {
    return environment.python().userManagedDependencies()
            && environment.condaDependencies().filter(Validation::asksForPackages).isPresent()
        ? Optional.of(
            "`"
                + environment.name()
                + "` lists packages that are not installed, since userManagedDependencies is true:"
                + " the interpreter `"
                + environment.python().interpreterPath()
                + "` is used as it is")
        : Optional.empty();
  }

  private static void python(Environment environment, List<Problem> problems) {
    var python = environment.python();
    var packages = environment.condaDependencies();
    if (python.userManagedDependencies()) {
      if (python.interpreterPath().isBlank()) {
        problems.add(
            invalid("a user-managed environment needs an interpreter")
                .at(Place.field("python.interpreterPath"))
                .hint("set the path of its Python"));
      }
      if (!python.pipConstraints().isEmpty()) {
        problems.add(
            invalid("a user-managed environment cannot constrain packages")
                .at(Place.field("python.pipConstraints"))
                .because("userManagedDependencies is true, so nothing is installed")
                .hint("set userManagedDependencies to false, or take the constraints out"));
      }
      return;
    }
    if (packages.isEmpty()) {
      problems.add(
          invalid("the environment has no packages and no interpreter of its own")
              .at(Place.field("python.condaDependencies"))
              .hint("give conda dependencies, or set userManagedDependencies and interpreterPath"));
      return;
    }
    var lines = new ArrayList<>(packages.get().pipLines());
    lines.addAll(python.pipConstraints());
    constraints(python.pipConstraints(), problems);
    var ofConda = new ArrayList<>(packages.get().condaPackages());
    ofConda.addAll(packages.get().condaChannels());
    lines.addAll(ofConda);
    for (var line : lines) {
      if (Credentials.isIn(line) || (ofConda.contains(line) && Credentials.isInChannel(line))) {
        problems.add(
            Credentials.problem("a URL in the packages")
                .at(Place.of(packages.get().source()))
                .at(Place.of("a line that begins with `" + beginning(line) + "`")));
      }
    }
  }

  private static void constraints(List<String> lines, List<Problem> problems) {
    for (int i = 0; i < lines.size(); i++) {
      var line = lines.get(i);
      var place = Place.field("python.pipConstraints[" + i + "]");
      if (Credentials.isIn(line)) {
        continue;
      }
      try {
        if (!Requirement.parse(line.split("\\s+(?=-)", 2)[0]).extras().isEmpty()) {
          problems.add(
              invalid("`" + line + "` is no constraint: it has extras")
                  .at(place)
                  .hint("take the extras out"));
        }
      } catch (Requirement.SyntaxException e) {
        problems.add(
            invalid("`" + line + "` is no constraint: " + e.what())
                .at(place)
                .hint("write a name and versions, such as `numpy<2`"));
      }
    }
  }

  /// As much of a line as can be shown without its secret.
  private static String beginning(String line) {
    var url = line.indexOf("//");
    return line.substring(0, url < 0 ? 0 : url + 2) + "…";
  }

  /// Whether more is listed than the default document has.
  private static boolean asksForPackages(CondaDependencies document) {
    return document.dependencies().stream()
        .anyMatch(dependency ->
            switch (dependency) {
              case CondaDependency.Conda conda -> !conda.name().orElse("").equals("python");
              case CondaDependency.Pip(var lines) ->
                  lines.stream()
                      .anyMatch(line ->
                          !CondaDependency.pipName(line)
                              .orElse("")
                              .equals(CondaDependencies.DEFAULTS_PACKAGE));
              case CondaDependency.Selected _ -> true;
            });
  }

  private static Problem badName(String name) {
    return invalid("`" + name + "` cannot name an environment")
        .at(Place.field("name"))
        .hint(
            "use letters, digits, `.`, `_` and `-`, at most 255, beginning with a letter or digit");
  }

  private static Problem invalid(String what) {
    return Problem.of(EnvironmentCode.INVALID_DEFINITION, what);
  }
}
