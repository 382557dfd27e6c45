package dev.terroir.cli.compute;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.workspace.compute.ComputeTargets.ComputeTarget;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// `terroir computetarget …`.
///
/// @since 0.1
public final class ComputeTargetCommands {
  private static final String POOL = "amlcompute";

  private static final String[] COLUMNS = {
    "name", "type", "provisioningState", "vmSize", "minNodes", "maxNodes"
  };

  private static final Option NAME = Option.required("-n --name", "NAME", "The target's name.");

  private static final List<Option> NODES =
      List.of(
          Option.value("--min-nodes", "N", "How few nodes it has; nothing follows from it here."),
          Option.value("--max-nodes", "N", "How many runs it has at once; any number by default."),
          Option.value(
              "--idle-seconds-before-scaledown",
              "SECONDS",
              "Taken and ignored, for old scripts: no node stands idle."));

  private static final List<Option> NETWORK =
      List.of(
          Option.value("--vnet-name", "NAME", "Refused: says what to use."),
          Option.value("--vnet-resourcegroup-name", "NAME", "Refused: says what to use."),
          Option.value("--subnet-name", "NAME", "Refused: says what to use."));

  private ComputeTargetCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "list",
            "List compute targets.",
            "terroir computetarget list --output table",
            List.of(),
            "",
            (arguments, context) -> {
              var all =
                  context.workspace().computeTargets().list().stream()
                      .map(ComputeTarget::toJson)
                      .toList();
              context.console().result(new JsonValue.JsonArray(List.copyOf(all)), COLUMNS);
              return 0;
            }),
        new Leaf(
            "show",
            "Show a compute target.",
            "terroir computetarget show -n local",
            List.of(NAME),
            "",
            (arguments, context) ->
                show(context.workspace().computeTargets().get(arguments.get("--name")), context)),
        new Leaf(
            "create",
            "Name a pool of the workspace's machine, or change one.",
            "terroir computetarget create amlcompute -n cpu --max-nodes 2",
            joined(
                List.of(
                    NAME,
                    Option.value("-s --vm-size", "SIZE", "Kept, for old scripts."),
                    Option.value("--vm-priority", "NAME", "Taken and ignored, for old scripts.")),
                NODES,
                NETWORK),
            "TYPE",
            ComputeTargetCommands::create),
        new Leaf(
            "update",
            "Change how many runs a pool has at once.",
            "terroir computetarget update amlcompute -n cpu --max-nodes 4",
            joined(List.of(NAME), NODES, List.of()),
            "TYPE",
            ComputeTargetCommands::update),
        new Leaf(
            "delete",
            "Forget a pool; its runs go on.",
            "terroir computetarget delete -n cpu",
            List.of(NAME),
            "",
            (arguments, context) -> {
              var targets = context.workspace().computeTargets();
              var target = targets.get(arguments.get("--name"));
              targets.delete(target.name());
              return show(target, context);
            }),
        new Leaf(
            "attach",
            "Refused: says what to use instead.",
            "terroir computetarget attach remote -n gpu",
            List.of(
                Option.value("-n --name", "NAME", "The target's name."),
                Option.value("-i --compute-resource-id", "ID", "An AKS cluster's."),
                Option.value("-a --address", "HOST", "A machine's."),
                Option.value("-u --username", "USER", "On it.")),
            "[TYPE]",
            (arguments, context) -> {
              throw CliException.usage(
                  "a machine or cluster cannot be attached: runs run on the workspace's machine",
                  "start `terroir serve` on that machine and name it as the workspace, with"
                      + " `--workspace https://HOST:PORT`");
            }));
  }

  private static List<Option> joined(List<Option> first, List<Option> second, List<Option> third) {
    return Stream.of(first, second, third).flatMap(List::stream).toList();
  }

  private static int show(ComputeTarget target, Context context) {
    context.console().result(target.toJson(), COLUMNS);
    return 0;
  }

  private static int create(Arguments arguments, Context context) {
    checkType(arguments);
    for (var option : NETWORK) {
      var name = option.names().getFirst();
      if (arguments.has(name)) {
        throw CliException.usage(
            "`" + name + "` is not offered: a pool is on the network of the workspace's machine",
            "leave it out; `terroir serve --listen HOST:PORT` decides from where a workspace is"
                + " reached");
      }
    }
    return show(
        context
            .workspace()
            .computeTargets()
            .put(
                arguments.get("--name"),
                "AmlCompute",
                arguments.orNull("--vm-size"),
                number(arguments, "--min-nodes"),
                number(arguments, "--max-nodes")),
        context);
  }

  private static int update(Arguments arguments, Context context) {
    checkType(arguments);
    return show(
        context
            .workspace()
            .computeTargets()
            .update(
                arguments.get("--name"),
                number(arguments, "--min-nodes"),
                number(arguments, "--max-nodes")),
        context);
  }

  private static void checkType(Arguments arguments) {
    var words = arguments.positionals();
    if (words.size() > 1) {
      throw CliException.usage(
          "`" + words.get(1) + "` is one word too many", "name one type, `" + POOL + "`");
    }
    var type = words.getFirst();
    if (type.equals(POOL)) {
      return;
    }
    throw CliException.usage(
        "a compute target cannot be of the type `" + type + "`",
        switch (type) {
          case "aks" ->
              "services need no target: deploy with `terroir model deploy`, and `--ct docker` for a"
                  + " container";
          case "computeinstance" ->
              "the workspace's machine is one: name the target `local` in a run configuration";
          default -> "the type is `" + POOL + "`, a pool of the workspace's machine";
        });
  }

  private static @Nullable Long number(Arguments arguments, String option) {
    var text = arguments.orNull(option);
    if (text == null) {
      return null;
    }
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw CliException.usage(
          "`" + text + "` is no number of nodes", "give `" + option + "` a number");
    }
  }
}
