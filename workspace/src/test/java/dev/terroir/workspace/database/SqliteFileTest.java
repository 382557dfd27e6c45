package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.workspace.WorkspaceException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A file of SQLite that cannot be written")
class SqliteFileTest {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve("workspace.db");
  }

  @Test
  void aFullDiskIsSaidAndWhatWasThereIsKept() {
    try (var database = Database.open(file())) {
      database.update("INSERT INTO model_counter VALUES ('kept', 1)");
      // SQLite's own limit fails as a full disk does.
      var pages = database.first("PRAGMA page_count", row -> row.getInt(1)).orElseThrow();
      database.query("PRAGMA max_page_count = " + pages, row -> row.getInt(1));
      assertThatThrownBy(() ->
              database.transaction(() -> {
                database.update("DELETE FROM model_counter");
                for (int i = 0; i < 1000; i++) {
                  database.update(
                      "INSERT INTO model_counter VALUES (?, 1)", i + "-".repeat(10_000));
                }
                return 0;
              }))
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> {
                assertThat(e.problem().code().id()).isEqualTo("disk-full");
                assertThat(e.problem().render()).contains(file().toString(), "disk is full");
              });
      assertThat(database.query("SELECT name FROM model_counter", row -> row.getString(1)))
          .containsExactly("kept");
      database.query("PRAGMA max_page_count = 100000", row -> row.getInt(1));
      assertThat(
              database.<Integer>transaction(
                  () -> database.update("INSERT INTO model_counter VALUES ('next', 1)")))
          .isEqualTo(1);
    }
  }

  @Test
  void aReadOnlyOneIsSaid() {
    try (var database = Database.open(file())) {
      database.update("PRAGMA query_only = 1");
      assertThatThrownBy(() -> database.update("INSERT INTO model_counter VALUES ('a', 1)"))
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> {
                assertThat(e.problem().code().id()).isEqualTo("database-failed");
                assertThat(e.problem().render())
                    .contains(file().toString(), "read-only", "permission to write");
              });
    }
  }

  @Test
  void aFileThatIsNoDatabaseIsSaid() throws Exception {
    Files.writeString(file(), "words, no database\n".repeat(100));
    assertThatThrownBy(() -> Database.open(file()).close())
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("database-failed", file().toString(), "not a database"));
  }

  @Test
  void nothingOfPostgresIsLoadedForIt() throws Exception {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var log = folder.resolve("classes.log");
    var process =
        new ProcessBuilder(
                java,
                "-Xlog:class+load:file=" + log,
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                SqliteFileTest.class.getName(),
                file().toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    assertThat(Files.readAllLines(log))
        .anyMatch(line -> line.contains(Database.class.getName()))
        .noneMatch(line -> line.contains("org.postgresql."))
        .noneMatch(line -> line.contains("com.zaxxer."))
        .noneMatch(line -> line.contains("PostgresConnections"));
  }

  /// What a command does, in a process of its own.
  public static void main(String[] arguments) {
    try (var database = Database.open(Path.of(arguments[0]))) {
      database.transaction(() -> database.update("INSERT INTO model_counter VALUES ('a', 1)"));
    }
  }
}
