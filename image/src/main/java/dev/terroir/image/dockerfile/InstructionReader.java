package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Nearest;
import dev.terroir.image.dockerfile.Instruction.FileFlags;
import dev.terroir.image.dockerfile.Instruction.Pair;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads one instruction of a logical line.
///
/// Spec: Dockerfile reference, the section of each instruction.
final class InstructionReader {
  private static final Pattern STAGE_NAME = Pattern.compile("[a-z][a-z0-9-_.]*");
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

  private final char escape;

  /// @param escape what continues a line
  InstructionReader(char escape) {
    this.escape = escape;
  }

  /// The instruction of a logical line.
  ///
  /// @param at where the instruction's name begins
  Instruction instruction(String text, int at, List<Heredoc> heredocs) throws Mistake {
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
          Nearest.to(name, NAMES).map(good -> "did you mean `" + good + "`?").orElse(null));
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
          case "CMD" -> new Instruction.Cmd(Arguments.command(rest, start));
          case "ENTRYPOINT" -> new Instruction.Entrypoint(Arguments.command(rest, start));
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
      mounts.add(MountReader.mount(text, flags.offset("mount")));
    }
    var network = flags.one("network");
    oneOf(flags, "network", network, List.of("default", "none", "host"));
    var security = flags.one("security");
    oneOf(flags, "security", security, List.of("sandbox", "insecure"));
    return new Instruction.Run(
        mounts, network, security, flags.all("device"), Arguments.command(rest, start), heredocs);
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
          Nearest.to(value, values).map(good -> "did you mean `" + good + "`?").orElse(null));
    }
  }

  private static Instruction shell(String rest, int start) throws Mistake {
    var command = Arguments.jsonStrings(rest, start);
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
    var words =
        new ArrayList<>(Arguments.jsonStrings(rest, start).orElseGet(() -> Words.plain(rest)));
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
    var paths = Arguments.jsonStrings(rest, start).orElseGet(() -> Words.plain(rest));
    for (var path : paths) {
      checked(path, start + Math.max(0, rest.indexOf(path)));
    }
    if (paths.isEmpty() || paths.stream().anyMatch(String::isBlank)) {
      throw new Mistake(start, "`VOLUME` takes at least one path, and no empty one");
    }
    return paths;
  }

  private Instruction healthcheck(FlagReader flags, String rest, int start) throws Mistake {
    var interval = HealthcheckTimes.duration(flags, "interval");
    var timeout = HealthcheckTimes.duration(flags, "timeout");
    var startPeriod = HealthcheckTimes.duration(flags, "start-period");
    var startInterval = HealthcheckTimes.duration(flags, "start-interval");
    var retries = HealthcheckTimes.retries(flags);
    var type = Words.plain(rest).getFirst();
    var after = rest.substring(type.length()).strip();
    var test =
        switch (type.toUpperCase(Locale.ROOT)) {
          case "NONE" -> {
            if (!after.isEmpty() || !flags.isEmpty()) {
              throw new Mistake(start, "`HEALTHCHECK NONE` takes no arguments and no flags");
            }
            yield null;
          }
          case "CMD" -> {
            if (after.isEmpty()) {
              throw new Mistake(start, "`HEALTHCHECK CMD` has no command");
            }
            yield Arguments.command(after, start + type.length());
          }
          default ->
              throw new Mistake(
                  start, "`HEALTHCHECK` takes `CMD` and a command, or `NONE`, not `" + type + "`");
        };
    return new Instruction.Healthcheck(
        interval, timeout, startPeriod, startInterval, retries, test);
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
}
