package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.requirement.RequirementsFile.Kind;
import dev.terroir.environment.requirement.RequirementsFile.Line;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the lines of a requirements file, its includes in their places. For one thread.
final class RequirementsReader {
  /// Lines that mean nothing without what lies beside their file; checkouts do.
  static final Pattern NAMES_FILE =
      Pattern.compile(
          "(?:-[rc]|--requirement|--constraint)(?:[\\s=].*|(?<=-[rc])[^-].*)"
              + "|(?:-e|--editable)[\\s=]*+(?![a-z]+\\+|[A-Za-z0-9._-]+\\s*@\\s*[a-z]+\\+)\\S.*"
              + "|[./~](?!/*$).*|\\.|(?i)[^\\s:@;]+\\.(?:whl|zip|tar\\.gz|tgz|tar\\.bz2)(?:\\[.*)?");

  private static final Pattern FIRST_OPTION = Pattern.compile("\\s+(?=-)");
  private static final Pattern URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|file:.*");
  private static final Pattern CHECKOUT =
      Pattern.compile("(?:[A-Za-z0-9._-]+(?:\\[[^\\]]*])?\\s*@\\s*)?[a-z]+\\+[a-z]+:.*");
  private static final Pattern OTHER_URL = Pattern.compile("(?!file:)[a-z]+://.*|[a-z]+\\+.*");
  // Spec: pip takes a text with a separator, or a dot before all, for a path.
  private static final Pattern PATH = Pattern.compile("[./~].*|[^\\s@=<>!~\\[]*/[^@=<>!~]*");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Za-z0-9_]+}");

  private final Findings findings = new Findings();
  private final LocalSources local = new LocalSources(findings);
  private final Includes includes;

  RequirementsReader(RequirementsUrl.Fetch fetch) {
    this.includes =
        new Includes(
            fetch,
            findings,
            new Includes.Reading() {
              @Override
              public void file(Path file, List<String> above, boolean isConstraints) {
                RequirementsReader.this.file(file, above, isConstraints);
              }

              @Override
              public void lines(
                  List<LogicalLine> logical,
                  String source,
                  @Nullable Path file,
                  List<String> above,
                  boolean isConstraints) {
                RequirementsReader.this.lines(logical, source, file, above, isConstraints);
              }
            });
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
    if (!findings.problems.isEmpty()) {
      throw new EnvironmentException(findings.problems);
    }
    return new RequirementsFile(findings.lines, findings.warnings);
  }

  private void file(Path file, List<String> above, boolean isConstraints) {
    try {
      var text = RequirementsText.read(file);
      lines(LogicalLine.split(text), file.toString(), file, above, isConstraints);
    } catch (EnvironmentException e) {
      findings.problems.addAll(e.problems());
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
        findings.problems.add(
            Credentials.problem("a URL").at(Place.position(source, line.number(), 1)));
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
      var own = PipOptions.ofRequirement(line, source, options.end(), findings);
      if (own == null) {
        return;
      }
      rest = own;
    }
    var text = rest;
    if (isConstraint) {
      constraint(line, bare, rest, source);
    } else if (includes.isInFetched() && isLocal(bare)) {
      findings.problems.add(
          Problem.of(
                  EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                  "`" + bare + "` is a path in a file that was fetched")
              .at(line.place(source))
              .because("what is meant lies where that file comes from")
              .hint("fetch what it names, and give the path of that"));
    } else if (URL.matcher(bare).matches()) {
      var directory = LocalSources.localDirectory(bare);
      if (directory == null) {
        findings.lines.add(new Line(bare + rest, source, line.number(), Kind.REQUIREMENT));
      } else {
        local.sources(
            directory, "", "", bare, rest, source, line.number(), line.place(source), false);
      }
    } else if (PATH.matcher(bare.split(";", 2)[0]).matches()) {
      local
          .path(line, bare, rest, source, file)
          .ifPresent(named -> requirement(line, named, text, source, Kind.REQUIREMENT));
    } else if (LocalSources.ARCHIVE.matcher(bare.split(";", 2)[0].strip()).matches()
        && bare.indexOf('@') < 0
        && bare.split(";", 2)[0].strip().indexOf(' ') < 0) {
      local
          .path(line, bare, rest, source, file)
          .ifPresent(named -> requirement(line, named, text, source, Kind.REQUIREMENT));
    } else {
      requirement(line, bare, rest, source, Kind.REQUIREMENT);
    }
  }

  private static boolean isLocal(String bare) {
    var words = bare.split(";", 2)[0].strip();
    return bare.matches("(?:[^@]*@\\s*)?file:.*")
        || (!URL.matcher(bare).matches()
            && (PATH.matcher(words).matches()
                || (LocalSources.ARCHIVE.matcher(words).matches() && words.indexOf('@') < 0)));
  }

  // Spec: pip, "Constraints Files": named, without extras, never editable.
  private void constraint(LogicalLine line, String bare, String rest, String source) {
    var named = !URL.matcher(bare).matches() && !bare.matches("(?s)[./~].*");
    var before = findings.problems.size();
    if (named) {
      requirement(line, bare, rest, source, Kind.CONSTRAINT);
    }
    if (!named || (findings.problems.size() == before && hasExtras(bare))) {
      if (named) {
        findings.lines.removeLast();
      }
      findings.problems.add(
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
      findings.lines.add(new Line(bare + rest, source, line.number(), kind));
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
      findings.problems.add(problem);
    }
  }

  private void options(LogicalLine line, String source, @Nullable Path file, List<String> above) {
    var words = Words.of(line.text(), 0);
    for (int i = 0; i < words.size(); i++) {
      var word = words.get(i);
      var place = line.place(source, word.offset());
      var option = PipOptions.Option.of(word.value());
      var name = option.name();
      var value = option.value();
      if (!PipOptions.VALUED.contains(name) && !PipOptions.FILES.contains(name)) {
        if (!word.value().startsWith("-")) {
          findings.warnings.add(
              place.text()
                  + ": `"
                  + word.value()
                  + "` belongs to no option before it; it is left out, as by pip");
          continue;
        }
        if (!PipOptions.FLAGS.contains(name) || value != null) {
          findings.problems.add(PipOptions.unknown(name, place));
          return;
        }
        findings.lines.add(new Line(name, source, line.number(), Kind.OPTION));
        continue;
      }
      if (value == null && i + 1 < words.size() && !words.get(i + 1).value().startsWith("-")) {
        value = words.get(++i).value();
      }
      if (value == null || value.isEmpty()) {
        findings.problems.add(
            Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, "`" + name + "` needs a value")
                .at(place));
        return;
      }
      if (name.equals("--use-feature") && !PipOptions.FEATURES.contains(value)) {
        findings.problems.add(PipOptions.unknownFeature(value, place));
        return;
      }
      if (PipOptions.VALUED.contains(name)) {
        findings.lines.add(
            new Line(name + " " + PipOptions.quoted(value), source, line.number(), Kind.OPTION));
      } else {
        other(name, value, source, line.number(), place, file, above);
      }
    }
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
      case "-r", "--requirement" -> includes.include("-r", value, place, file, above, false);
      case "-c", "--constraint" -> includes.include("-c", value, place, file, above, true);
      default -> {
        if (CHECKOUT.matcher(value).matches()) {
          findings.lines.add(
              new Line("-e " + PipOptions.quoted(value), source, number, Kind.REQUIREMENT));
        } else if (includes.isInFetched()) {
          findings.problems.add(
              Problem.of(
                      EnvironmentCode.REQUIREMENT_NOT_CARRIED,
                      "`" + name + " " + value + "` is a path in a file that was fetched")
                  .at(place)
                  .because("what is meant lies where that file comes from"));
        } else if (OTHER_URL.matcher(value).matches()) {
          findings.problems.add(
              Problem.of(
                      EnvironmentCode.REQUIREMENT_SYNTAX,
                      "`" + name + " " + value + "` is neither a checkout nor a directory")
                  .at(place)
                  .because("pip makes editable what a version control system has, or a directory")
                  .hint("write `git+` before the URL of a repository: `-e git+https://…`"));
        } else {
          var base = file == null ? null : file.toAbsolutePath().getParent();
          local.directory(value.split("#", 2)[0], "", "", source, number, place, base, true);
        }
      }
    }
  }
}
