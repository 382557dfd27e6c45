package dev.terroir.cli.completion;

import dev.terroir.cli.command.Group;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Parser;
import dev.terroir.foundation.file.AtomicFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;

/// Writes the completion files of a distribution.
///
/// @since 0.1
public final class Completions {
  private Completions() {}

  /// Writes `terroir.bash`, `terroir.zsh` and `terroir.fish` into a directory.
  public static void write(List<Group> groups, Path directory) {
    var bash = AutoComplete.bash("terroir", new CommandLine(Parser.root(groups, "", "")));
    AtomicFiles.write(directory.resolve("terroir.bash"), bash);
    // zsh runs bash completions after bashcompinit, which the generated script calls itself.
    AtomicFiles.write(directory.resolve("terroir.zsh"), "#compdef terroir\n" + bash);
    AtomicFiles.write(directory.resolve("terroir.fish"), fish(groups));
  }

  private static String fish(List<Group> groups) {
    var out = new StringBuilder("complete -c terroir -f\n");
    for (var group : groups) {
      line(out, "__fish_use_subcommand", "-a " + group.name(), group.summary());
      var names = new ArrayList<String>();
      group.leaves().get().forEach(leaf -> names.add(leaf.name()));
      for (var leaf : group.leaves().get()) {
        var condition = "__fish_seen_subcommand_from " + group.name();
        if (!leaf.name().isEmpty()) {
          line(
              out,
              condition + "; and not __fish_seen_subcommand_from " + String.join(" ", names),
              "-a " + leaf.name(),
              leaf.summary());
          condition += "; and __fish_seen_subcommand_from " + leaf.name();
        }
        for (var option : options(leaf)) {
          for (var name : option.names()) {
            var word =
                name.startsWith("--") ? "-l " + name.substring(2) : "-s " + name.substring(1);
            line(
                out,
                condition,
                name.startsWith("-") && !name.startsWith("--") && name.length() > 2
                    ? "-o " + name.substring(1)
                    : word + (option.label().isEmpty() ? "" : " -r -F"),
                option.summary());
          }
        }
      }
    }
    return out.toString();
  }

  private static List<Leaf.Option> options(Leaf leaf) {
    var options = new ArrayList<>(leaf.options());
    options.addAll(Parser.COMMON);
    return options;
  }

  private static void line(StringBuilder out, String condition, String what, String summary) {
    out.append("complete -c terroir -n '")
        .append(condition)
        .append("' ")
        .append(what)
        .append(" -d '")
        .append(summary.replace("'", "\\'"))
        .append("'\n");
  }
}
