package dev.terroir.environment.conda;

import dev.terroir.environment.distribution.DistributionName;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// One entry of the `dependencies` list of a conda environment file. Immutable.
///
/// @since 0.1
public sealed interface CondaDependency {

  /// A conda package.
  ///
  /// @param spec a match spec or URL as written, such as `numpy=1.17.0`
  record Conda(String spec) implements CondaDependency {
    /// The package's name, lower case and without channel; empty for a URL.
    public Optional<String> name() {
      return CondaDependency.condaName(spec);
    }
  }

  /// The pip section: what pip installs after conda, as lines of a requirements file.
  ///
  /// @param lines requirements, URLs, paths and option lines as written, in order
  record Pip(List<String> lines) implements CondaDependency {
    /// Copies the list.
    public Pip {
      lines = List.copyOf(lines);
    }
  }

  /// Packages for some platforms only, mamba's `sel(linux): package`.
  ///
  /// @param selector `linux`, `osx`, `win` or `unix`
  /// @param specs match specs
  record Selected(String selector, List<String> specs) implements CondaDependency {
    /// Copies the list.
    public Selected {
      specs = List.copyOf(specs);
    }
  }

  /// The name in a match spec, lower case and without channel; empty for a URL.
  static Optional<String> condaName(String spec) {
    var bracket = spec.indexOf('[');
    var head = bracket < 0 ? spec : spec.substring(0, bracket);
    // A channel may be a URL itself.
    var channel = head.lastIndexOf("::");
    if ((channel < 0 && head.contains("://")) || spec.startsWith("/") || spec.startsWith(".")) {
      return Optional.empty();
    }
    var matcher = Names.CONDA.matcher(channel < 0 ? head : head.substring(channel + 2));
    return matcher.lookingAt()
        ? Optional.of(matcher.group(1).toLowerCase(Locale.ROOT))
        : Optional.empty();
  }

  /// The normalised project name of a pip requirement; empty for options, URLs and paths.
  static Optional<String> pipName(String line) {
    var matcher = Names.PIP.matcher(line);
    return matcher.lookingAt()
        ? Optional.of(DistributionName.normalized(matcher.group(1)))
        : Optional.empty();
  }

  /// How names are found in text.
  final class Names {
    private static final Pattern CONDA = Pattern.compile("\\s*([A-Za-z0-9_][A-Za-z0-9_.*-]*)");
    private static final Pattern PIP =
        Pattern.compile(
            "\\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\\s*(?:$|[\\[=<>!~;@(#]|--)");

    private Names() {}
  }
}
