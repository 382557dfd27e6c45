package dev.terroir.cli.environments;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.environment.Validation;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/// Commands of environments that the workspace keeps.
final class RegisteredCommands {
  private RegisteredCommands() {}

  /// Into the workspace and out of it.
  static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "register",
            "Register a saved environment; an unchanged one keeps its version.",
            "terroir environment register -d environment",
            List.of(EnvironmentCommands.DIRECTORY),
            "",
            RegisteredCommands::register),
        new Leaf(
            "list",
            "List the registered environments.",
            "terroir environment list --output table",
            List.of(),
            "",
            RegisteredCommands::list),
        new Leaf(
            "show",
            "Show a registered environment.",
            "terroir environment show -n demo -v 1",
            List.of(
                EnvironmentCommands.NAME,
                EnvironmentCommands.VERSION,
                Option.value("--label", "LABEL", "A label instead of a version.")),
            "",
            RegisteredCommands::show),
        new Leaf(
            "download",
            "Write a registered environment to a directory.",
            "terroir environment download -n demo -v 1 -d environment",
            List.of(
                EnvironmentCommands.NAME,
                EnvironmentCommands.VERSION,
                EnvironmentCommands.DIRECTORY,
                EnvironmentCommands.OVERWRITE),
            "",
            RegisteredCommands::download));
  }

  /// What is said of a version.
  static List<Leaf> ofVersions() {
    return List.of(
        new Leaf(
            "archive",
            "Leave an environment out of lists; it can still be used.",
            "terroir environment archive -n demo -v 1",
            List.of(EnvironmentCommands.NAME, EnvironmentCommands.VERSION),
            "",
            (arguments, context) -> archive(arguments, context, true)),
        new Leaf(
            "restore",
            "Take an archived environment back into lists.",
            "terroir environment restore -n demo -v 1",
            List.of(EnvironmentCommands.NAME, EnvironmentCommands.VERSION),
            "",
            (arguments, context) -> archive(arguments, context, false)),
        new Leaf(
            "label",
            "Point labels at a version.",
            "terroir environment label -n demo -v 1 production",
            List.of(EnvironmentCommands.NAME, Option.required("-v --version", "V", "The version.")),
            "LABEL…",
            RegisteredCommands::label));
  }

  private static int register(Arguments arguments, Context context) {
    var environment =
        SavedDirectory.load(Path.of(arguments.get("--directory")), context.progress()::warn);
    Validation.unusedPackages(environment).ifPresent(context.progress()::warn);
    var registered = context.workspace().environments().register(environment);
    context
        .console()
        .note(
            registered.isNew()
                ? "registered " + environment.name() + " as version " + registered.version()
                : environment.name() + " is unchanged: version " + registered.version());
    context.console().result(registered.environment().toJson(), "name", "version");
    return 0;
  }

  private static int list(Arguments arguments, Context context) {
    var workspace = context.workspace();
    if (!context.console().isTable() && workspace instanceof LocalWorkspace local) {
      context.console().plain(local.listing().json());
    } else if (context.console().isTable()) {
      var rows = new ArrayList<JsonValue>();
      for (var item : workspace.environments().listStored()) {
        rows.add(
            JsonObject.builder().put("name", item.name()).put("version", item.version()).build());
      }
      context.console().result(new JsonValue.JsonArray(rows), "name", "version");
    } else {
      var definitions = new StringJoiner(",", "[", "]");
      workspace.environments().listStored().forEach(item -> definitions.add(item.definition()));
      context.console().plain(JsonWriter.relaid(definitions.toString(), 2));
    }
    return 0;
  }

  private static int show(Arguments arguments, Context context) {
    context
        .console()
        .result(registered(arguments, context).environment().toJson(), "name", "version");
    return 0;
  }

  private static Registered registered(Arguments arguments, Context context) {
    return context
        .workspace()
        .environments()
        .get(arguments.get("--name"), arguments.orNull("--version"), arguments.orNull("--label"));
  }

  private static int download(Arguments arguments, Context context) {
    var directory = Path.of(arguments.get("--directory"));
    SavedDirectory.save(
        registered(arguments, context).environment(), directory, arguments.has("--overwrite"));
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", arguments.get("--name"))
                .put("directory", directory.toString())
                .build(),
            "name",
            "directory");
    return 0;
  }

  private static int archive(Arguments arguments, Context context, boolean archived) {
    var name = arguments.get("--name");
    var version = arguments.orNull("--version");
    var environments = context.workspace().environments();
    environments.archive(name, version, archived);
    if (archived) {
      for (var registered : environments.versions(name)) {
        var users = context.services().usersOf(name, registered.version());
        if (!users.isEmpty()) {
          context
              .progress()
              .warn(
                  "version "
                      + registered.version()
                      + " is in use by "
                      + String.join(", ", users)
                      + ", which goes on");
        }
      }
    }
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", name)
                .put("version", version)
                .put("archived", archived)
                .build(),
            "name",
            "version",
            "archived");
    return 0;
  }

  private static int label(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    var version = arguments.get("--version");
    var environments = context.workspace().environments();
    environments.label(name, version, arguments.positionals());
    context
        .console()
        .result(
            JsonObject.builder()
                .put("name", name)
                .put("version", version)
                .put("labels", environments.labels(name, version))
                .build(),
            "name",
            "version",
            "labels");
    return 0;
  }
}
