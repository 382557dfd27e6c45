package dev.terroir.image.base;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a conda package asks of the C library by its dependency on the virtual package `__glibc`.
/// Immutable.
///
/// Spec: CEP 29 (match specs) as far as versions of glibc need it, CEP 30 (virtual packages).
///
/// @param spec such as `__glibc >=2.17,<3.0.a0`
record GlibcNeed(String spec) {
  private static final String NAME = "__glibc";
  private static final Pattern TERM = Pattern.compile("(>=|<=|==|!=|~=|>|<|=)?\\s*([^\\s,|]+)");

  /// The need of a dependency; empty when it is on something else.
  static Optional<GlibcNeed> of(String spec) {
    var text = spec.strip();
    boolean isGlibc =
        text.startsWith(NAME)
            && (text.length() == NAME.length()
                || " =<>!~[".indexOf(text.charAt(NAME.length())) >= 0);
    return isGlibc ? Optional.of(new GlibcNeed(text)) : Optional.empty();
  }

  /// Whether a version satisfies it. A form that is not understood is taken for satisfied, since
  /// the resolver has judged it.
  boolean isMetBy(String version) {
    var rest = spec.substring(NAME.length()).strip();
    if (rest.startsWith("[")) {
      var matcher = Pattern.compile("version=['\"]?([^'\",\\]]+)").matcher(rest);
      rest = matcher.find() ? matcher.group(1) : "";
    }
    // The build string after the version says nothing of a library.
    var words = rest.replaceAll("\\s*([,|<>=!~]+)\\s*", "$1").split("\\s+");
    var versions = words[0];
    if (versions.isEmpty() || versions.equals("*")) {
      return true;
    }
    for (var alternative : versions.split("\\|")) {
      boolean isMet = true;
      for (var term : alternative.split(",")) {
        isMet &= isMet(term, version);
      }
      if (isMet) {
        return true;
      }
    }
    return false;
  }

  private static boolean isMet(String term, String version) {
    var matcher = TERM.matcher(term.strip());
    if (!matcher.matches()) {
      return true;
    }
    var operator = Optional.ofNullable(matcher.group(1)).orElse("==");
    var wanted = matcher.group(2);
    boolean isPrefix = wanted.endsWith("*") || operator.equals("=");
    wanted = wanted.replaceAll("\\.?\\*$", "");
    if (wanted.isEmpty()) {
      return true;
    }
    int order = compare(numbers(version), numbers(wanted));
    boolean startsWith = (version + ".").startsWith(wanted + ".");
    return switch (operator) {
      case ">=" -> order >= 0;
      case ">" -> order > 0 && !(isPrefix && startsWith);
      case "<=" -> order <= 0 || (isPrefix && startsWith);
      case "<" -> order < 0;
      case "!=" -> isPrefix ? !startsWith : order != 0;
      case "~=" -> order >= 0;
      default -> isPrefix ? startsWith : order == 0;
    };
  }

  /// Text in a version, as in `3.0.a0`, comes before the number without it.
  private static List<Integer> numbers(String version) {
    var numbers = new ArrayList<Integer>();
    for (var part : version.split("\\.")) {
      numbers.add(part.matches("[0-9]{1,6}") ? Integer.parseInt(part) : -1);
    }
    return numbers;
  }

  private static int compare(List<Integer> one, List<Integer> other) {
    for (int i = 0; i < Math.max(one.size(), other.size()); i++) {
      int a = i < one.size() ? one.get(i) : 0;
      int b = i < other.size() ? other.get(i) : 0;
      if (a != b) {
        return Integer.compare(a, b);
      }
    }
    return 0;
  }
}
