package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.Dockerfile.Directives;
import dev.terroir.image.dockerfile.Instruction.CommandForm;
import dev.terroir.image.dockerfile.Instruction.FileFlags;
import dev.terroir.image.dockerfile.Instruction.Pair;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
  private static final Pattern STAGE_NAME = Pattern.compile("[a-z][a-z0-9-_.]*");
  private static final Pattern DURATION_PART =
      Pattern.compile("(\\d+\\.?\\d*|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)");
  private static final Set<String> WITH_HEREDOCS = Set.of("ADD", "COPY", "RUN", "ONBUILD");
  private static final List<String> NAMES =
      List.of(
          "ADD",
          "ARG",
          "CMD",
          "COPY",
          "ENTRYPOINT",
          "ENV",
          "EXPOSE",
          "FROM",
          "HEALTHCHECK",
          "LABEL",
          "MAINTAINER",
          "ONBUILD",
          "RUN",
          "SHELL",
          "STOPSIGNAL",
          "USER",
          "VOLUME",
          "WORKDIR");

  /// A mistake at a position of the logical line.
  private static final class Mistake extends Exception {
    private final int offset;
    private final @Nullable String hint;

    Mistake(int offset, String what) {
      this(offset, what, null);
    }

    Mistake(int offset, String what, @Nullable String hint) {
      super(what);
      this.offset = offset;
      this.hint = hint;
    }
  }

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
      var instruction = instruction(logical.text(), 0, heredocs);
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

  /// Flags of one instruction; each taken once.
  private final class FlagReader {
    private final String instruction;
    private final List<Words.Flag> flags;
    private final int base;
    private final Set<String> known = new java.util.LinkedHashSet<>();

    FlagReader(String instruction, List<Words.Flag> flags, int base) {
      this.instruction = instruction;
      this.flags = flags;
      this.base = base;
    }

    private static String nameOf(Words.Flag flag) {
      var equals = flag.text().indexOf('=');
      return equals < 0 ? flag.text() : flag.text().substring(0, equals);
    }

    List<String> all(String name) throws Mistake {
      known.add(name);
      var values = new ArrayList<String>();
      for (var flag : flags) {
        if (nameOf(flag).equals(name)) {
          if (!flag.text().contains("=")) {
            throw new Mistake(base + flag.start(), "the flag `--" + name + "` needs a value");
          }
          values.add(flag.text().substring(name.length() + 1));
        }
      }
      return values;
    }

    @Nullable String one(String name) throws Mistake {
      var values = all(name);
      if (values.size() > 1) {
        throw new Mistake(offset(name), "the flag `--" + name + "` is given twice");
      }
      return values.isEmpty() ? null : values.getFirst();
    }

    @Nullable Boolean flag(String name) throws Mistake {
      known.add(name);
      @Nullable Boolean value = null;
      for (var flag : flags) {
        if (nameOf(flag).equals(name)) {
          var text = flag.text().contains("=") ? flag.text().substring(name.length() + 1) : "true";
          value =
              switch (text.toLowerCase(Locale.ROOT)) {
                case "true", "1", "t" -> Boolean.TRUE;
                case "false", "0", "f" -> Boolean.FALSE;
                default ->
                    throw new Mistake(
                        base + flag.start(),
                        "the flag `--" + name + "` takes `true` or `false`, not `" + text + "`");
              };
        }
      }
      return value;
    }

    int offset(String name) {
      var at = 0;
      for (var flag : flags) {
        if (nameOf(flag).equals(name)) {
          at = flag.start();
        }
      }
      return base + at;
    }

    /// Refuses flags that nobody asked for.
    void end() throws Mistake {
      for (var flag : flags) {
        var name = nameOf(flag);
        if (!known.contains(name)) {
          throw new Mistake(
              base + flag.start(),
              known.isEmpty()
                  ? "`" + instruction + "` takes no flags, but `--" + name + "` is given"
                  : "`"
                      + instruction
                      + "` has no flag `--"
                      + name
                      + "`; it has `--"
                      + String.join("`, `--", known)
                      + "`",
              near(name, known).map(good -> "did you mean `--" + good + "`?").orElse(null));
        }
      }
    }
  }

  /// @param at where the instruction's name begins
  private Instruction instruction(String text, int at, List<Heredoc> heredocs) throws Mistake {
    var nameStart = Words.skipSpaces(text, at);
    var nameEnd = nameStart;
    while (nameEnd < text.length() && !Words.isSpace(text.charAt(nameEnd))) {
      nameEnd++;
    }
    var written = text.substring(nameStart, nameEnd);
    var name = written.toUpperCase(Locale.ROOT);
    if (!NAMES.contains(name)) {
      throw new Mistake(
          nameStart,
          written.isEmpty()
              ? "an instruction is missing"
              : "there is no instruction `" + written + "`",
          near(name, NAMES).map(good -> "did you mean `" + good + "`?").orElse(null));
    }
    var parsed = Words.flags(text.substring(nameEnd));
    var flags = new FlagReader(name, parsed.flags(), nameEnd);
    var start = nameEnd + parsed.end();
    var rest = text.substring(start).strip();
    if (rest.isEmpty()) {
      throw new Mistake(nameStart, "`" + name + "` has no arguments");
    }
    var instruction =
        switch (name) {
          case "FROM" -> from(flags, rest, start);
          case "RUN" -> run(flags, rest, start, heredocs);
          case "CMD" -> new Instruction.Cmd(command(rest, start));
          case "ENTRYPOINT" -> new Instruction.Entrypoint(command(rest, start));
          case "SHELL" -> shell(rest, start);
          case "ENV" -> {
            var words = words(rest, start);
            yield new Instruction.Env(pairs(name, rest, words, start), isSpaced(words));
          }
          case "LABEL" -> {
            var words = words(rest, start);
            yield new Instruction.Label(pairs(name, rest, words, start), isSpaced(words));
          }
          case "ARG" -> arg(rest, start);
          case "COPY", "ADD" -> transfer(name, flags, rest, start, heredocs);
          case "WORKDIR" -> new Instruction.Workdir(checked(rest, start));
          case "USER" -> new Instruction.User(checked(rest, start));
          case "STOPSIGNAL" -> new Instruction.StopSignal(checked(rest, start));
          case "VOLUME" -> new Instruction.Volume(volumes(rest, start));
          case "EXPOSE" -> {
            var ports = Words.plain(rest);
            for (var port : ports) {
              checked(port, start + rest.indexOf(port));
            }
            yield new Instruction.Expose(ports);
          }
          case "HEALTHCHECK" -> healthcheck(flags, rest, start);
          case "ONBUILD" -> onbuild(text, start, heredocs);
          default -> new Instruction.Maintainer(rest);
        };
    flags.end();
    return instruction;
  }

  private String checked(String word, int offset) throws Mistake {
    try {
      Expansion.check(word, escape);
      return word;
    } catch (Expansion.Failure failure) {
      throw new Mistake(offset + failure.offset(), failure.what());
    }
  }

  private List<String> words(String rest, int start) throws Mistake {
    var words = Words.quoted(rest, escape);
    var from = 0;
    for (var word : words) {
      from = rest.indexOf(word, from);
      checked(word, start + from);
      from += word.length();
    }
    return words;
  }

  private Instruction from(FlagReader flags, String rest, int start) throws Mistake {
    var platform = flags.one("platform");
    var words = Words.plain(rest);
    var image = checked(words.getFirst(), start);
    if (words.size() == 1) {
      return new Instruction.From(platform, image, null);
    }
    var second = start + rest.indexOf(words.get(1), words.getFirst().length());
    if (words.size() != 3 || !words.get(1).equalsIgnoreCase("AS")) {
      throw new Mistake(
          second,
          "`FROM` takes an image, or an image, `AS` and the stage's name, not `" + rest + "`");
    }
    var alias = words.get(2).toLowerCase(Locale.ROOT);
    if (!STAGE_NAME.matcher(alias).matches()) {
      throw new Mistake(
          start + rest.lastIndexOf(words.get(2)),
          "`" + words.get(2) + "` cannot be the name of a stage",
          "use a letter, then letters, digits, `-`, `_` and `.`");
    }
    return new Instruction.From(platform, image, alias);
  }

  private Instruction run(FlagReader flags, String rest, int start, List<Heredoc> heredocs)
      throws Mistake {
    var mounts = new ArrayList<Mount>();
    for (var text : flags.all("mount")) {
      mounts.add(mount(text, flags.offset("mount")));
    }
    var network = flags.one("network");
    oneOf(flags, "network", network, List.of("default", "none", "host"));
    var security = flags.one("security");
    oneOf(flags, "security", security, List.of("sandbox", "insecure"));
    return new Instruction.Run(
        mounts, network, security, flags.all("device"), command(rest, start), heredocs);
  }

  private static void oneOf(
      FlagReader flags, String name, @Nullable String value, List<String> values) throws Mistake {
    if (value != null && !value.contains("$") && !values.contains(value)) {
      throw new Mistake(
          flags.offset(name),
          "`--"
              + name
              + "` takes one of `"
              + String.join("`, `", values)
              + "`, not `"
              + value
              + "`",
          near(value, values).map(good -> "did you mean `" + good + "`?").orElse(null));
    }
  }

  /// Comma-separated `key=value` fields, each of which may be quoted as in CSV.
  private static Mount mount(String text, int offset) throws Mistake {
    var options = new LinkedHashMap<String, String>();
    for (var field : fields(text)) {
      var equals = field.indexOf('=');
      var key = equals < 0 ? field : field.substring(0, equals);
      key = key.equals("Z") ? key : key.toLowerCase(Locale.ROOT);
      if (!key.equals("type") && !Mount.OPTIONS.contains(key)) {
        throw new Mistake(
            offset,
            "`--mount` has no option `" + key + "`",
            near(key, Mount.OPTIONS).map(good -> "did you mean `" + good + "`?").orElse(null));
      }
      if (equals < 0
          && !Set.of("rw", "readwrite", "ro", "readonly", "required", "z", "Z").contains(key)) {
        throw new Mistake(offset, "the option `" + key + "` of `--mount` needs a value");
      }
      options.put(key, equals < 0 ? "true" : field.substring(equals + 1));
    }
    var type = options.remove("type");
    if (type == null) {
      type = "bind";
    }
    if (!type.contains("$") && !Mount.TYPES.contains(type)) {
      throw new Mistake(
          offset,
          "`--mount` has no type `" + type + "`; it has `" + String.join("`, `", Mount.TYPES) + "`",
          near(type, Mount.TYPES).map(good -> "did you mean `" + good + "`?").orElse(null));
    }
    return new Mount(type, options);
  }

  private static List<String> fields(String text) {
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    var inQuotes = false;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      if (c == '"') {
        if (inQuotes && i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          inQuotes = !inQuotes;
        }
      } else if (c == ',' && !inQuotes) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }

  /// A JSON array of strings, or a line for the shell when it is none.
  private static CommandForm command(String rest, int start) throws Mistake {
    var strings = jsonStrings(rest, start);
    return strings.isPresent()
        ? new CommandForm.Exec(strings.get())
        : new CommandForm.ShellLine(rest);
  }

  private static Optional<List<String>> jsonStrings(String rest, int start) throws Mistake {
    if (!rest.startsWith("[")) {
      return Optional.empty();
    }
    JsonValue value;
    try {
      value = JsonReader.parse(rest, "array");
    } catch (FoundationException e) {
      // The reference: what is no JSON is a line for the shell.
      return Optional.empty();
    }
    var strings = new ArrayList<String>();
    if (value instanceof JsonValue.JsonArray(var elements)) {
      for (var element : elements) {
        if (element instanceof JsonValue.JsonString(var string)) {
          strings.add(string);
        } else {
          throw new Mistake(
              start,
              "the JSON array holds `" + element + "`, which is no string",
              "put every argument into double quotes");
        }
      }
    }
    return Optional.of(strings);
  }

  private static Instruction shell(String rest, int start) throws Mistake {
    var command = jsonStrings(rest, start);
    if (command.isEmpty() || command.get().isEmpty()) {
      throw new Mistake(
          start,
          "`SHELL` takes a JSON array with the shell and its arguments, not `" + rest + "`",
          "write it like `SHELL [\"/bin/bash\", \"-c\"]`");
    }
    return new Instruction.Shell(command.get());
  }

  private static boolean isSpaced(List<String> words) {
    return !words.getFirst().contains("=");
  }

  private List<Pair> pairs(String name, String rest, List<String> words, int start) throws Mistake {
    if (isSpaced(words)) {
      var key = words.getFirst();
      if (words.size() < 2) {
        throw new Mistake(
            start,
            "`" + name + "` has no value for `" + key + "`",
            "write `" + name + " " + key + "=value`");
      }
      // The old form: all that follows is one value.
      return List.of(new Pair(key, rest.substring(key.length()).strip()));
    }
    var pairs = new ArrayList<Pair>();
    for (var word : words) {
      var equals = word.indexOf('=');
      if (equals < 0) {
        throw new Mistake(
            start + Math.max(0, rest.lastIndexOf(word)),
            "`" + word + "` is not of the form `key=value`",
            "put a value with spaces into quotes");
      }
      if (equals == 0) {
        throw new Mistake(start + rest.indexOf(word), "`" + word + "` has no name before the `=`");
      }
      pairs.add(new Pair(word.substring(0, equals), word.substring(equals + 1)));
    }
    return pairs;
  }

  private Instruction arg(String rest, int start) throws Mistake {
    var arguments = new ArrayList<Instruction.Arg.Argument>();
    for (var word : words(rest, start)) {
      var equals = word.indexOf('=');
      if (equals == 0) {
        throw new Mistake(start + rest.indexOf(word), "`" + word + "` has no name before the `=`");
      }
      arguments.add(
          equals < 0
              ? new Instruction.Arg.Argument(word, null)
              : new Instruction.Arg.Argument(
                  word.substring(0, equals), word.substring(equals + 1)));
    }
    return new Instruction.Arg(arguments);
  }

  private Instruction transfer(
      String name, FlagReader flags, String rest, int start, List<Heredoc> heredocs)
      throws Mistake {
    var isCopy = name.equals("COPY");
    var read =
        new FileFlags(
            isCopy ? flags.one("from") : null,
            flags.one("chown"),
            flags.one("chmod"),
            Boolean.TRUE.equals(flags.flag("link")),
            isCopy && Boolean.TRUE.equals(flags.flag("parents")),
            flags.all("exclude"),
            isCopy ? null : flags.one("checksum"),
            !isCopy && Boolean.TRUE.equals(flags.flag("keep-git-dir")),
            isCopy ? null : flags.flag("unpack"));
    var words = new ArrayList<>(jsonStrings(rest, start).orElseGet(() -> Words.plain(rest)));
    for (var word : words) {
      checked(word, start + Math.max(0, rest.indexOf(word)));
    }
    if (words.size() < 2) {
      throw new Mistake(
          start, "`" + name + "` takes at least one source and a destination, not `" + rest + "`");
    }
    var destination = words.removeLast();
    for (var heredoc : heredocs) {
      if (!words.remove(heredoc.marker())) {
        throw new Mistake(
            start + Math.max(0, rest.indexOf(heredoc.marker())),
            "the here-document `" + heredoc.marker() + "` must be a source of `" + name + "`");
      }
    }
    return isCopy
        ? new Instruction.Copy(read, words, destination, heredocs)
        : new Instruction.Add(read, words, destination, heredocs);
  }

  private List<String> volumes(String rest, int start) throws Mistake {
    var paths = jsonStrings(rest, start).orElseGet(() -> Words.plain(rest));
    for (var path : paths) {
      checked(path, start + Math.max(0, rest.indexOf(path)));
    }
    if (paths.isEmpty() || paths.stream().anyMatch(String::isBlank)) {
      throw new Mistake(start, "`VOLUME` takes at least one path, and no empty one");
    }
    return paths;
  }

  private Instruction healthcheck(FlagReader flags, String rest, int start) throws Mistake {
    var interval = duration(flags, "interval");
    var timeout = duration(flags, "timeout");
    var startPeriod = duration(flags, "start-period");
    var startInterval = duration(flags, "start-interval");
    var retries = retries(flags);
    var type = Words.plain(rest).getFirst();
    var after = rest.substring(type.length()).strip();
    var test =
        switch (type.toUpperCase(Locale.ROOT)) {
          case "NONE" -> {
            if (!after.isEmpty() || !flags.flags.isEmpty()) {
              throw new Mistake(start, "`HEALTHCHECK NONE` takes no arguments and no flags");
            }
            yield null;
          }
          case "CMD" -> {
            if (after.isEmpty()) {
              throw new Mistake(start, "`HEALTHCHECK CMD` has no command");
            }
            yield command(after, start + type.length());
          }
          default ->
              throw new Mistake(
                  start, "`HEALTHCHECK` takes `CMD` and a command, or `NONE`, not `" + type + "`");
        };
    return new Instruction.Healthcheck(
        interval, timeout, startPeriod, startInterval, retries, test);
  }

  private static @Nullable Integer retries(FlagReader flags) throws Mistake {
    var text = flags.one("retries");
    if (text == null) {
      return null;
    }
    if (!text.matches("[0-9]{1,9}")) {
      throw new Mistake(
          flags.offset("retries"), "`--retries` takes a whole number, not `" + text + "`");
    }
    return Integer.valueOf(text);
  }

  /// Numbers with units, such as `1m30s`.
  private static @Nullable Duration duration(FlagReader flags, String name) throws Mistake {
    var text = flags.one(name);
    if (text == null) {
      return null;
    }
    var nanos = BigDecimal.ZERO;
    var part = DURATION_PART.matcher(text);
    var end = 0;
    while (part.find() && part.start() == end) {
      var unit =
          switch (part.group(2)) {
            case "ns" -> 1L;
            case "us", "µs", "μs" -> 1_000L;
            case "ms" -> 1_000_000L;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
          };
      nanos = nanos.add(new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unit)));
      end = part.end();
    }
    var isZero = text.equals("0");
    if (!isZero
        && (end != text.length()
            || text.isEmpty()
            || nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0
            || (nanos.signum() > 0 && nanos.longValue() < 1_000_000L))) {
      throw new Mistake(
          flags.offset(name),
          "`--"
              + name
              + "` takes a duration of at least 1ms such as `30s` or `1m30s`, not `"
              + text
              + "`");
    }
    return Duration.ofNanos(nanos.longValue());
  }

  private Instruction onbuild(String text, int start, List<Heredoc> heredocs) throws Mistake {
    var trigger = instruction(text, start, heredocs);
    switch (trigger) {
      case Instruction.Onbuild _, Instruction.From _, Instruction.Maintainer _ ->
          throw new Mistake(start, "`" + trigger.name() + "` cannot be a trigger of `ONBUILD`");
      default -> {}
    }
    return new Instruction.Onbuild(trigger);
  }

  // ---- names

  /// The nearest of some names, if one is near enough to be meant.
  static Optional<String> near(String name, Collection<String> names) {
    return names.stream()
        .map(other -> Map.entry(other, distance(name, other)))
        .filter(entry -> entry.getValue() <= Math.max(1, Math.min(2, entry.getKey().length() / 2)))
        .min(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey);
  }

  /// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
  private static int distance(String from, String to) {
    var rows = new int[from.length() + 1][to.length() + 1];
    for (var i = 0; i <= from.length(); i++) {
      for (var j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          rows[i][j] = i + j;
          continue;
        }
        var same = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
        rows[i][j] =
            Math.min(Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1), rows[i - 1][j - 1] + same);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
      }
    }
    return rows[from.length()][to.length()];
  }
}
