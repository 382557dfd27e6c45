package dev.terroir.workspace.database;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.samples.PostgresServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/// The databases that tests of records run on.
public enum TestDatabase {
  /// A file.
  SQLITE,
  /// A real server, which runs for as long as the tests.
  POSTGRESQL;

  /// A database that is not made yet; everyone who opens it has connections of their own, as
  /// another process has.
  ///
  /// @param folder empty
  public Supplier<Database> in(Path folder) {
    return switch (this) {
      case SQLITE -> () -> Database.open(folder.resolve("workspace.db"));
      case POSTGRESQL -> {
        var address = address();
        yield () -> Database.open(address, Settings.of(PostgresServer.variables()));
      }
    };
  }

  /// A new workspace below a folder; everyone who opens it is another process.
  public Supplier<LocalWorkspace> workspaceIn(Path folder) {
    var variables = new HashMap<>(PostgresServer.variables());
    variables.put("TERROIR_HOME", folder.resolve("home").toString());
    var settings = Settings.of(Map.copyOf(variables));
    var address = this == SQLITE ? null : address();
    return () -> Workspace.create("team", null, address, true, settings, Progress.SILENT);
  }

  /// A schema of a real server that nobody else has.
  public static PostgresAddress address() {
    return PostgresAddress.parse(server().url(PostgresServer.newSchema()));
  }

  /// The server; without one the test is skipped.
  public static PostgresServer server() {
    try {
      var server = PostgresServer.shared();
      assumeTrue(server.isPresent(), "PostgreSQL");
      return server.orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Asks for the number of the schema.
  String askSchema() {
    return this == SQLITE ? "PRAGMA user_version" : "SELECT version FROM terroir_schema";
  }

  /// Sets the number of the schema.
  String setSchema(int number) {
    return this == SQLITE
        ? "PRAGMA user_version = " + number
        : "UPDATE terroir_schema SET version = " + number;
  }
}
