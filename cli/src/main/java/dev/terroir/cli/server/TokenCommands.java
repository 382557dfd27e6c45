package dev.terroir.cli.server;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.accounts.Role;
import java.util.List;

/// `terroir token …`: on the machine that has the workspace for whoever may write its folder, so
/// that the first owner has a token; over HTTP for owners.
///
/// @since 0.1
public final class TokenCommands {
  private TokenCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "create",
            "Make a token for the workspace's server, and print its secret this once.",
            "terroir token create --name alice --role contributor --expires 90d",
            List.of(
                Option.required("-n --name", "NAME", "Whose or what for it is."),
                Option.value(
                    "--role", "ROLE", "reader, contributor or owner; reader when left out."),
                Option.value("--expires", "TIME", "After what time, such as 30d; else never.")),
            "",
            TokenCommands::create),
        new Leaf(
            "list",
            "List tokens; their secrets are not kept.",
            "terroir token list --output table",
            List.of(),
            "",
            TokenCommands::list),
        new Leaf(
            "revoke",
            "Have a token refused from now on.",
            "terroir token revoke --id 0f3c9a…",
            List.of(Option.required("--id", "ID", "Of `terroir token list`.")),
            "",
            TokenCommands::revoke));
  }

  private static int create(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    if (name.isBlank() || name.length() > 64) {
      throw CliException.usage("a token's name has 1 to 64 characters", "choose a shorter one");
    }
    var word = arguments.optional("--role").orElse("reader");
    var role =
        Role.of(word)
            .orElseThrow(() ->
                CliException.usage(
                    "`" + word + "` is no role", "use reader, contributor or owner"));
    var lifetime =
        arguments.optional("--expires").map(text -> Amounts.time("--expires", text)).orElse(null);
    var made = context.tokens().create(name, role, lifetime);
    context.console().result(made, "id", "name", "role", "secret");
    return 0;
  }

  private static int list(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(
                context.tokens().list().stream()
                    .<JsonValue>map(token -> token.toBuilder().remove("runId").build())
                    .toList()),
            "id",
            "name",
            "role",
            "createdAt",
            "expiresAt",
            "revokedAt",
            "lastUsedAt");
    return 0;
  }

  private static int revoke(Arguments arguments, Context context) {
    var id = arguments.get("--id");
    if (!context.tokens().revoke(id)) {
      throw ServerException.of(
          ServerCode.TOKEN_NOT_FOUND,
          "no token has the id `" + id + "`",
          "`terroir token list` shows their ids");
    }
    context.console().say("revoked " + id);
    return 0;
  }
}
