package dev.terroir.server;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/// A workspace of its own with its server on loopback, and a token of every role.
final class Served implements AutoCloseable {
  final LocalWorkspace workspace;
  final TerroirServer server;
  final ByteArrayOutputStream log = new ByteArrayOutputStream();
  final Map<Role, String> tokens = new EnumMap<>(Role.class);

  Served(Path folder) {
    this(folder, Limits.DEFAULT);
  }

  Served(Path folder, Limits limits) {
    this(folder, limits, "");
  }

  /// @param database its address, or empty for SQLite
  Served(Path folder, Limits limits, String database) {
    var settings = database.isEmpty() ? settings(folder) : TwoServersTest.settings(folder);
    workspace =
        database.isEmpty()
            ? Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT)
            : TwoServersTest.workspace(folder, database);
    server =
        TerroirServer.start(
            workspace,
            ServerOptions.loopback("1.2.3", new PrintStream(log, true, StandardCharsets.UTF_8))
                .withLimits(limits),
            settings);
    for (var role : Role.values()) {
      tokens.put(role, server.context().tokens().create(role.id(), role, null, null).secret());
    }
  }

  static Settings settings(Path folder) {
    var variables = new TreeMap<>(Settings.system().variables());
    variables.put(Settings.TERROIR_HOME, folder.resolve("home").toString());
    return Settings.of(variables);
  }

  /// The same where work that needs an index ends soon.
  static Settings offline(Path folder) {
    var variables = new TreeMap<>(settings(folder).variables());
    variables.put("PIP_NO_INDEX", "1");
    variables.put("UV_OFFLINE", "1");
    return Settings.of(variables);
  }

  ApiClient as(Role role) {
    return new ApiClient(server.url(), tokens.get(role));
  }

  ApiClient owner() {
    return as(Role.OWNER);
  }

  String logged() {
    return log.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    server.close();
    workspace.close();
  }
}
