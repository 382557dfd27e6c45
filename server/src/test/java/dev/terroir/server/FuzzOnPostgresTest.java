package dev.terroir.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.samples.PostgresServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The same by somebody who may only read, recorded in PostgreSQL")
class FuzzOnPostgresTest extends FuzzTest {
  @Override
  Role role() {
    return Role.READER;
  }

  @Override
  LocalWorkspace workspace() {
    try {
      var server = PostgresServer.shared();
      assumeTrue(server.isPresent(), "PostgreSQL");
      return TwoServersTest.workspace(folder, server.get().url(PostgresServer.newSchema()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
