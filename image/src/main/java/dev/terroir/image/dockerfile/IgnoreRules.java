package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.ArrayList;
import java.util.List;

/// Which files of a build context do not belong to it. Immutable.
///
/// Spec: Docker documentation, "Build context", ".dockerignore files": one pattern on a line, `#`
/// begins a comment, `!` takes files back in, the last rule that matches a file or a directory
/// above it decides.
///
/// @since 0.1
public final class IgnoreRules {
  /// No file is ignored.
  public static final IgnoreRules NONE = new IgnoreRules(List.of());

  private record Rule(boolean ignores, PathPattern pattern) {}

  private final List<Rule> rules;

  private IgnoreRules(List<Rule> rules) {
    this.rules = List.copyOf(rules);
  }

  /// Reads the text of a `.dockerignore` file.
  ///
  /// @param source what problems call it
  /// @throws ImageException code `dockerfile-syntax`, for a malformed pattern
  public static IgnoreRules parse(String text, String source) {
    var rules = new ArrayList<Rule>();
    var lines = (text.startsWith("\uFEFF") ? text.substring(1) : text).lines().toList();
    for (var i = 0; i < lines.size(); i++) {
      var line = lines.get(i);
      if (!line.startsWith("#") && !line.isBlank()) {
        add(rules, line.strip(), Place.position(source, i + 1, 1, line));
      }
    }
    return new IgnoreRules(rules);
  }

  /// Reads the patterns of `--exclude`.
  static IgnoreRules of(List<String> patterns, Step step) {
    var rules = new ArrayList<Rule>();
    patterns.forEach(pattern -> add(rules, pattern, step.place()));
    return new IgnoreRules(rules);
  }

  private static void add(List<Rule> rules, String text, Place place) {
    var ignores = !text.startsWith("!");
    var cleaned = PathPattern.clean(ignores ? text : text.substring(1).strip());
    if (cleaned.isEmpty()) {
      return;
    }
    var pattern =
        PathPattern.parse(cleaned, true)
            .orElseThrow(() ->
                new ImageException(
                    Problem.of(ImageCode.DOCKERFILE_SYNTAX, "`" + text + "` is no pattern of paths")
                        .at(place)
                        .hint("close every `[` and let no `\\` stand at the end")));
    rules.add(new Rule(ignores, pattern));
  }

  /// Whether a file or directory is left out.
  ///
  /// @param path relative, with slashes
  public boolean ignores(String path) {
    var ignored = false;
    for (var rule : rules) {
      if (rule.ignores() != ignored && rule.pattern().matchesOrHolds(path)) {
        ignored = rule.ignores();
      }
    }
    return ignored;
  }

  /// Whether anything below an ignored directory may have been taken back in.
  boolean hasExceptions() {
    return rules.stream().anyMatch(rule -> !rule.ignores());
  }
}
