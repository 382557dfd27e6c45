package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Code;
import dev.terroir.samples.PostgresServer;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

@DisplayName("A server of PostgreSQL that is gone, and back")
class PostgresServerGoneTest {
  private static final String COUNT = "SELECT COUNT(*) FROM model_counter";
  private static PostgresServer server;

  @BeforeAll
  static void begin() throws IOException {
    var programs = PostgresServer.programs();
    assumeTrue(programs.isPresent(), "PostgreSQL");
    server = PostgresServer.start(programs.get());
  }

  @AfterAll
  static void end() {
    if (server != null) {
      server.close();
    }
  }

  private static Database open(String schema) {
    return Database.open(
        PostgresAddress.parse(server.url(schema)), Settings.of(PostgresServer.variables()));
  }

  private static long count(Database database) {
    return database.first(COUNT, row -> row.getLong(1)).orElseThrow();
  }

  private static void assertFails(Executable work, String... told) {
    assertThatThrownBy(work::execute)
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(WorkspaceCode.DATABASE_UNREACHABLE);
              assertThat(e.problem().code().kind()).isEqualTo(Code.Kind.SURROUNDINGS);
              assertThat(e.problem().render())
                  .contains("127.0.0.1:" + server.port())
                  .contains(told)
                  .doesNotContain(PostgresServer.PASSWORD);
            });
  }

  @Test
  void isSaidAndForgottenWhenItIsBack() throws Exception {
    try (var database = open("gone");
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      database.update("INSERT INTO model_counter VALUES ('kept', 1)");
      // Several connections, all of which break.
      var others =
          database.transaction(() -> {
            database.update("INSERT INTO model_counter VALUES ('lost', 1)");
            var reading =
                java.util.stream.IntStream.range(0, 5)
                    .mapToObj(_ -> threads.submit(() -> count(database)))
                    .toList();
            for (var one : reading) {
              try {
                assertThat(one.get()).isEqualTo(1);
              } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
                throw new AssertionError(e);
              }
            }
            database.update("DELETE FROM model_counter WHERE name = 'lost'");
            return reading.size();
          });
      assertThat(others).isEqualTo(5);
      server.stop();
      try {
        assertFails(() -> count(database), "cannot be reached");
        assertFails(() -> database.update("DELETE FROM model_counter"), "cannot be reached");
        assertFails(() -> database.transaction(() -> 1), "cannot be reached");
        assertFails(() -> open("gone"), "cannot be reached");
      } finally {
        server.begin();
      }
      assertThat(count(database)).isEqualTo(1);
      assertThat(
              database.<Integer>transaction(
                  () -> database.update("UPDATE model_counter SET last = 2")))
          .isEqualTo(1);
    }
  }

  @Test
  void inTheMiddleOfATransactionUndoesIt() throws Exception {
    try (var database = open("middle")) {
      assertFails(
          () ->
              database.transaction(() -> {
                database.update("INSERT INTO model_counter VALUES ('half', 1)");
                try {
                  server.stop();
                  server.begin();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
                return database.update("INSERT INTO model_counter VALUES ('other', 1)");
              }),
          "cannot be reached");
      assertThat(count(database)).isEqualTo(0);
    }
  }

  @Test
  void aWrongPasswordIsSaid() {
    var variables = new HashMap<>(PostgresServer.variables());
    variables.put("PGPASSWORD", "wrong-" + PostgresServer.PASSWORD);
    assertFails(
        () ->
            Database.open(
                    PostgresAddress.parse(server.url("x")), Settings.of(Map.copyOf(variables)))
                .close(),
        "does not let this user in",
        "PGPASSWORD");
  }

  @Test
  void noPasswordIsSaid() {
    assertFails(
        () ->
            Database.open(
                    PostgresAddress.parse(server.url("x")),
                    Settings.of(Map.of("PGUSER", PostgresServer.USER, "HOME", "/nonexistent")))
                .close(),
        "does not let this user in",
        "PGPASSWORD");
  }

  @Test
  void aMissingDatabaseIsSaid() {
    var url = "postgresql://127.0.0.1:" + server.port() + "/nothing";
    assertFails(
        () ->
            Database.open(PostgresAddress.parse(url), Settings.of(PostgresServer.variables()))
                .close(),
        "is missing",
        "createdb nothing");
  }
}
