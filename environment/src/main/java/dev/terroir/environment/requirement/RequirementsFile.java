package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.yaml.YamlReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A requirements file with the files it includes, as lines that pip reads one by one. Immutable.
///
/// Requirements, URLs, archives and options are carried as they are written. Refused with file and
/// line are editable and source directories, constraints, and passwords in URLs: a definition is
/// shared and locked.
///
/// Spec: pip, "Requirements File Format".
///
/// @param lines in order
/// @since 0.1
public record RequirementsFile(List<Line> lines) {
  private static final int MAX_DEPTH = 20;
  private static final Pattern COMMENT = Pattern.compile("(^|\\s+)#.*$");
  private static final Pattern PER_REQUIREMENT =
      Pattern.compile("\\s+--(hash|config-settings?|global-option|install-option)(=|\\s).*");
  private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|file:.*");
  private static final Pattern PASSWORD =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)([^/@\\s:]*):([^/@\\s]+)@");
  private static final Pattern ARCHIVE =
      Pattern.compile("(?i).*\\.(whl|zip|tar\\.gz|tgz|tar\\.bz2)(\\[.*])?");
  private static final Set<String> FLAGS =
      Set.of("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--no-deps");
  private static final Set<String> VALUED =
      Set.of(
          "-i",
          "--index-url",
          "--pypi-url",
          "--extra-index-url",
          "-f",
          "--find-links",
          "--no-binary",
          "--only-binary",
          "--trusted-host",
          "--use-feature");
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
          "--use-wheel");

  /// One line.
  ///
  /// @param text what pip reads, without comment and continuation
  /// @param source the file
  /// @param number 1-based line where it begins
  /// @param isOption whether it is an option for all, such as `--index-url`
  public record Line(String text, String source, int number, boolean isOption) {}

  /// Copies the list.
  public RequirementsFile {
    lines = List.copyOf(lines);
  }

  /// Reads a file and the files it includes.
  ///
  /// @throws EnvironmentException with every problem, each with file, line and column
  public static RequirementsFile read(Path file) {
    var reader = new Reader();
    reader.file(file, new ArrayList<>());
    return reader.finish();
  }

  /// Reads a text that includes no files.
  ///
  /// @param source file name or other name of the text
  public static RequirementsFile parse(String text, String source) {
    var reader = new Reader();
    reader.text(text, source, null, new ArrayList<>());
    return reader.finish();
  }

  /// The lines as the pip section of a conda file holds them.
  public List<String> pipLines() {
    return lines.stream().map(Line::text).distinct().toList();
  }

  private static final class Reader {
    private final List<Line> lines = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();

    RequirementsFile finish() {
      if (!problems.isEmpty()) {
        throw new EnvironmentException(problems);
      }
      return new RequirementsFile(lines);
    }

    void file(Path file, List<Path> above) {
      text(YamlReader.text(file), file.toString(), file, above);
    }

    void text(String text, String source, @Nullable Path file, List<Path> above) {
      var clean = text.startsWith("\ufeff") ? text.substring(1) : text;
      var physical = clean.split("\r\n|\r|\n", -1);
      var logical = new StringBuilder();
      var first = 0;
      for (int i = 0; i < physical.length; i++) {
        var line = physical[i];
        if (logical.isEmpty()) {
          first = i + 1;
        }
        // A comment line within a continuation ends nothing and says nothing.
        if (!logical.isEmpty() && line.strip().startsWith("#")) {
          continue;
        }
        if (line.endsWith("\\") && !line.strip().startsWith("#") && i + 1 < physical.length) {
          logical.append(line, 0, line.length() - 1).append(' ');
          continue;
        }
        logical.append(line.endsWith("\\") ? line.substring(0, line.length() - 1) : line);
        var content = COMMENT.matcher(logical).replaceFirst("").strip();
        logical.setLength(0);
        if (!content.isEmpty()) {
          line(content, source, first, line, file, above);
        }
      }
    }

    private void line(
        String content,
        String source,
        int number,
        String physical,
        @Nullable Path file,
        List<Path> above) {
      var place = Place.position(source, number, 1, physical);
      var password = PASSWORD.matcher(content);
      if (password.find() && !password.group(3).startsWith("$")) {
        problems.add(
            Problem.of(EnvironmentCode.SECRET_IN_DEFINITION, "a URL holds a password")
                .at(Place.position(source, number, 1))
                .because("a definition is shared, locked and logged, so it may hold no secret")
                .hint(
                    "take it out of the URL and put it into ~/.netrc or the keyring, or write"
                        + " `${VARIABLE}` in its place"));
        return;
      }
      if (content.startsWith("-")) {
        option(content, source, number, place, file, above);
      } else if (URL.matcher(content).matches()) {
        lines.add(new Line(content, source, number, false));
      } else if (content.startsWith(".") || content.startsWith("/") || content.startsWith("~")) {
        path(content, source, number, place, file);
      } else {
        requirement(content, source, number, place, file);
      }
    }

    private void requirement(
        String content, String source, int number, Place place, @Nullable Path file) {
      var options = PER_REQUIREMENT.matcher(content);
      var bare = options.find() ? content.substring(0, options.start()) : content;
      try {
        var requirement = Requirement.parse(bare);
        if (requirement.url() != null && requirement.url().startsWith("file:")) {
          lines.add(new Line(content, source, number, false));
          return;
        }
        lines.add(new Line(content.replaceAll("\\s+--hash", " --hash"), source, number, false));
      } catch (Requirement.SyntaxException e) {
        if (ARCHIVE.matcher(bare).matches() && !bare.contains(" ")) {
          path(content, source, number, place, file);
          return;
        }
        var problem =
            Problem.of(
                    EnvironmentCode.REQUIREMENT_SYNTAX,
                    "`" + bare + "` is no requirement: " + e.what())
                .at(Place.position(source, number, e.offset() + 1, bare));
        if (bare.matches("[A-Za-z0-9._-]+=[0-9][^=].*")) {
          problem =
              problem.hint(
                  "pip writes versions with two `=`: `" + bare.replaceFirst("=", "==") + "`");
        }
        problems.add(problem);
      }
    }

    private void path(String content, String source, int number, Place place, @Nullable Path file) {
      var text = content.split("\\s", 2)[0].replaceFirst("\\[[^\\]]*]$", "");
      if (!ARCHIVE.matcher(text).matches()) {
        problems.add(
            notLockable(content, place, "a source directory changes under the environment"));
        return;
      }
      var base = file == null ? Path.of("") : file.toAbsolutePath().getParent();
      var archive = base == null ? Path.of(text) : base.resolve(text).normalize();
      lines.add(
          new Line(
              Files.exists(archive) ? archive.toAbsolutePath().toUri().toString() : content,
              source,
              number,
              false));
    }

    private void option(
        String content,
        String source,
        int number,
        Place place,
        @Nullable Path file,
        List<Path> above) {
      var name = optionName(content);
      var value = content.substring(name.length()).replaceFirst("^[=\\s]+", "").strip();
      switch (name) {
        case "-r", "--requirement" -> include(value, place, file, above);
        case "-c", "--constraint" ->
            problems.add(
                Problem.of(
                        EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                        "a constraints file cannot be part of a definition")
                    .at(place)
                    .because(
                        "a definition lists what is installed, and a constraint installs nothing")
                    .hint("write the versions of `" + value + "` into the requirements themselves")
                    .hint("the lock pins every version anyway"));
        case "-e", "--editable" ->
            problems.add(
                notLockable(content, place, "an editable directory changes under the environment"));
        default -> {
          if (FLAGS.contains(name) || (VALUED.contains(name) && !value.isEmpty())) {
            lines.add(new Line(value.isEmpty() ? name : name + " " + value, source, number, true));
          } else if (RETIRED.contains(name)) {
            problems.add(
                Problem.of(
                        EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                        "pip has no option `" + name + "` any more")
                    .at(place)
                    .hint("take the line out"));
          } else {
            problems.add(
                Problem.of(
                        EnvironmentCode.REQUIREMENT_SYNTAX,
                        VALUED.contains(name)
                            ? "`" + name + "` needs a value"
                            : "`" + name + "` is no option of a requirements file")
                    .at(place));
          }
        }
      }
    }

    private static String optionName(String content) {
      if (content.startsWith("--")) {
        return content.split("[=\\s]", 2)[0];
      }
      return content.length() < 2 ? content : content.substring(0, 2);
    }

    private void include(String value, Place place, @Nullable Path file, List<Path> above) {
      var base = file == null ? null : file.toAbsolutePath().getParent();
      if (file == null || base == null || value.isEmpty() || value.contains("://")) {
        problems.add(
            Problem.of(
                    EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                    "`-r " + value + "` cannot be read from here")
                .at(place)
                .hint("put the requirements of that file in its place"));
        return;
      }
      var included = base.resolve(value).normalize();
      if (above.contains(included)
          || above.size() >= MAX_DEPTH
          || included.equals(file.toAbsolutePath().normalize())) {
        problems.add(
            Problem.of(
                    EnvironmentCode.REQUIREMENT_SYNTAX, "the files include each other in a circle")
                .at(place));
      } else if (!Files.isRegularFile(included)) {
        problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_NOT_CARRIED, "the included file is not there")
                .at(place)
                .at(Place.file(included)));
      } else {
        var deeper = new ArrayList<>(above);
        deeper.add(file.toAbsolutePath().normalize());
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
}
