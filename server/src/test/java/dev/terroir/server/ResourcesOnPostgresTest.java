package dev.terroir.server;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.samples.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The resources of a workspace over HTTP, recorded in PostgreSQL")
class ResourcesOnPostgresTest extends ResourcesTest {
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
