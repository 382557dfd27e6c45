package dev.terroir.cli.data;

import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.data.DataTransfer;
import dev.terroir.workspace.data.Datastores.Datastore;
import java.nio.file.Path;
import java.util.List;

/// `terroir datastore …`.
///
/// @since 0.1
public final class DatastoreCommands {
  private static final String[] COLUMNS = {"name", "isDefault", "path"};
  private static final String[] TRANSFER = {"name", "files", "skipped", "sizeBytes"};

  private DatastoreCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var name = Option.required("-n --name", "NAME", "The datastore's name.");
    var orDefault =
        Option.value("-n --name", "NAME", "The datastore; the default one when left out.");
    var overwrite = Option.flag("--overwrite", "Replace files that are there.");
    return List.of(
        new Leaf(
            "list",
            "List datastores.",
            "terroir datastore list --output table",
            List.of(),
            "",
            (arguments, context) -> {
              var all =
                  context.workspace().datastores().list().stream().map(Datastore::toJson).toList();
              context.console().result(new JsonValue.JsonArray(List.copyOf(all)), COLUMNS);
              return 0;
            }),
        new Leaf(
            "show",
            "Show a datastore.",
            "terroir datastore show -n workspaceblobstore",
            List.of(orDefault),
            "",
            (arguments, context) -> show(store(arguments, context), context)),
        new Leaf(
            "register",
            "Register a folder as a datastore, or make one below the workspace.",
            "terroir datastore register -n images -d images",
            List.of(
                name,
                Option.value(
                    "-d --directory",
                    "DIR",
                    "A folder of the workspace's machine, absolute for one on a server."),
                Option.flag("--default", "Make it the default one.")),
            "",
            DatastoreCommands::register),
        new Leaf(
            "set-default",
            "Make a datastore the default one.",
            "terroir datastore set-default -n images",
            List.of(name),
            "",
            (arguments, context) ->
                show(
                    context.workspace().datastores().setDefault(arguments.get("--name")), context)),
        new Leaf(
            "unregister",
            "Forget a datastore; its files stay.",
            "terroir datastore unregister -n images",
            List.of(name),
            "",
            (arguments, context) -> {
              var stores = context.workspace().datastores();
              var store = stores.get(arguments.get("--name"));
              stores.unregister(store.name());
              return show(store, context);
            }),
        new Leaf(
            "upload",
            "Copy a file or folder to a datastore; what is there stays and is not sent.",
            "terroir datastore upload -p data -u training/data",
            List.of(
                orDefault,
                Option.required("-p --src-path", "PATH", "A file or folder of this machine."),
                Option.value("-u --target-path", "PATH", "The folder of the datastore."),
                overwrite),
            "",
            DatastoreCommands::upload),
        new Leaf(
            "download",
            "Copy files of a datastore; what is here stays.",
            "terroir datastore download -p training/data -d .",
            List.of(
                orDefault,
                Option.value("-p --prefix", "PATH", "A file or folder of the datastore only."),
                Option.value(
                    "-d --target-path", "DIR", "Where to; the current directory when left out."),
                overwrite),
            "",
            DatastoreCommands::download));
  }

  private static Datastore store(Arguments arguments, Context context) {
    var stores = context.workspace().datastores();
    return arguments.optional("--name").map(stores::get).orElseGet(stores::getDefault);
  }

  private static int show(Datastore store, Context context) {
    context.console().result(store.toJson(), COLUMNS);
    return 0;
  }

  private static int register(Arguments arguments, Context context) {
    var workspace = context.workspace();
    // A path of a server's machine means nothing here.
    var path =
        arguments
            .path("--directory")
            .map(given ->
                workspace instanceof LocalWorkspace ? given.toAbsolutePath().normalize() : given)
            .orElse(null);
    return show(
        workspace
            .datastores()
            .put(arguments.get("--name"), path, arguments.has("--default") ? true : null),
        context);
  }

  private static int upload(Arguments arguments, Context context) {
    var store = store(arguments, context);
    return done(
        store,
        transfer(store, arguments, context)
            .upload(
                Path.of(arguments.get("--src-path")),
                arguments.optional("--target-path").orElse("")),
        context);
  }

  private static int download(Arguments arguments, Context context) {
    var store = store(arguments, context);
    return done(
        store,
        transfer(store, arguments, context)
            .download(
                arguments.optional("--prefix").orElse(""),
                arguments.path("--target-path").orElse(Path.of(""))),
        context);
  }

  private static DataTransfer transfer(Datastore store, Arguments arguments, Context context) {
    return new DataTransfer(
        context.workspace().datastores(),
        store.name(),
        arguments.has("--overwrite"),
        context.progress());
  }

  private static int done(Datastore store, DataTransfer.Outcome outcome, Context context) {
    context
        .console()
        .result(
            JsonObject.builder().put("name", store.name()).putAll(outcome.toJson()).build(),
            TRANSFER);
    return 0;
  }
}
