package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.Dockerfile.Directives;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads a Dockerfile: first lines into logical lines and here-documents, then each logical line
/// into an instruction. For one thread, for one text.
///
/// Spec: Dockerfile reference, "Format", "Parser directives", "Here-Documents".
final class DockerfileParser {
  private static final Pattern DIRECTIVE =
      Pattern.compile("#\\s*([a-zA-Z][a-zA-Z0-9]*)\\s*=\\s*(.+?)\\s*");
  private static final Pattern HEREDOC =
      Pattern.compile("(\\d*)<<(-?)([^<\\s'\"\\\\]+|'[^'\\s]+'|\"[^\"\\s]+\")");
  private static final Set<String> WITH_HEREDOCS = Set.of("ADD", "COPY", "RUN", "ONBUILD");

  /// One physical line's part of a logical line.
  ///
  /// @param start where the part begins in the logical line
  /// @param line index of the physical line
  /// @param column 0-based column where the part begins in it
  private record Part(int start, int line, int column) {}

  /// An instruction with its continuation lines joined.
  private record Logical(String text, List<Part> parts, int first, int last) {}

  private final String source;
  private final List<String> lines;
  private final List<Problem> problems = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private @Nullable String syntax;
  private @Nullable String check;
  private char escape = '\\';
  private int next;

  DockerfileParser(String text, String source) {
    this.source = source;
    this.lines = List.of((text.startsWith("\uFEFF") ? text.substring(1) : text).split("\n", -1));
  }

  Dockerfile parse() {
    directives();
    var globals = new ArrayList<Step>();
    var stages = new ArrayList<Stage>();
    @Nullable Step from = null;
    var steps = new ArrayList<Step>();
    var isFirst = true;
    for (var logical = logical(); logical.isPresent(); logical = logical()) {
      var step = step(logical.get());
      if (step.isEmpty()) {
        isFirst = false;
        continue;
      }
      var instruction = step.get().instruction();
      if (instruction instanceof Instruction.From stage) {
        // BuildKit's check ReservedStageName: allowed, and a likely mistake.
        if ("scratch".equals(stage.alias()) || "context".equals(stage.alias())) {
          warnings.add(
              source
                  + ":"
                  + step.get().firstLine()
                  + ": the stage is named `"
                  + stage.alias()
                  + "`, which has a meaning of its own");
        }
        if (from != null) {
          stages.add(new Stage(stages.size(), from, steps));
        }
        from = step.get();
        steps.clear();
      } else if (from != null) {
        steps.add(step.get());
      } else if (instruction instanceof Instruction.Arg) {
        globals.add(step.get());
      } else if (isFirst) {
        isFirst = false;
        problems.add(
            Problem.of(
                    ImageCode.DOCKERFILE_SYNTAX,
                    "`" + instruction.name() + "` stands before the first `FROM`")
                .at(step.get().place())
                .hint("begin the Dockerfile with `FROM`; only `ARG` may come before it"));
      }
    }
    if (from != null) {
      stages.add(new Stage(stages.size(), from, steps));
    } else if (problems.isEmpty()) {
      problems.add(
          Problem.of(ImageCode.DOCKERFILE_SYNTAX, "the Dockerfile has no `FROM`")
              .at(Place.of(source))
              .hint("begin the Dockerfile with `FROM` and the image that it builds on"));
    }
    if (!problems.isEmpty()) {
      throw new ImageException(problems);
    }
    return new Dockerfile(new Directives(syntax, escape, check), globals, stages, warnings);
  }

  // ---- lines

  private String line(int index) {
    var line = lines.get(index);
    return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
  }

  /// "Parser directives are optional, must be at the top, and only once each; the first comment,
  /// empty line or instruction ends them."
  private void directives() {
    var seen = new HashSet<String>();
    for (; next < lines.size(); next++) {
      var match = DIRECTIVE.matcher(line(next).stripLeading());
      if (!match.matches()) {
        return;
      }
      var name = match.group(1).toLowerCase(Locale.ROOT);
      var value = match.group(2);
      if (!Set.of("syntax", "escape", "check").contains(name)) {
        return;
      }
      if (!seen.add(name)) {
        problem(next, 0, "the parser directive `" + name + "` is given twice", null);
      }
      switch (name) {
        case "syntax" -> syntax = value;
        case "check" -> check = value;
        default -> {
          if (value.equals("\\") || value.equals("`")) {
            escape = value.charAt(0);
          } else {
            problem(
                next,
                line(next).indexOf(value, line(next).indexOf('=')),
                "the escape character `" + value + "` is neither `\\` nor a backtick",
                null);
          }
        }
      }
    }
  }

