package dev.terroir.cli.workspaces;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.resolve.mapping.CondaNames;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.config.WorkspaceConfig;
import dev.terroir.workspace.database.PostgresAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// `terroir workspace …`.
///
/// @since 0.1
public final class WorkspaceCommands {
  private static final Option REGISTRY =
      Option.value(
          "--container-registry",
          "REF",
          "docker://HOST[:PORT][/PATH] for its images; `own` for the registry in its folder.");

  private static final Option DATABASE =
      Option.value(
          "--database",
          "URL",
          "postgresql://[USER@]HOST[:PORT]/DATABASE[?schema=SCHEMA] for its records; SQLite in its"
              + " folder when left out.");

  private static final Option BASES =
      Option.repeated(
          "--default-base",
          "KIND=REF",
          "Base of definitions that name none; KIND is cpu, cpu-python, gpu or gpu-python, {python}"
              + " in REF the version; no REF takes it back.");

  /// Options about conda and the names of what they change.
  private static final Map<String, String> CONDA =
      new TreeMap<>(
          Map.of(
              "--conda-source", "source",
              "--restricted-channels", "restrictedChannels",
              "--channel-priority", "channelPriority",
              "--virtual-package", "virtualPackages",
              "--link-scripts", "linkScripts",
              "--conda-names", "names"));

  private static final List<String> LISTS = List.of("--virtual-package", "--link-scripts");

  private static final List<Option> CONDA_OPTIONS =
      List.of(
          Option.value(
              "--conda-source",
              "channels|pypi",
              "Where conda's names are looked for; pypi is the Python index, by a table of names."),
          Option.value(
              "--restricted-channels",
              "warn|error|allow",
              "What happens with channels whose terms restrict commercial use."),
          Option.value(
              "--channel-priority",
              "PRIORITY",
              "strict, flexible or disabled; empty for that of .condarc."),
          Option.repeated(
              "--virtual-package",
              "NAME=VERSION",
              "What the machines offer that run the environments, such as __cuda=12.4; all of them"
                  + " at once, an empty one for none."),
          Option.repeated(
              "--link-scripts",
              "NAME",
              "A conda package whose link script may be run, in images by an engine; all of them at"
                  + " once, an empty one for none."),
          Option.value(
              "--conda-names",
              "FILE",
              "The team's own names for --conda-source pypi: a conda name and a project on each"
                  + " line."));

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
                DATABASE,
                Option.flag("--exist-ok", "Take one that is there."),
                Option.flag("--no-config", "Write no config.json."),
                REGISTRY,
                BASES),
            "",
            WorkspaceCommands::create),
        new Leaf(
            "update",
            "Change where images go, what they stand on, and what is decided about conda.",
            "terroir workspace update --container-registry docker://registry.example.com/team",
            Stream.concat(Stream.of(REGISTRY, BASES), CONDA_OPTIONS.stream()).toList(),
            "",
            WorkspaceCommands::update),
        new Leaf(
            "show",
            "Show the workspace that commands use here.",
            "terroir workspace show",
            List.of(),
            "",
            (arguments, context) -> {
              context.console().result(json(context.workspace()), "name", "directory", "database");
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
    if (!(workspace instanceof LocalWorkspace local)) {
      return ((RemoteWorkspace) workspace).toJson();
    }
    var details = workspace.details().toJson();
    return JsonObject.builder()
        .put("name", workspace.name())
        .put("directory", local.directory().toString())
        .putAll(details)
        .build();
  }

  private static int update(Arguments arguments, Context context) {
    if (!arguments.has("--container-registry")
        && !arguments.has("--default-base")
        && CONDA.keySet().stream().noneMatch(arguments::has)) {
      throw CliException.usage(
          "nothing is to be changed",
          "give what is to be changed, such as `--container-registry REF` or `--default-base"
              + " KIND=REF`; `--help` lists it all");
    }
    change(context.workspace(), arguments, context);
    context.console().result(json(context.workspace()), "name", "containerRegistry");
    return 0;
  }

  private static void change(Workspace workspace, Arguments arguments, Context context) {
    workspace.update(before -> {
      var registry = arguments.optional("--container-registry");
      var after =
          registry.isEmpty()
              ? before
              : registry.get().equals("own")
                  ? before.withOwnRegistry()
                  : before.withContainerRegistry(registry.get());
      for (var text : arguments.all("--default-base")) {
        var parts = text.split("=", 2);
        var kind = kind(parts[0]);
        after =
            parts.length < 2 || parts[1].isBlank()
                ? after.withoutDefaultBase(kind)
                : after.withDefaultBase(kind, parts[1], context.project());
      }
      var conda = new TreeMap<String, List<String>>();
      CONDA.forEach((option, field) -> {
        if (arguments.has(option)) {
          conda.put(
              field,
              option.equals("--conda-names")
                  ? names(arguments.path(option).orElseThrow())
                  : LISTS.contains(option)
                      ? arguments.all(option)
                      : List.of(arguments.optional(option).orElse("")));
        }
      });
      return conda.isEmpty() ? after : after.withConda(conda);
    });
  }

  /// The lines of a file of names, which has to be one.
  private static List<String> names(Path file) {
    try {
      CondaNames.read(file);
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file of conda names cannot be read", file, e);
    }
  }

  private static DefaultBases.Kind kind(String id) {
    return Stream.of(DefaultBases.Kind.values())
        .filter(kind -> kind.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            CliException.usage(
                "`" + id + "` is no kind of base image",
                "use one of "
                    + Stream.of(DefaultBases.Kind.values())
                        .map(kind -> "`" + kind.id() + "`")
                        .collect(Collectors.joining(", "))));
  }

  private static int create(Arguments arguments, Context context) {
    try (var workspace =
        Workspace.create(
            arguments.get("--name"),
            arguments.path("--directory").orElse(null),
            arguments.optional("--database").map(PostgresAddress::parse).orElse(null),
            arguments.has("--exist-ok"),
            context.settings(),
            context.progress())) {
      if (arguments.has("--container-registry") || arguments.has("--default-base")) {
        change(workspace, arguments, context);
      }
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
