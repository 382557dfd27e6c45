package dev.terroir.resolve.conda;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.environment.conda.CondaDependency;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.conda.CondaSolver.Spec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a definition asks of conda.
///
/// @since 0.1
public final class CondaRequest {
  private CondaRequest() {}

  /// The match specs of a definition that apply to a platform, in their order.
  public static List<Spec> specs(CondaDependencies packages, Platform platform) {
    var specs = new ArrayList<Spec>();
    var place = Place.of(packages.source());
    var marks = packages.condaMarks();
    var isMarked = marks.size() == packages.condaPackages().size();
    var number = 0;
    for (var dependency : packages.dependencies()) {
      switch (dependency) {
        case CondaDependency.Conda(var spec) -> {
          specs.add(new Spec(spec, isMarked ? marks.get(number).place() : place));
          number++;
        }
        case CondaDependency.Selected(var selector, var selected) -> {
          if (applies(selector, platform)) {
            selected.forEach(spec -> specs.add(new Spec(spec, place)));
          }
        }
        case CondaDependency.Pip _ -> {}
      }
    }
    return specs;
  }

  private static boolean applies(String selector, Platform platform) {
    return switch (selector) {
      case "linux" -> platform.os().equals("linux");
      case "osx" -> platform.os().equals("darwin");
      case "unix" -> !platform.os().equals("windows");
      default -> false;
    };
  }

  /// Whether a definition needs conda: it asks for more than Python and pip.
  public static boolean needsConda(List<Spec> specs) {
    return specs.stream().anyMatch(spec -> !isPythonOrPip(spec));
  }

  private static boolean isPythonOrPip(Spec spec) {
    return isNamed(spec, "python") || isNamed(spec, "pip");
  }

  private static boolean isNamed(Spec spec, String name) {
    return CondaDependency.condaName(spec.text()).filter(name::equals).isPresent();
  }

  /// The specs with another Python when one is wanted, and with Python and pip when pip installs
  /// something on top.
  ///
  /// @param pythonVersion `major.minor`, or null for the definition's
  /// @param hasPip whether there is something for pip
  public static List<Spec> complete(
      List<Spec> specs,
      @Nullable String pythonVersion,
      boolean hasPip,
      String source,
      Progress progress) {
    var all = new ArrayList<>(specs);
    if (pythonVersion != null) {
      all.removeIf(spec -> isNamed(spec, "python"));
      all.addFirst(new Spec("python=" + pythonVersion, Place.of("--python")));
    }
    for (var name : List.of("python", "pip")) {
      if (hasPip && all.stream().noneMatch(spec -> isNamed(spec, name))) {
        progress.line("`" + name + "` is added for the pip section");
        all.add(new Spec(name, Place.of(source)));
      }
    }
    return all;
  }
}