  private boolean continues(String line) {
    var end = line.length();
    while (end > 0 && Words.isSpace(line.charAt(end - 1))) {
      end--;
    }
    // An escaped escape character ends no line.
    return end > 0
        && line.charAt(end - 1) == escape
        && (end == 1 || line.charAt(end - 2) != escape);
  }

  private static boolean isComment(String line) {
    return line.stripLeading().startsWith("#");
  }

  /// The next logical line that is neither empty nor a comment.
  private Optional<Logical> logical() {
    while (next < lines.size() && (line(next).isBlank() || isComment(line(next)))) {
      next++;
    }
    if (next >= lines.size()) {
      return Optional.empty();
    }
    var text = new StringBuilder();
    var parts = new ArrayList<Part>();
    var first = next;
    var last = next;
    var goesOn = true;
    while (goesOn && next < lines.size()) {
      var line = line(next);
      if (next > first && (isComment(line) || line.isBlank())) {
        if (line.isBlank() && next + 1 < lines.size()) {
          warnings.add(
              source + ":" + (next + 1) + ": an empty line stands inside of an instruction");
        }
        next++;
        continue;
      }
      var column = next == first ? line.length() - line.stripLeading().length() : 0;
      parts.add(new Part(text.length(), next, column));
      goesOn = continues(line);
      var end = goesOn ? line.lastIndexOf(escape) : line.length();
      text.append(line, Math.min(column, end), end);
      last = next;
      next++;
    }
    return Optional.of(new Logical(text.toString(), parts, first, last));
  }

  private void problem(int line, int column, String what, @Nullable String hint) {
    var problem =
        Problem.of(ImageCode.DOCKERFILE_SYNTAX, what)
            .at(Place.position(source, line + 1, column + 1, line(line)));
    problems.add(hint == null ? problem : problem.hint(hint));
  }

  private void problem(Logical logical, Mistake mistake) {
    var at = logical.parts().getFirst();
    for (var part : logical.parts()) {
      if (part.start() <= mistake.offset) {
        at = part;
      }
    }
    problem(
        at.line(),
        Math.min(at.column() + mistake.offset - at.start(), line(at.line()).length()),
        String.valueOf(mistake.getMessage()),
        mistake.hint);
  }

  // ---- instructions

  private Optional<Step> step(Logical logical) {
    var heredocs = new ArrayList<Heredoc>();
    var last = logical.last();
    try {
      if (mayHaveHeredocs(logical.text())) {
        heredocs.addAll(heredocs(logical));
        last = Math.max(last, next - 1);
      }
      var instruction = new InstructionReader(escape).instruction(logical.text(), 0, heredocs);
      return Optional.of(
          new Step(source, logical.first() + 1, last + 1, line(logical.first()), instruction));
    } catch (Mistake mistake) {
      problem(logical, mistake);
      return Optional.empty();
    }
  }

  private static boolean mayHaveHeredocs(String text) {
    var words = Words.plain(text);
    return !words.isEmpty()
        && WITH_HEREDOCS.contains(words.getFirst().toUpperCase(Locale.ROOT))
        && text.contains("<<");
  }

  /// The bodies that the markers on a line announce, in their order.
  private List<Heredoc> heredocs(Logical logical) throws Mistake {
    var heredocs = new ArrayList<Heredoc>();
    for (var word : Words.quoted(logical.text(), escape)) {
      var match = HEREDOC.matcher(word);
      if (!match.matches()) {
        continue;
      }
      var quoted = match.group(3);
      var isQuoted = quoted.startsWith("'") || quoted.startsWith("\"");
      var name = isQuoted ? quoted.substring(1, quoted.length() - 1) : quoted;
      var isIndented = !match.group(2).isEmpty();
      var text = new StringBuilder();
      var isClosed = false;
      while (!isClosed && next < lines.size()) {
        var line = line(next);
        isClosed = (isIndented ? Heredoc.withoutTabs(line) : line).equals(name);
        if (!isClosed) {
          text.append(lines.get(next)).append('\n');
        }
        next++;
      }
      if (!isClosed) {
        throw new Mistake(
            logical.text().indexOf(word),
            "the here-document `" + word + "` is not closed",
            "end it with a line that is only `" + name + "`");
      }
      heredocs.add(new Heredoc(word, name, !isQuoted, isIndented, text.toString()));
    }
    return heredocs;
  }
}
