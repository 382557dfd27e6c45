package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.requirement.RequirementsFile.Kind;
import dev.terroir.environment.requirement.RequirementsFile.Line;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
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

  /// Lines that mean nothing without what lies beside their file; checkouts do.
  static final Pattern NAMES_FILE =
      Pattern.compile(
          "(?:-[rc]|--requirement|--constraint)(?:[\\s=].*|(?<=-[rc])[^-].*)"
              + "|(?:-e|--editable)[\\s=]*+(?![a-z]+\\+|[A-Za-z0-9._-]+\\s*@\\s*[a-z]+\\+)\\S.*"
              + "|[./~](?!/*$).*|\\.|(?i)[^\\s:@;]+\\.(?:whl|zip|tar\\.gz|tgz|tar\\.bz2)(?:\\[.*)?");

  private static final Pattern FIRST_OPTION = Pattern.compile("\\s+(?=-)");
  private static final Pattern HASH = Pattern.compile("(sha256|sha384|sha512):\\w+");
  private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|file:.*");
  private static final Pattern ARCHIVE =
      Pattern.compile("(?i)(.*\\.(?:whl|zip|tar\\.gz|tgz|tar\\.bz2))(\\[.*])?");
  private static final Pattern CHECKOUT =
      Pattern.compile("(?:[A-Za-z0-9._-]+(?:\\[[^\\]]*])?\\s*@\\s*)?[a-z]+\\+[a-z]+:.*");
  private static final Pattern OTHER_URL = Pattern.compile("(?!file:)[a-z]+://.*|[a-z]+\\+.*");
  // Spec: pip takes a text with a separator, or a dot before all, for a path.
  private static final Pattern PATH = Pattern.compile("[./~].*|[^\\s@=<>!~\\[]*/[^@=<>!~]*");
  private static final Pattern DIRECTORY = Pattern.compile("(.*?)\\s*(\\[[^\\]]*])?");
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
  // What any version of pip has or had.
  private static final List<String> FEATURES =
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

  private final List<Line> lines = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private final RequirementsUrl.Fetch fetch;
  private int files;

  // The file that is being read, when it was fetched.
  private @Nullable URI remote;

  RequirementsReader(RequirementsUrl.Fetch fetch) {
    this.fetch = fetch;
  }

  RequirementsFile read(Path file) {
    file(file, List.of(), false);
    return finish();
  }

  RequirementsFile parse(String text, String source) {
    lines(LogicalLine.split(text), source, null, List.of(), false);
    return finish();
  }

  RequirementsFile line(String text, Path file, int line, int column) {
    var piece = new LogicalLine.Piece(line, 1 - column);
    var logical = new LogicalLine(line, text, 0, List.of(piece));
    lines(List.of(logical), file.toString(), file, List.of(), false);
    return finish();
  }

  private RequirementsFile finish() {
    if (!problems.isEmpty()) {
      throw new EnvironmentException(problems);
    }
    return new RequirementsFile(lines, warnings);
  }

  private void file(Path file, List<String> above, boolean isConstraints) {
    files++;
    try {
      var text = RequirementsText.read(file);
      lines(LogicalLine.split(text), file.toString(), file, above, isConstraints);
    } catch (EnvironmentException e) {
      problems.addAll(e.problems());
    }
  }

  private void lines(
      List<LogicalLine> logical,
      String source,
      @Nullable Path file,
      List<String> above,
      boolean isConstraints) {
    for (var line : logical) {
      if (Credentials.isIn(line.text())) {
        // Without the line itself: it would be the secret that is printed.
        problems.add(Credentials.problem("a URL").at(Place.position(source, line.number(), 1)));
      } else if (line.text().startsWith("-")) {
        options(line, source, file, above);
      } else {
        installed(line, source, file, isConstraints);
      }
    }
  }

  // A requirement, URL or path, then options for it alone.
  private void installed(
      LogicalLine line, String source, @Nullable Path file, boolean isConstraint) {
    var options = FIRST_OPTION.matcher(line.text());
    var bare = line.text();
    var rest = "";
    if (options.find()) {
      bare = line.text().substring(0, options.start());
      var own = optionsOfRequirement(line, source, options.end());
      if (own == null) {
        return;
      }
      rest = own;
    }
    if (isConstraint) {
      constraint(line, bare, rest, source);
    } else if (remote != null && isLocal(bare)) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + bare + "` is a path in a file that was fetched")
              .at(line.place(source))
              .because("what is meant lies where that file comes from")
              .hint("fetch what it names, and give the path of that"));
    } else if (URL.matcher(bare).matches()) {
      var directory = localDirectory(bare);
      if (directory == null) {
        lines.add(new Line(bare + rest, source, line.number(), Kind.REQUIREMENT));
      } else {
        sources(directory, "", "", bare, rest, source, line.number(), line.place(source), false);
      }
    } else if (PATH.matcher(bare.split(";", 2)[0]).matches()) {
      path(line, bare, rest, source, file);
    } else if (ARCHIVE.matcher(bare.split(";", 2)[0].strip()).matches()
        && bare.indexOf('@') < 0
        && bare.split(";", 2)[0].strip().indexOf(' ') < 0) {
      path(line, bare, rest, source, file);
    } else {
      requirement(line, bare, rest, source, Kind.REQUIREMENT);
    }
  }

  private static boolean isLocal(String bare) {
    var words = bare.split(";", 2)[0].strip();
    return bare.matches("(?:[^@]*@\\s*)?file:.*")
        || (!URL.matcher(bare).matches()
            && (PATH.matcher(words).matches()
                || (ARCHIVE.matcher(words).matches() && words.indexOf('@') < 0)));
  }

  // Spec: pip, "Constraints Files": named, without extras, never editable.
  private void constraint(LogicalLine line, String bare, String rest, String source) {
    var named = !URL.matcher(bare).matches() && !bare.matches("(?s)[./~].*");
    var before = problems.size();
    if (named) {
      requirement(line, bare, rest, source, Kind.CONSTRAINT);
    }
    if (!named || (problems.size() == before && hasExtras(bare))) {
      if (named) {
        lines.removeLast();
      }
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX,
                  "`" + bare + "` is no constraint: it " + (named ? "has extras" : "has no name"))
              .at(line.place(source))
              .because("a constraint installs nothing, it limits the version of a named package")
              .hint(
                  named
                      ? "take the extras out, or write the line into the requirements"
                      : "write `NAME @ " + bare + "`, or take the line out"));
    }
  }

  private static boolean hasExtras(String bare) {
    try {
      return !Requirement.parse(bare).extras().isEmpty();
    } catch (Requirement.SyntaxException e) {
      return false;
    }
  }

  private void requirement(LogicalLine line, String bare, String rest, String source, Kind kind) {
    try {
      Requirement.parse(bare);
      lines.add(new Line(bare + rest, source, line.number(), kind));
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

  // Null when one of them is refused.
  private @Nullable String optionsOfRequirement(LogicalLine line, String source, int from) {
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
        warnings.add(
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
        problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, what)
                .at(line.place(source, word.offset())));
        return null;
      }
      kept.append(' ').append(line.text(), word.offset(), end);
      kept.setLength(kept.toString().stripTrailing().length());
    }
    return kept.toString();
  }

  private void path(
      LogicalLine line, String bare, String rest, String source, @Nullable Path file) {
    var parts = bare.split(";", 2);
    var matcher = ARCHIVE.matcher(parts[0].strip());
    var base = file == null ? null : file.toAbsolutePath().getParent();
    if (!matcher.matches() || isDirectory(base, matcher.group(1))) {
      directory(
          parts[0].strip(),
          parts.length > 1 ? parts[1].strip() : "",
          rest,
          source,
          line.number(),
          line.place(source),
          base,
          false);
      return;
    }
    var text = matcher.group(1);
    var archive = base == null ? Path.of(text) : base.resolve(text).normalize();
    if (!Files.exists(archive)) {
      lines.add(new Line(bare + rest, source, line.number(), Kind.REQUIREMENT));
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
          source,
          Kind.REQUIREMENT);
    } else {
      lines.add(new Line(url + rest, source, line.number(), Kind.REQUIREMENT));
    }
  }

  private static boolean isDirectory(@Nullable Path base, String text) {
    return base != null && Files.isDirectory(base.resolve(text));
  }

  /// The directory of a `file:` URL, or null when it is none.
  private static @Nullable Path localDirectory(String url) {
    if (!url.startsWith("file:")) {
      return null;
    }
    try {
      var path = Path.of(URI.create(url.split("[#?;\\s]", 2)[0]));
      return Files.isDirectory(path) ? path : null;
    } catch (IllegalArgumentException | FileSystemNotFoundException e) {
      return null;
    }
  }

  // A path, perhaps with extras behind it.
  private void directory(
      String written,
      String marker,
      String rest,
      String source,
      int number,
      Place place,
      @Nullable Path base,
      boolean isEditable) {
    var matcher = DIRECTORY.matcher(written);
    var text = matcher.matches() ? matcher.group(1) : written;
    var extras = matcher.matches() && matcher.group(2) != null ? matcher.group(2) : "";
    var url = text.startsWith("file:");
    var path = url ? localDirectory(text) : null;
    if (path == null && !url && (base != null || Path.of(text).isAbsolute())) {
      path = base == null ? Path.of(text) : base.resolve(text);
    }
    if (path == null || !Files.isDirectory(path)) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "the "
                      + (isEditable ? "editable " : "")
                      + "source directory `"
                      + text
                      + "` is not there")
              .at(place)
              .because(
                  path == null
                      ? "the text is not in a file, so a path in it leads nowhere"
                      : "there is no directory " + path.normalize())
              .hint("write its path as seen from the file that names it"));
      return;
    }
    sources(path.normalize(), extras, marker, written, rest, source, number, place, isEditable);
  }

  // A lock keeps the wheel that is built of it; the definition says where it lies.
  private void sources(
      Path directory,
      String extras,
      String marker,
      String written,
      String rest,
      String source,
      int number,
      Place place,
      boolean isEditable) {
    if (!Files.exists(directory.resolve("pyproject.toml"))
        && !Files.exists(directory.resolve("setup.py"))) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + written + "` is no source directory of a Python project")
              .at(place)
              .because("there is neither a pyproject.toml nor a setup.py in " + directory)
              .hint("name the directory that holds one of them"));
      return;
    }
    var url = directory.toAbsolutePath().toUri().toString();
    var name = SourceDirectory.name(directory);
    if (name.isEmpty() && !(extras + marker).isEmpty()) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + written + "` has extras or a marker, and its project's name is not known")
              .at(place)
              .because("neither pyproject.toml nor setup.cfg names the project")
              .hint("write `NAME" + extras + " @ " + url + "`"));
      return;
    }
    var text = name.isEmpty() ? url : name.get() + extras + " @ " + url;
    lines.add(
        new Line(
            text + (marker.isEmpty() ? "" : " ; " + marker) + rest,
            source,
            number,
            Kind.REQUIREMENT));
    warnings.add(
        place.text()
            + ": "
            + (isEditable
                ? "`-e "
                    + written
                    + "` is not installed editable: it is built, as `"
                    + written
                    + "`"
                : "`" + written + "` is built")
            + " when the definition is locked; later changes in "
            + directory
            + " count only after `terroir environment lock --update`");
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

  private void options(LogicalLine line, String source, @Nullable Path file, List<String> above) {
    var words = Words.of(line.text(), 0);
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var place = line.place(source, word.offset());
      var option = Option.of(word.value());
      var name = option.name();
      var value = option.value();
      if (!VALUED.contains(name) && !FILES.contains(name)) {
        if (!word.value().startsWith("-")) {
          warnings.add(
              place.text()
                  + ": `"
                  + word.value()
                  + "` belongs to no option before it; it is left out, as by pip");
          continue;
        }
        if (!FLAGS.contains(name) || value != null) {
          problems.add(unknown(name, place));
          return;
        }
        lines.add(new Line(name, source, line.number(), Kind.OPTION));
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
      if (name.equals("--use-feature") && !FEATURES.contains(value)) {
        problems.add(unknownFeature(value, place));
        return;
      }
      if (VALUED.contains(name)) {
        lines.add(new Line(name + " " + quoted(value), source, line.number(), Kind.OPTION));
      } else {
        other(name, value, source, line.number(), place, file, above);
      }
    }
  }

  private static Problem unknownFeature(String value, Place place) {
    var problem =
        Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "pip has no feature `" + value + "`")
            .at(place);
    return FEATURES.stream()
        .filter(known -> known.startsWith(value) || value.startsWith(known))
        .findFirst()
        .map(known -> problem.hint("write `--use-feature " + known + "`"))
        .orElseGet(() -> problem.hint("take the line out, or name one of " + FEATURES));
  }

  private static String quoted(String value) {
    if (value.chars().noneMatch(Character::isWhitespace)) {
      return value;
    }
    return value.indexOf('"') < 0 ? "\"" + value + "\"" : "'" + value + "'";
  }

  private static Problem unknown(String name, Place place) {
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

  private void other(
      String name,
      String value,
      String source,
      int number,
      Place place,
      @Nullable Path file,
      List<String> above) {
    switch (name) {
      // Spec: pip takes what `-r` names for requirements even when constraints include it.
      case "-r", "--requirement" -> include("-r", value, place, file, above, false);
      case "-c", "--constraint" -> include("-c", value, place, file, above, true);
      default -> {
        if (CHECKOUT.matcher(value).matches()) {
          lines.add(new Line("-e " + quoted(value), source, number, Kind.REQUIREMENT));
        } else if (remote != null) {
          problems.add(
              Problem.of(
                      EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                      "`" + name + " " + value + "` is a path in a file that was fetched")
                  .at(place)
                  .because("what is meant lies where that file comes from"));
        } else if (OTHER_URL.matcher(value).matches()) {
          problems.add(
              Problem.of(
                      EnvironmentCode.REQUIREMENT_SYNTAX,
                      "`" + name + " " + value + "` is neither a checkout nor a directory")
                  .at(place)
                  .because("pip makes editable what a version control system has, or a directory")
                  .hint("write `git+` before the URL of a repository: `-e git+https://…`"));
        } else {
          var base = file == null ? null : file.toAbsolutePath().getParent();
          directory(value.split("#", 2)[0], "", "", source, number, place, base, true);
        }
      }
    }
  }

  private void include(
      String option,
      String value,
      Place place,
      @Nullable Path file,
      List<String> above,
      boolean isConstraints) {
    var target = target(option, value, place, file);
    if (target == null) {
      return;
    }
    var current = remote == null ? String.valueOf(normalized(file)) : remote.toString();
    if (above.contains(target.toString()) || target.toString().equals(current)) {
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
    } else {
      var deeper = new ArrayList<>(above);
      deeper.add(current);
      switch (target) {
        case Target.Local(var path) -> {
          if (Files.isRegularFile(path)) {
            file(path, deeper, isConstraints);
          } else {
            problems.add(
                Problem.of(
                        EnvironmentCode.REQUIREMENT_NOT_CARRIED, "the included file is not there")
                    .at(place)
                    .at(Place.file(path)));
          }
        }
        case Target.Remote(var url) -> fetched(option, url, place, deeper, isConstraints);
      }
    }
  }

  /// What an include names.
  private sealed interface Target {
    record Local(Path path) implements Target {
      @Override
      public String toString() {
        return path.toString();
      }
    }

    record Remote(URI url) implements Target {
      @Override
      public String toString() {
        return url.toString();
      }
    }
  }

  private static @Nullable Path normalized(@Nullable Path file) {
    return file == null ? null : file.toAbsolutePath().normalize();
  }

  // Spec: pip joins what a fetched file includes to its URL, else to the folder of the file.
  private @Nullable Target target(String option, String value, Place place, @Nullable Path file) {
    var current = normalized(file);
    var base = current == null ? null : current.getParent();
    try {
      if (remote != null) {
        var url = remote.resolve(value);
        if (RequirementsUrl.isUrl(url.toString())) {
          return new Target.Remote(url);
        }
      } else if (base != null && RequirementsUrl.isUrl(value)) {
        return new Target.Remote(new URI(value));
      } else if (base != null && value.startsWith("file:")) {
        return new Target.Local(Path.of(URI.create(value)).normalize());
      } else if (base != null && !value.contains("://")) {
        return new Target.Local(base.resolve(value).normalize());
      }
    } catch (IllegalArgumentException | URISyntaxException | FileSystemNotFoundException e) {
      problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_SYNTAX, "`" + value + "` is neither a path nor a URL")
              .at(place)
              .because(String.valueOf(e.getMessage())));
      return null;
    }
    var nowhere = current == null && remote == null;
    problems.add(
        Problem.of(
                EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                "`" + option + " " + value + "` cannot be read from here")
            .at(place)
            .because(
                nowhere
                    ? "the text is not in a file, so a path in it leads nowhere"
                    : "included files are read from this machine's disk and by http and https")
            .hint(
                nowhere
                    ? "put the lines of that file in its place"
                    : "fetch it, put it beside this file and write its name here"));
    return null;
  }

  // What a URL gives today it may not give tomorrow, so the definition holds the lines themselves.
  private void fetched(
      String option, URI url, Place place, List<String> above, boolean isConstraints) {
    files++;
    var outer = remote;
    try {
      var bytes = fetch.bytes(url);
      warnings.add(
          place.text()
              + ": `"
              + option
              + " "
              + url
              + "` was fetched, and the definition holds its lines as they are now (sha256 "
              + RequirementsUrl.sha256(bytes)
              + ")");
      remote = url;
      lines(
          LogicalLine.split(RequirementsText.decode(bytes, url.toString())),
          url.toString(),
          null,
          above,
          isConstraints);
    } catch (EnvironmentException e) {
      for (var problem : e.problems()) {
        problems.add(problem.where().contains(place) ? problem : problem.at(place));
      }
    } finally {
      remote = outer;
    }
  }
}
