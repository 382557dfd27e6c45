package dev.terroir.cli.server;

import dev.terroir.cli.CliException;
import dev.terroir.cli.Main;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.server.http.Limits;
import dev.terroir.server.local.DetachedServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// `terroir serve`.
///
/// @since 0.1
public final class ServeCommand {
  private static final Duration IDLE = Duration.ofMinutes(10);

  private ServeCommand() {}

  /// The command.
  public static List<Leaf> leaves() {
    return List.of(
        new Leaf(
            "",
            "Make the workspace reachable over HTTP.",
            "terroir serve --workspace team --listen 0.0.0.0:8443 --tls-certificate cert.pem"
                + " --tls-key key.pem",
            List.of(
                Option.value(
                    "--listen", "HOST:PORT", "Where; 127.0.0.1:8080 when left out, port 0 any."),
                Option.value("--tls-certificate", "FILE", "PEM, read again when it changes."),
                Option.value("--tls-key", "FILE", "Its key: PEM, not encrypted."),
                Option.flag(
                    "--insecure-http", "Be reachable from other machines without TLS, too."),
                Option.value(
                    "--url", "URL", "What callers reach it by, when it is behind a proxy."),
                Option.value(
                    "--max-upload", "SIZE", "The largest file it takes; 10g when left out."),
                Option.flag(
                    "--on-demand",
                    "Serve this machine's user on a free port of loopback, and end when idle."),
                Option.value(
                    "--idle", "TIME", "With --on-demand: how long it may be idle; else 10m."),
                Option.flag(
                    "--detach",
                    "Make sure that a server on demand runs, and say where; starts one if need"
                        + " be.")),
            "",
            ServeCommand::run));
  }

  private static int run(Arguments arguments, Context context) {
    var workspace =
        context.local(
            "a workspace on a server is served already",
            "name a workspace of this machine with `--workspace DIR`");
    if (arguments.has("--detach")) {
      var found =
          new DetachedServer(workspace, context.settings())
              .ensure(arguments.optional("--idle").orElse(null));
      context
          .console()
          .plain(
              JsonWriter.indented(
                  JsonObject.builder()
                      .put("url", found.url())
                      .put("tokenFile", found.tokenFile().toString())
                      .build(),
                  2));
      return 0;
    }
    try (var server = TerroirServer.start(workspace, options(arguments), context.settings())) {
      // As the operating system asks for an end, so that it is a clean one.
      var hook = new Thread(() -> end(server));
      Runtime.getRuntime().addShutdownHook(hook);
      if (!arguments.has("--on-demand")) {
        context
            .console()
            .say(
                "terroir "
                    + Main.VERSION
                    + " serves `"
                    + workspace.name()
                    + "` at "
                    + server.url());
      }
      server.await();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // It runs, and ends the process.
        Thread.sleep(Duration.ofMinutes(1));
      }
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "the server was interrupted"), e);
    }
  }

  private static void end(TerroirServer server) {
    server.close();
    Runtime.getRuntime().halt(0);
  }

  private static ServerOptions options(Arguments arguments) {
    var options = ServerOptions.loopback(Main.VERSION, System.err);
    if (arguments.has("--on-demand")) {
      options =
          options.withIdle(
              arguments.optional("--idle").map(text -> Amounts.time("--idle", text)).orElse(IDLE));
    } else {
      options =
          options.withAddress(address(arguments.optional("--listen").orElse("127.0.0.1:8080")));
    }
    if (arguments.has("--tls-certificate") != arguments.has("--tls-key")) {
      throw CliException.usage(
          "`--tls-certificate` and `--tls-key` go together", "give both, or neither");
    }
    if (arguments.has("--tls-certificate")) {
      options =
          options.withTls(
              arguments.path("--tls-certificate").orElse(Path.of("")),
              arguments.path("--tls-key").orElse(Path.of("")));
    }
    if (arguments.has("--insecure-http")) {
      options = options.withInsecureHttp();
    }
    if (arguments.has("--max-upload")) {
      options =
          options.withLimits(
              Limits.DEFAULT.withUploadBytes(
                  Amounts.bytes("--max-upload", arguments.get("--max-upload"))));
    }
    return options.withUrl(arguments.orNull("--url"));
  }

  private static InetSocketAddress address(String text) {
    var colon = text.lastIndexOf(':');
    var port = text.substring(colon + 1);
    if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      throw CliException.usage(
          "`" + text + "` is no value of `--listen`", "write HOST:PORT, such as 127.0.0.1:8080");
    }
    var host = text.substring(0, colon).replaceFirst("^\\[(.*)]$", "$1");
    try {
      return new InetSocketAddress(InetAddress.getByName(host), Integer.parseInt(port));
    } catch (UnknownHostException e) {
      return InetSocketAddress.createUnresolved(host, Integer.parseInt(port));
    }
  }
}
