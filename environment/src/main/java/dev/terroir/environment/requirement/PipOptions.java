package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The options that pip knows in requirements files, and those of a single requirement.
///
/// Spec: pip, "Requirements File Format", "Supported options".
final class PipOptions {
  private static final Pattern HASH = Pattern.compile("(sha256|sha384|sha512):\\w+");
  static final Set<String> FLAGS =
      Set.of("--no-index", "--pre", "--prefer-binary", "--require-hashes");
  static final List<String> VALUED =
      List.of(
          "-i",
          "--index-url",
          "--pypi-url",
          "--extra-index-url",
          "-f",
          "--find-links",
          "--no-binary",
          "--only-binary",
          "--trusted-host",
          "--all-releases",
          "--only-final",
          "--use-feature");
  static final List<String> FILES =
      List.of("-r", "--requirement", "-c", "--constraint", "-e", "--editable");
  // What any version of pip has or had.
  static final List<String> FEATURES =
      List.of(
          "2020-resolver",
          "build-constraint",
          "fast-deps",
          "in-tree-build",
          "inprocess-build-deps",
          "no-binary-enable-wheel-cache",
          "truststore",
          "venv-isolation");
  private static final Set<String> PER_REQUIREMENT =
      Set.of("--hash", "--config-settings", "--config-setting", "-C", "--global-option");
  private static final Set<String> RETIRED =
      Set.of(
          "--allow-external",
          "--allow-unverified",
          "--allow-all-external",
          "--no-allow-external",
          "--no-allow-insecure",
          "--process-dependency-links",
          "-Z",
          "--always-unzip",
          "--no-use-wheel",
          "--use-wheel",
          "--install-option");

  private PipOptions() {}

  /// An option as written.
  ///
  /// @param value behind `=` or the letter, or null when it would be the next word
  record Option(String name, @Nullable String value) {
    static Option of(String word) {
      if (word.startsWith("--")) {
        var equals = word.indexOf('=');
        return equals < 0
            ? new Option(word, null)
            : new Option(word.substring(0, equals), word.substring(equals + 1));
      }
      return word.startsWith("-") && word.length() > 2
          ? new Option(word.substring(0, 2), word.substring(word.charAt(2) == '=' ? 3 : 2))
          : new Option(word, null);
    }
  }

  /// The options behind a requirement as they are kept; null when one of them is refused.
  static @Nullable String ofRequirement(
      LogicalLine line, String source, int from, Findings findings) {
    var words = Words.of(line.text(), from);
    var kept = new StringBuilder();
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var option = Option.of(word.value());
      var name = option.name();
      var value = option.value();
      var isOwn = PER_REQUIREMENT.contains(name);
      var takesValue = isOwn || VALUED.contains(name) || FILES.contains(name);
      if (takesValue && value == null && i + 1 < words.size()) {
        value = words.get(++i).value();
      }
      var end = i + 1 < words.size() ? words.get(i + 1).offset() : line.text().length();
      if (takesValue ? !isOwn && value != null : FLAGS.contains(name) && value == null) {
        findings.warnings.add(
            line.place(source, word.offset()).text()
                + ": `"
                + name
                + "` is no option of a single requirement; it is left out, as by pip, which takes"
                + " it on a line of its own");
        continue;
      }
      var what =
          !takesValue
              ? RETIRED.contains(name)
                  ? "pip has no option `" + name + "` any more"
                  : "`" + name + "` is no option of a single requirement"
              : value == null
                  ? "`" + name + "` needs a value"
                  : name.equals("--hash") && !HASH.matcher(value).matches()
                      ? "`" + value + "` is no hash: pip takes sha256:…, sha384:… and sha512:…"
                      : null;
      if (what != null) {
        findings.problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, what)
                .at(line.place(source, word.offset())));
        return null;
      }
      kept.append(' ').append(line.text(), word.offset(), end);
      kept.setLength(kept.toString().stripTrailing().length());
    }
    return kept.toString();
  }

  /// pip has no such feature.
  static Problem unknownFeature(String value, Place place) {
    var problem =
        Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "pip has no feature `" + value + "`")
            .at(place);
    return FEATURES.stream()
        .filter(known -> known.startsWith(value) || value.startsWith(known))
        .findFirst()
        .map(known -> problem.hint("write `--use-feature " + known + "`"))
        .orElseGet(() -> problem.hint("take the line out, or name one of " + FEATURES));
  }

  /// A value as a line holds it.
  static String quoted(String value) {
    if (value.chars().noneMatch(Character::isWhitespace)) {
      return value;
    }
    return value.indexOf('"') < 0 ? "\"" + value + "\"" : "'" + value + "'";
  }

  /// pip has no such option in a requirements file.
  static Problem unknown(String name, Place place) {
    if (RETIRED.contains(name)) {
      return Problem.of(
              EnvironmentCode.REQUIREMENT_NOT_CARRIED, "pip has no option `" + name + "` any more")
          .at(place)
          .hint("take the line out");
    }
    var problem =
        Problem.of(
                EnvironmentCode.REQUIREMENT_SYNTAX,
                FLAGS.contains(name)
                    ? "`" + name + "` takes no value"
                    : "`" + name + "` is no option of a requirements file")
            .at(place);
    for (var known :
        List.of(VALUED, FILES, List.copyOf(FLAGS)).stream()
            .flatMap(List::stream)
            .filter(option -> option.startsWith("--") && name.length() > 4)
            .sorted()
            .toList()) {
      if (!known.equals(name) && (known.startsWith(name) || name.startsWith(known))) {
        return problem.hint("write `" + known + "`");
      }
    }
    return problem;
  }
}
