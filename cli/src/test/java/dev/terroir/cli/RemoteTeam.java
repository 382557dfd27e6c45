package dev.terroir.cli;

import dev.terroir.client.Logins;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A workspace on a server, and the command on a machine of its own beside it.
final class RemoteTeam implements AutoCloseable {
  final Terroir there;
  final LocalWorkspace workspace;
  final TerroirServer server;
  private final Path folder;

  RemoteTeam(Path folder) {
    this.folder = folder;
    there = new Terroir(folder.resolve("there"));
    workspace =
        Workspace.create(
            "team", folder.resolve("there/team"), true, there.settings, Progress.SILENT);
    server =
        TerroirServer.start(
            workspace,
            ServerOptions.loopback(
                "1.2.3",
                new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8)),
            there.settings);
  }

  /// One that has logged in. A token of a variable is not handed on to processes.
  ///
  /// @param more variables of the process environment, `NAME=value`
  Terroir as(Role role, String... more) {
    var words = new ArrayList<>(List.of(more));
    words.add(Settings.TERROIR_WORKSPACE + "=" + server.url());
    var terroir = new Terroir(folder.resolve("here"), words);
    new Logins(terroir.settings)
        .keep(server.url(), server.context().tokens().create(role.id(), role, null, null).secret());
    return terroir;
  }

  @Override
  public void close() {
    server.close();
    workspace.close();
  }
}
