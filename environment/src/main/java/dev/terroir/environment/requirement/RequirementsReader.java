package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.requirement.RequirementsFile.Line;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the lines of a requirements file, its includes in their places. For one thread.
final class RequirementsReader {
  private static final int MAX_DEPTH = 20;

  /// Files in all; keeps files that include each other twice from growing without end.
  private static final int MAX_FILES = 500;

  private static final Pattern FIRST_OPTION = Pattern.compile("\\s+(?=-)");
  private static final Pattern HASH = Pattern.compile("(sha256|sha384|sha512):\\w+");
  private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|file:.*");
  private static final Pattern ARCHIVE =
      Pattern.compile("(?i)(.*\\.(?:whl|zip|tar\\.gz|tgz|tar\\.bz2))(\\[.*])?");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Za-z0-9_]+}");
  private static final Set<String> FLAGS =
      Set.of("--no-index", "--pre", "--prefer-binary", "--require-hashes");
  private static final List<String> VALUED =
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
  private static final List<String> FILES =
      List.of("-r", "--requirement", "-c", "--constraint", "-e", "--editable");
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

  private final List<Line> lines = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private int files;

  RequirementsFile read(Path file) {
    file(file, List.of());
    return finish();
  }

  RequirementsFile parse(String text, String source) {
    lines(text, source, null, List.of());
    return finish();
  }

  private RequirementsFile finish() {
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
    return new RequirementsFile(lines);
  }

  private void file(Path file, List<Path> above) {
    files++;
    try {
      lines(RequirementsText.read(file), file.toString(), file, above);
    } catch (EnvironmentException e) {
      problems.addAll(e.problems());
    }
  }

  private void lines(String text, String source, @Nullable Path file, List<Path> above) {
    for (var line : LogicalLine.split(text)) {
      if (Credentials.isIn(line.text())) {
        // Without the line itself: it would be the secret that is printed.
        problems.add(Credentials.problem("a URL").at(Place.position(source, line.number(), 1)));
      } else if (line.text().startsWith("-")) {
        options(line, source, file, above);
      } else {
        installed(line, source, file);
      }
    }
  }

  // A requirement, URL or path, then options for it alone.
  private void installed(LogicalLine line, String source, @Nullable Path file) {
    var options = FIRST_OPTION.matcher(line.text());
    var bare = line.text();
    var rest = "";
    if (options.find()) {
      bare = line.text().substring(0, options.start());
      if (!areOptionsOfRequirement(line, source, options.end())) {
        return;
      }
      rest = " " + line.text().substring(options.end()).replaceAll("\\s+(?=-)", " ");
    }
    if (URL.matcher(bare).matches()) {
      lines.add(new Line(bare + rest, source, line.number(), false));
    } else if (bare.startsWith(".") || bare.startsWith("/") || bare.startsWith("~")) {
      path(line, bare, rest, source, file);
    } else if (ARCHIVE.matcher(bare.split(";", 2)[0].strip()).matches()
        && bare.indexOf('@') < 0
        && bare.split(";", 2)[0].strip().indexOf(' ') < 0) {
      path(line, bare, rest, source, file);
    } else {
      requirement(line, bare, rest, source);
    }
  }

  private void requirement(LogicalLine line, String bare, String rest, String source) {
    try {
      Requirement.parse(bare);
      lines.add(new Line(bare + rest, source, line.number(), false));
    } catch (Requirement.SyntaxException e) {
      var problem =
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "`" + bare + "` is no requirement: " + e.what())
              .at(line.place(source, e.offset()));
      var variable = VARIABLE.matcher(bare);
      if (bare.matches("[A-Za-z0-9._-]+=[0-9][^=]*")) {
        problem =
            problem.hint(
                "pip writes versions with two `=`: `" + bare.replaceFirst("=", "==") + "`");
      } else if (variable.find()) {
        problem =
            problem
                .because(
                    "`" + variable.group() + "` would make the definition another on each machine")
                .hint("write what stands in `" + variable.group() + "` in its place");
      }
      problems.add(problem);
    }
  }

  private boolean areOptionsOfRequirement(LogicalLine line, String source, int from) {
    var words = Words.of(line.text(), from);
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var option = Option.of(word.value());
      var value = option.value();
      if (PER_REQUIREMENT.contains(option.name()) && value == null && i + 1 < words.size()) {
        value = words.get(++i).value();
      }
      var what =
          !PER_REQUIREMENT.contains(option.name())
              ? RETIRED.contains(option.name())
                  ? "pip has no option `" + option.name() + "` any more"
                  : "`" + option.name() + "` is no option of a single requirement"
              : value == null
                  ? "`" + option.name() + "` needs a value"
                  : option.name().equals("--hash") && !HASH.matcher(value).matches()
                      ? "`" + value + "` is no hash: pip takes sha256:…, sha384:… and sha512:…"
                      : null;
      if (what != null) {
        problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, what)
                .at(line.place(source, word.offset())));
        return false;
      }
    }
    return true;
  }

  private void path(
      LogicalLine line, String bare, String rest, String source, @Nullable Path file) {
    var parts = bare.split(";", 2);
    var matcher = ARCHIVE.matcher(parts[0].strip());
    if (!matcher.matches()) {
      problems.add(
          notLockable(
              bare, line.place(source), "a source directory changes under the environment"));
      return;
    }
    var base = file == null ? null : file.toAbsolutePath().getParent();
    var text = matcher.group(1);
    var archive = base == null ? Path.of(text) : base.resolve(text).normalize();
    if (!Files.exists(archive)) {
      lines.add(new Line(bare + rest, source, line.number(), false));
      return;
    }
    var url = archive.toAbsolutePath().toUri().toString();
    var extras = matcher.group(2);
    if (extras != null || parts.length > 1) {
      // Only with a name before it can a URL have extras and a marker.
      requirement(
          line,
          project(archive)
              + (extras == null ? "" : extras)
              + " @ "
              + url
              + (parts.length > 1 ? " ;" + parts[1] : ""),
          rest,
          source);
    } else {
      lines.add(new Line(url + rest, source, line.number(), false));
    }
  }

  // The name in a wheel's file name ends at the first `-`, in a source archive's at the last.
  private static String project(Path archive) {
    var name = String.valueOf(archive.getFileName());
    var end = name.endsWith(".whl") ? name.indexOf('-') : name.lastIndexOf('-');
    return end < 0 ? name : name.substring(0, end);
  }

  /// An option as written.
  ///
  /// @param value behind `=` or the letter, or null when it would be the next word
  private record Option(String name, @Nullable String value) {
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

  private void options(LogicalLine line, String source, @Nullable Path file, List<Path> above) {
    var words = Words.of(line.text(), 0);
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var place = line.place(source, word.offset());
      var option = Option.of(word.value());
      var name = option.name();
      var value = option.value();
      if (!VALUED.contains(name) && !FILES.contains(name)) {
        if (!FLAGS.contains(name) || value != null) {
          problems.add(unknown(word.value(), name, place));
          return;
        }
        lines.add(new Line(name, source, line.number(), true));
        continue;
      }
      if (value == null && i + 1 < words.size() && !words.get(i + 1).value().startsWith("-")) {
        value = words.get(++i).value();
      }
      if (value == null || value.isEmpty()) {
        problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "`" + name + "` needs a value")
                .at(place));
        return;
      }
      if (VALUED.contains(name)) {
        lines.add(new Line(name + " " + quoted(value), source, line.number(), true));
      } else {
        other(name, value, place, file, above);
      }
    }
  }

  private static String quoted(String value) {
    if (value.chars().noneMatch(Character::isWhitespace)) {
      return value;
    }
    return value.indexOf('"') < 0 ? "\"" + value + "\"" : "'" + value + "'";
  }

  private static Problem unknown(String word, String name, Place place) {
    if (RETIRED.contains(name)) {
      return Problem.of(
              EnvironmentCode.REQUIREMENT_NOT_CARRIED, "pip has no option `" + name + "` any more")
          .at(place)
          .hint("take the line out");
    }
    if (!word.startsWith("-")) {
      return Problem.of(
              EnvironmentCode.REQUIREMENT_SYNTAX, "`" + word + "` belongs to no option before it")
          .at(place)
          .because("pip leaves out what stands behind an option, without a word")
          .hint("write `" + word + "` on a line of its own, or take it out");
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

  private void other(
      String name, String value, Place place, @Nullable Path file, List<Path> above) {
    if (name.equals("-r") || name.equals("--requirement")) {
      include(value, place, file, above);
    } else if (name.equals("-c") || name.equals("--constraint")) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "a constraints file cannot be part of a definition")
              .at(place)
              .because("a definition lists what is installed, and a constraint installs nothing")
              .hint("write the versions of `" + value + "` into the requirements themselves")
              .hint("the lock pins every version anyway"));
    } else {
      problems.add(
          notLockable(
              name + " " + value, place, "an editable directory changes under the environment"));
    }
  }

  private void include(String value, Place place, @Nullable Path file, List<Path> above) {
    var current = file == null ? null : file.toAbsolutePath().normalize();
    var base = current == null ? null : current.getParent();
    if (current == null || base == null || value.contains("://")) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`-r " + value + "` cannot be read from here")
              .at(place)
              .hint("put the requirements of that file in its place"));
      return;
    }
    var included = base.resolve(value).normalize();
    if (above.contains(included) || included.equals(current)) {
      problems.add(
          Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "the files include each other in a circle")
              .at(place));
    } else if (above.size() >= MAX_DEPTH || files >= MAX_FILES) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "more than "
                      + (files >= MAX_FILES ? MAX_FILES + " files" : MAX_DEPTH + " levels")
                      + " are included")
              .at(place));
    } else if (!Files.isRegularFile(included)) {
      problems.add(
          Problem.of(EnvironmentCode.REQUIREMENT_NOT_CARRIED, "the included file is not there")
              .at(place)
              .at(Place.file(included)));
    } else {
      var deeper = new ArrayList<>(above);
      deeper.add(current);
      file(included, deeper);
    }
  }

  private static Problem notLockable(String content, Place place, String why) {
    return Problem.of(
            EnvironmentCode.REQUIREMENT_NOT_CARRIED,
            "`" + content + "` cannot be part of a definition")
        .at(place)
        .because(why)
        .hint("build a wheel of it (`uv build` or `pip wheel`) and give the wheel's path or URL");
  }
}
