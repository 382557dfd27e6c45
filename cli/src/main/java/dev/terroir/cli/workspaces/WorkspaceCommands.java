package dev.terroir.cli.workspaces;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.config.WorkspaceConfig;
import java.util.ArrayList;
import java.util.List;

/// `terroir workspace …`.
///
/// @since 0.1
public final class WorkspaceCommands {
  private WorkspaceCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "create",
            "Make a workspace, and a config.json here that names it.",
            "terroir workspace create -n team",
            List.of(
                Option.required("-n --name", "NAME", "Its name."),
                Option.value(
                    "-d --directory", "DIR", "Where; its place in Terroir's home when left out."),
                Option.flag("--exist-ok", "Take one that is there."),
                Option.flag("--no-config", "Write no config.json.")),
            "",
            WorkspaceCommands::create),
        new Leaf(
            "show",
            "Show the workspace that commands use here.",
            "terroir workspace show",
            List.of(),
            "",
            (arguments, context) -> {
              context.console().result(json(context.workspace()), "name", "directory");
              return 0;
            }),
        new Leaf(
            "list",
            "List the workspaces in Terroir's home.",
            "terroir workspace list --output table",
            List.of(),
            "",
            WorkspaceCommands::list));
  }

  private static JsonObject json(Workspace workspace) {
    return JsonObject.builder()
        .put("name", workspace.name())
        .put("directory", workspace.directory().toString())
        .build();
  }

  private static int create(Arguments arguments, Context context) {
    try (var workspace =
        Workspace.create(
            arguments.get("--name"),
            arguments.path("--directory").orElse(null),
            arguments.has("--exist-ok"),
            context.settings(),
            context.progress())) {
      if (!arguments.has("--no-config")) {
        WorkspaceConfig.write(context.project(), workspace.name(), workspace.directory());
      }
      context.console().result(json(workspace), "name", "directory");
      return 0;
    }
  }

  private static int list(Arguments arguments, Context context) {
    var workspaces = new ArrayList<JsonValue>();
    for (var directory : Workspace.list(context.settings())) {
      try (var workspace = Workspace.open(directory, context.settings(), context.progress())) {
        workspaces.add(json(workspace));
      }
    }
    context.console().result(new JsonValue.JsonArray(workspaces), "name", "directory");
    return 0;
  }
}
