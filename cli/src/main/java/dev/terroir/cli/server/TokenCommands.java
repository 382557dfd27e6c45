package dev.terroir.cli.server;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.AuditLog;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.Tokens;
import java.util.List;

/// `terroir token …`, on the machine that has the workspace: whoever may write its folder may make
/// tokens, the first owner's too.
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

  private static LocalWorkspace workspace(Context context) {
    return context.local(
        "this command makes tokens where the workspace lies",
        "run `terroir token` on the server's machine, or ask `/api/v1/tokens` as an owner");
  }

  private static Tokens tokens(Context context) {
    var workspace = workspace(context);
    return new Tokens(workspace.database(), workspace.clock());
  }

  private static void audit(Context context, String action, String subject) {
    var workspace = workspace(context);
    new AuditLog(workspace.database(), workspace.clock())
        .add("command line: " + System.getProperty("user.name"), action, subject, "");
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
    var made = tokens(context).create(name, role, lifetime, null);
    audit(context, "token.create", name + " (" + made.token().id() + ")");
    context
        .console()
        .result(
            made.token().toJson().toBuilder().put("secret", made.secret()).build(),
            "id",
            "name",
            "role",
            "secret");
    return 0;
  }

  private static int list(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(
                tokens(context).list().stream()
                    .<JsonValue>map(token ->
                        JsonObject.builder().putAll(token.toJson()).remove("runId").build())
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
    if (!tokens(context).revoke(id)) {
      throw ServerException.of(
          ServerCode.TOKEN_NOT_FOUND,
          "no token has the id `" + id + "`",
          "`terroir token list` shows their ids");
    }
    audit(context, "token.revoke", id);
    context.console().say("revoked " + id);
    return 0;
  }
}
