package dev.terroir.image.dockerfile;

import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.image.dockerfile.Instruction.CommandForm;
import dev.terroir.image.dockerfile.Instruction.FileFlags;
import dev.terroir.image.dockerfile.Instruction.FileTransfer;
import dev.terroir.image.dockerfile.Instruction.Pair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes a Dockerfile so that reading it gives the same instructions.
final class DockerfilePrinter {
  private DockerfilePrinter() {}

  static String print(Dockerfile file) {
    var out = new StringBuilder();
    var directives = file.directives();
    if (directives.syntax() != null) {
      out.append("# syntax=").append(directives.syntax()).append('\n');
    }
    if (directives.escape() != '\\') {
      out.append("# escape=").append(directives.escape()).append('\n');
    }
    if (directives.check() != null) {
      out.append("# check=").append(directives.check()).append('\n');
    }
    for (var instruction : file.instructions()) {
      out.append(line(instruction)).append('\n');
      for (var heredoc : heredocs(instruction)) {
        out.append(heredoc.text()).append(heredoc.name()).append('\n');
      }
    }
    return out.toString();
  }

  private static List<Heredoc> heredocs(Instruction instruction) {
    return switch (instruction) {
      case Instruction.Run run -> run.heredocs();
      case FileTransfer transfer -> transfer.heredocs();
      case Instruction.Onbuild onbuild -> heredocs(onbuild.trigger());
      case Instruction.From _,
          Instruction.Cmd _,
          Instruction.Entrypoint _,
          Instruction.Shell _,
          Instruction.Env _,
          Instruction.Label _,
          Instruction.Arg _,
          Instruction.Workdir _,
          Instruction.User _,
          Instruction.Volume _,
          Instruction.Expose _,
          Instruction.StopSignal _,
          Instruction.Healthcheck _,
          Instruction.Maintainer _ ->
          List.of();
    };
  }

  /// The instruction on one line, here-documents left out.
  static String line(Instruction instruction) {
    return instruction.name()
        + " "
        + switch (instruction) {
          case Instruction.From(var platform, var image, var alias) ->
              flag("platform", platform) + guarded(image) + (alias == null ? "" : " AS " + alias);
          case Instruction.Run run -> run(run);
          case Instruction.Cmd(var command) -> command(command);
          case Instruction.Entrypoint(var command) -> command(command);
          case Instruction.Shell(var command) -> json(command);
          case Instruction.Env(var pairs, var spaced) -> guarded(pairs(pairs, spaced));
          case Instruction.Label(var pairs, var spaced) -> guarded(pairs(pairs, spaced));
          case Instruction.Arg arg ->
              guarded(
                  arg.arguments().stream()
                      .map(one -> one.name() + assigned(one.defaultValue()))
                      .collect(Collectors.joining(" ")));
          case FileTransfer transfer -> transfer(transfer);
          case Instruction.Workdir(var path) -> guarded(path);
          case Instruction.User(var user) -> guarded(user);
          case Instruction.Volume(var paths) -> words(paths);
          case Instruction.Expose(var ports) -> guarded(String.join(" ", ports));
          case Instruction.StopSignal(var signal) -> guarded(signal);
          case Instruction.Healthcheck check -> healthcheck(check);
          case Instruction.Onbuild(var trigger) -> line(trigger);
          case Instruction.Maintainer(var author) -> guarded(author);
        };
  }

  private static String run(Instruction.Run run) {
    var out = new StringBuilder();
    run.mounts().forEach(mount -> out.append(flag("mount", mount.toString())));
    out.append(flag("network", run.network()));
    out.append(flag("security", run.security()));
    run.devices().forEach(device -> out.append(flag("device", device)));
    return out.append(command(run.command())).toString();
  }

  private static String command(CommandForm command) {
    return switch (command) {
      case CommandForm.Exec(var arguments) -> json(arguments);
      case CommandForm.ShellLine(var line) -> guarded(line);
    };
  }

  /// `--` keeps a text that begins with dashes from being read as flags.
  private static String guarded(String text) {
    return text.startsWith("--") ? "-- " + text : text;
  }

  private static String assigned(@Nullable String value) {
    return value == null ? "" : "=" + value;
  }

  private static String pairs(List<Pair> pairs, boolean spaced) {
    return pairs.stream()
        .map(pair -> pair.key() + (spaced ? " " : "=") + pair.value())
        .collect(Collectors.joining(" "));
  }

  private static String transfer(FileTransfer transfer) {
    var words = new ArrayList<String>();
    // Markers come first: a line that begins with one is no JSON array and no flag.
    transfer.heredocs().forEach(heredoc -> words.add(heredoc.marker()));
    words.addAll(transfer.sources());
    words.add(transfer.destination());
    // Only a JSON array keeps a path from being read as a here-document.
    var hasLookAlike =
        transfer.heredocs().isEmpty() && words.stream().anyMatch(word -> word.contains("<<"));
    return flags(transfer.flags()) + (hasLookAlike ? json(words) : words(words));
  }

  private static String flags(FileFlags flags) {
    var out = new StringBuilder();
    out.append(flag("from", flags.from()));
    out.append(flag("chown", flags.chown()));
    out.append(flag("chmod", flags.chmod()));
    out.append(flags.link() ? "--link " : "");
    out.append(flags.parents() ? "--parents " : "");
    flags.excludes().forEach(pattern -> out.append(flag("exclude", pattern)));
    out.append(flag("checksum", flags.checksum()));
    out.append(flags.keepGitDir() ? "--keep-git-dir " : "");
    var unpack = flags.unpack();
    out.append(unpack == null ? "" : flag("unpack", unpack.toString()));
    return out.toString();
  }

  /// Words that survive being split at white space, or a JSON array.
  private static String words(List<String> words) {
    var plain =
        words.stream().noneMatch(word -> word.isEmpty() || word.chars().anyMatch(Words::isSpace))
            && !words.getFirst().startsWith("[")
            && !words.getFirst().startsWith("--");
    return plain ? String.join(" ", words) : json(words);
  }

  private static String healthcheck(Instruction.Healthcheck check) {
    var test = check.test();
    if (test == null) {
      return "NONE";
    }
    var retries = check.retries();
    return flag("interval", duration(check.interval()))
        + flag("timeout", duration(check.timeout()))
        + flag("start-period", duration(check.startPeriod()))
        + flag("start-interval", duration(check.startInterval()))
        + (retries == null ? "" : flag("retries", retries.toString()))
        + "CMD "
        + switch (test) {
          case CommandForm.Exec(var arguments) -> json(arguments);
          case CommandForm.ShellLine(var line) -> line;
        };
  }

  private static @Nullable String duration(@Nullable Duration duration) {
    return duration == null ? null : duration.toNanos() + "ns";
  }

  private static String flag(String name, @Nullable String value) {
    if (value == null) {
      return "";
    }
    var out = new StringBuilder("--").append(name).append('=');
    for (var c : value.toCharArray()) {
      if (c == '\\' || c == '\'' || c == '"' || Words.isSpace(c)) {
        out.append('\\');
      }
      out.append(c);
    }
    return out.append(' ').toString();
  }

  private static String json(List<String> strings) {
    return JsonWriter.compact(JsonValue.JsonArray.ofStrings(strings));
  }
}
