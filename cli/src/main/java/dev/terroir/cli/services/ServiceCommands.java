package dev.terroir.cli.services;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// `terroir service …`.
///
/// @since 0.1
public final class ServiceCommands {
  private static final Option NAME = Option.required("-n --name", "SERVICE", "The service's name.");

  private ServiceCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "list",
            "List services.",
            "terroir service list --output table",
            List.of(),
            "",
            (arguments, context) -> {
              context
                  .console()
                  .result(
                      new JsonValue.JsonArray(List.copyOf(context.services().list())),
                      "name",
                      "state",
                      "scoringUri",
                      "models");
              return 0;
            }),
        new Leaf(
            "show",
            "Show a service.",
            "terroir service show -n iris",
            List.of(NAME),
            "",
            (arguments, context) -> {
              context
                  .console()
                  .result(
                      context.services().get(arguments.get("--name")),
                      "name",
                      "state",
                      "scoringUri",
                      "error");
              return 0;
            }),
        new Leaf(
            "run",
            "Score data.",
            "terroir service run -n iris -d '{\"data\": [[5.1, 3.5, 1.4, 0.2]]}'",
            List.of(
                NAME,
                Option.required(
                    "-d --input-data", "DATA", "The data, or @FILE, or @- for standard input.")),
            "",
            (arguments, context) -> {
              context
                  .console()
                  .plain(
                      context
                          .services()
                          .score(arguments.get("--name"), data(arguments.get("--input-data"))));
              return 0;
            }),
        new Leaf(
            "get-logs",
            "Print the log of a service.",
            "terroir service get-logs -n iris",
            List.of(NAME, Option.value("--lines", "N", "How many lines; 5000 when left out.")),
            "",
            ServiceCommands::logs),
        new Leaf(
            "get-keys",
            "Print the keys of a service.",
            "terroir service get-keys -n iris",
            List.of(NAME),
            "",
            ServiceCommands::keys),
        new Leaf(
            "update",
            "Give a service another model, script or environment without dropping a request; what"
                + " is not named stays.",
            "terroir service update -n iris -m iris:2",
            ModelCommands.DEPLOYMENT,
            "",
            ServiceCommands::update),
        new Leaf(
            "delete",
            "End a service and delete it.",
            "terroir service delete -n iris",
            List.of(NAME),
            "",
            (arguments, context) -> {
              var name = arguments.get("--name");
              context.services().delete(name);
              context
                  .console()
                  .result(
                      JsonObject.builder().put("name", name).put("deleted", true).build(),
                      "name",
                      "deleted");
              return 0;
            }));
  }

  private static String data(String text) {
    if (!text.startsWith("@")) {
      return text;
    }
    var file = Path.of(text.substring(1));
    try {
      return text.equals("@-")
          ? new String(System.in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
          : Files.readString(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("the data cannot be read", file, e);
    }
  }

  private static int logs(Arguments arguments, Context context) {
    var lines = arguments.optional("--lines").orElse("5000");
    try {
      context
          .services()
          .logs(arguments.get("--name"), Integer.parseInt(lines))
          .forEach(context.console()::plain);
      return 0;
    } catch (NumberFormatException e) {
      throw CliException.usage("`" + lines + "` is no number of lines", "write a whole number");
    }
  }

  private static int keys(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    var keys = context.services().keys(name);
    if (keys.isEmpty()) {
      throw CliException.usage(
          "service `" + name + "` asks for no key", "deploy it with --auth-enabled to have keys");
    }
    context
        .console()
        .result(
            JsonObject.builder()
                .put("primaryKey", keys.getFirst())
                .put("secondaryKey", keys.getLast())
                .build(),
            "primaryKey",
            "secondaryKey");
    return 0;
  }

  private static int update(Arguments arguments, Context context) {
    context
        .console()
        .result(
            context.services().update(ModelCommands.change(arguments, context), context.progress()),
            "name",
            "state",
            "scoringUri");
    return 0;
  }
}
