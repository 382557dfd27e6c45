package dev.terroir.cli.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// Turns groups and commands into the parser's model.
///
/// @since 0.1
public final class Parser {
  /// Options that every command has.
  public static final List<Leaf.Option> COMMON =
      List.of(
          Leaf.Option.value("--output", "json|table", "How the result is written."),
          Leaf.Option.value(
              "-w --workspace", "WORKSPACE", "A directory, a name, or the address of a server."),
          Leaf.Option.value("--path", "DIR", "The project folder, whose config.json is read."),
          Leaf.Option.flag("--verbose", "Show the details of what is done."),
          Leaf.Option.flag("--quiet", "Show only warnings and the result."),
          Leaf.Option.value("-g --resource-group", "NAME", "Taken and ignored, for old scripts."),
          Leaf.Option.value("--subscription-id", "ID", "Taken and ignored, for old scripts."));

  /// Names no group: all are shown by their summaries.
  public static final String NONE = "-";

  private Parser() {}

  /// The whole command with a group's commands, or with all groups' when `only` is empty.
  ///
  /// @param only the group to fill in
  /// @param leaf the command of it to fill in, or empty for all; the others get their summary only
  public static CommandSpec root(List<Group> groups, String only, String leaf) {
    var root = CommandSpec.create().name("terroir");
    root.usageMessage()
        .description("Manages the software environments of machine-learning work.")
        .footer(
            "",
            "Start with `terroir quickstart`. Exit codes: 0 success, 1 what was started failed, 2"
                + " the request is wrong, 3 unsolvable, 4 the surroundings (network, disk, tools),"
                + " 70 a bug, 130 canceled.");
    root.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    root.addOption(
        OptionSpec.builder("--version").versionHelp(true).description("Show the version.").build());
    for (var group : groups) {
      if (only.isEmpty() || group.name().equals(only)) {
        root.addSubcommand(group.name(), new CommandLine(filled(group, leaf)));
      } else if (only.equals(NONE)) {
        var empty = CommandSpec.create().name(group.name());
        empty.usageMessage().description(group.summary());
        root.addSubcommand(group.name(), new CommandLine(empty));
      }
    }
    return root;
  }

  private static CommandSpec filled(Group group, String only) {
    var leaves = group.leaves().get();
    if (leaves.size() == 1 && leaves.getFirst().name().isEmpty()) {
      return spec(leaves.getFirst(), group.name());
    }
    var spec = CommandSpec.create().name(group.name());
    spec.usageMessage().description(group.summary());
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    var known = leaves.stream().anyMatch(leaf -> leaf.name().equals(only));
    for (var leaf : leaves) {
      if (!known || leaf.name().equals(only)) {
        spec.addSubcommand(leaf.name(), new CommandLine(spec(leaf, leaf.name())));
      }
    }
    return spec;
  }

  private static CommandSpec spec(Leaf leaf, String name) {
    var spec = CommandSpec.wrapWithoutInspection(leaf).name(name);
    spec.usageMessage().description(leaf.summary()).footer("", "Example:", "  " + leaf.example());
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.").build());
    var options = new ArrayList<>(leaf.options());
    options.addAll(COMMON);
    for (var option : options) {
      spec.addOption(option(option));
    }
    if (!leaf.positional().isEmpty()) {
      var required = !leaf.positional().startsWith("[");
      spec.addPositional(
          PositionalParamSpec.builder()
              .index("0..*")
              .arity(required ? "1..*" : "0..*")
              .type(List.class)
              .auxiliaryTypes(String.class)
              .paramLabel(leaf.positional())
              .hideParamSyntax(true)
              .build());
      spec.parser().stopAtPositional(leaf.positional().endsWith("…]"));
    }
    return spec;
  }

  private static OptionSpec option(Leaf.Option option) {
    var builder =
        OptionSpec.builder(option.names().toArray(String[]::new))
            .description(option.summary())
            .required(option.isRequired());
    if (option.label().isEmpty()) {
      return builder.type(boolean.class).arity("0").build();
    }
    builder.paramLabel(option.label());
    return option.isRepeated()
        ? builder.type(List.class).auxiliaryTypes(String.class).arity("1..*").build()
        : builder.type(String.class).arity("1").build();
  }
}
