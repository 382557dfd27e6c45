package dev.terroir.environment.pyproject;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Constraints on versions as Poetry writes them, in the words of pip.
///
/// Spec: Poetry, "Dependency specification", "Version constraints"; PEP 440, "Version specifiers".
final class PoetryVersions {
  private static final Pattern OR = Pattern.compile("\\s*\\|\\|?\\s*");
  private static final Pattern AND = Pattern.compile("(?<=[\\w*.])\\s*,\\s*|(?<=[\\w*.])\\s+");
  private static final Pattern ONE =
      Pattern.compile("(\\^|~=|~|===|==|!=|<=|>=|<|>|=)?\\s*v?([0-9][0-9A-Za-z.!+_-]*)(\\.[*xX])?");
  private static final Pattern RELEASE =
      Pattern.compile("((?:[0-9]+!)?)([0-9]+(?:\\.[0-9]+)*)[.\\-_]?([A-Za-z+].*|-[0-9]+)?");

  private PoetryVersions() {}

  /// One comparison, such as `>=1.2`.
  record Comparison(String operator, String version) {
    @Override
    public String toString() {
      return operator + version;
    }
  }

  /// The alternatives of a constraint, each of comparisons that all have to hold; one without any
  /// takes every version.
  ///
  /// @return empty when it is none
  static Optional<List<List<Comparison>>> parse(String constraint) {
    var alternatives = new ArrayList<List<Comparison>>();
    for (var alternative : OR.split(constraint.strip(), -1)) {
      var all = new ArrayList<Comparison>();
      if (!alternative.matches("[*xX]?") || constraint.isBlank()) {
        for (var one : AND.split(alternative.strip())) {
          var read = comparisons(one.strip());
          if (read.isEmpty()) {
            return Optional.empty();
          }
          all.addAll(read.get());
        }
      } else if (alternative.isEmpty()) {
        return Optional.empty();
      }
      alternatives.add(List.copyOf(all));
    }
    return Optional.of(List.copyOf(alternatives));
  }

  private static Optional<List<Comparison>> comparisons(String text) {
    if (text.matches("[*xX]")) {
      return Optional.of(List.of());
    }
    var one = ONE.matcher(text);
    if (!one.matches()) {
      return Optional.empty();
    }
    var operator = one.group(1) == null ? "" : one.group(1);
    var version = one.group(2);
    if (one.group(3) != null) {
      return switch (operator) {
        case "", "=", "==" -> Optional.of(List.of(new Comparison("==", version + ".*")));
        case "!=" -> Optional.of(List.of(new Comparison("!=", version + ".*")));
        // What stands behind a wildcard does not matter: `^1.*` is `^1`.
        case "^", "~", ">=" -> comparisons(operator + version);
        default -> Optional.empty();
      };
    }
    return switch (operator) {
      case "^" -> range(version, true);
      case "~" -> range(version, false);
      case "", "=" -> Optional.of(List.of(new Comparison("==", version)));
      default -> Optional.of(List.of(new Comparison(operator, version)));
    };
  }

  // From the version itself up to the next one that may break: by a caret that of the first part
  // that is not 0, by a tilde that of the second part, or of the only one.
  private static Optional<List<Comparison>> range(String version, boolean isCaret) {
    var matcher = RELEASE.matcher(version);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    var parts = new ArrayList<>(List.of(matcher.group(2).split("\\.")));
    var index = parts.size() == 1 ? 0 : 1;
    if (isCaret) {
      index = 0;
      while (index < Math.min(2, parts.size() - 1) && Long.parseLong(parts.get(index)) == 0) {
        index++;
      }
    }
    var upper = new ArrayList<String>();
    for (int i = 0; i < Math.min(3, parts.size()); i++) {
      upper.add(
          i < index
              ? parts.get(i)
              : i == index ? String.valueOf(Long.parseLong(parts.get(i)) + 1) : "0");
    }
    return Optional.of(
        List.of(
            new Comparison(">=", version),
            new Comparison("<", matcher.group(1) + String.join(".", upper))));
  }
}
