package dev.terroir.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.samples.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.DisplayName;

@DisplayName("Runs, models and data over HTTP, recorded in PostgreSQL")
class RunsOnPostgresTest extends RunsTest {
  private final String schema = PostgresServer.newSchema();

  @Override
  String database() {
    try {
      var server = PostgresServer.shared();
      assumeTrue(server.isPresent(), "PostgreSQL");
      return server.get().url(schema);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
