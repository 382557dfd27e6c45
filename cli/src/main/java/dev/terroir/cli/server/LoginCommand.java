package dev.terroir.cli.server;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.client.Logins;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.web.Web;
import dev.terroir.server.local.ServerProbe;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// `terroir login`.
///
/// @since 0.1
public final class LoginCommand {
  private LoginCommand() {}

  /// The command.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "",
            "Keep a token for a server; it is asked for, or read from standard input.",
            "terroir login --endpoint https://terroir.example.com < token",
            List.of(Option.required("--endpoint", "URL", "Of the server.")),
            "",
            LoginCommand::run));
  }

  private static int run(Arguments arguments, Context context) {
    var endpoint = endpoint(arguments.get("--endpoint"));
    var token = token();
    if (token.isBlank()) {
      throw CliException.usage(
          "no token was given", "an owner makes one with `terroir token create`");
    }
    try (var web = Web.of(context.settings())) {
      var about = new ServerProbe(web).about(URI.create(endpoint), token);
      var file = new Logins(context.settings()).keep(endpoint, token);
      context
          .console()
          .result(
              JsonObject.builder()
                  .put("endpoint", endpoint)
                  .put("workspace", about.string("workspace"))
                  .put("role", about.string("role"))
                  .put("tokenFile", file.toString())
                  .build(),
              "endpoint",
              "workspace",
              "role");
    }
    return 0;
  }

  private static String endpoint(String text) {
    var url = text.strip().replaceFirst("/+$", "");
    if (!url.matches("https?://[^/@?#\\s]+")) {
      throw CliException.usage(
          "`" + text + "` is no endpoint", "write https://HOST or https://HOST:PORT");
    }
    return url;
  }

  private static String token() {
    var console = System.console();
    if (console != null && console.isTerminal()) {
      var typed = console.readPassword("Token: ");
      return typed == null ? "" : new String(typed).strip();
    }
    try {
      var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      var line = in.readLine();
      return line == null ? "" : line.strip();
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "the token cannot be read from standard input", Path.of("-"), e);
    }
  }
}
