package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Where a database is and who asks (PostgreSQL: connection URIs, the password file)")
class PostgresAddressTest {
  @TempDir Path folder;

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "postgresql://db.example.com/terroir, postgresql://db.example.com:5432/terroir",
    "postgres://db/t?schema=public, postgresql://db:5432/t",
    "postgresql://ada@db:5433/t?schema=team_a, postgresql://ada@db:5433/t?schema=team_a",
    "postgresql://[::1]:5433/t, postgresql://[::1]:5433/t",
    "postgresql://10.0.0.7/my-db, postgresql://10.0.0.7:5432/my-db"
  })
  void isWrittenInOneWay(String text, String url) {
    var address = PostgresAddress.parse(text);
    assertThat(address.url()).isEqualTo(url);
    assertThat(PostgresAddress.parse(url)).isEqualTo(address);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "postgresql://ada:hush-hush@db/t",
        "postgresql://ada:hush-hush@db",
        "postgresql://ada:hush@hush-hush@db/t",
        "postgresql://db/t?password=hush-hush",
        "postgresql://db/t?user=a&Password=hush-hush"
      })
  void aPasswordIsRefusedAndNotRepeated(String text) {
    assertThatThrownBy(() -> PostgresAddress.parse(text))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(WorkspaceCode.INVALID_DATABASE);
              assertThat(e.problem().render())
                  .contains("holds a password", "PGPASSWORD", ".pgpass")
                  .doesNotContain("hush");
            });
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "mysql://db/t, names no database of PostgreSQL",
    "postgresql:///t, names no host",
    "postgresql://db, names no database on `db`",
    "postgresql://db/, names no database on `db`",
    "postgresql://db/a/b, names no database on `db`",
    "postgresql://db/t?schema=A;drop, cannot name a workspace's schema",
    "postgresql://db/t?schema=pg_catalog, cannot name a workspace's schema",
    "postgresql://db/t?schema=a&schema=b, two things",
    "postgresql://db/t?sslmode=disable, PGSSLMODE",
    "postgresql://d b/t, is no address"
  })
  void whatIsNoneIsRefused(String text, String why) {
    assertThatThrownBy(() -> PostgresAddress.parse(text))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> {
              assertThat(e.problem().code()).isEqualTo(WorkspaceCode.INVALID_DATABASE);
              assertThat(e.problem().render()).contains(why);
            });
  }

  private Path passwords(String mode, String... lines) throws IOException {
    var file = folder.resolve("pgpass");
    Files.write(file, java.util.List.of(lines));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  @Test
  void thePasswordIsThatOfTheFirstLineThatFits() throws IOException {
    var file =
        passwords(
            "rw-------",
            "# db:5432:t:ada:comment",
            "db:5432:t:bob:of-bob",
            "db:5433:t:ada:other-port",
            "*:*:t:ada:a\\:b\\\\c:d",
            "db:*:*:*:late");
    var settings = Settings.of(Map.of("PGPASSFILE", file.toString()));
    var ada = PostgresLogin.of(PostgresAddress.parse("postgresql://ada@db/t"), settings);
    assertThat(ada.user()).isEqualTo("ada");
    assertThat(ada.password()).isEqualTo("a:b\\c:d");
    assertThat(ada.toString()).doesNotContain("a:b");
    var eve = PostgresLogin.of(PostgresAddress.parse("postgresql://eve@db/t"), settings);
    assertThat(eve.password()).isEqualTo("late");
    var elsewhere = PostgresLogin.of(PostgresAddress.parse("postgresql://eve@x/t"), settings);
    assertThat(elsewhere.password()).isNull();
  }

  @Test
  void theVariableComesBeforeTheFileAndTheAddressBeforeTheVariable() throws IOException {
    var file = passwords("rw-------", "*:*:*:*:of-file");
    var settings =
        Settings.of(
            Map.of("PGPASSFILE", file.toString(), "PGPASSWORD", "of-word", "PGUSER", "bob"));
    var bob = PostgresLogin.of(PostgresAddress.parse("postgresql://db/t"), settings);
    assertThat(bob).isEqualTo(new PostgresLogin("bob", "of-word"));
    var ada = PostgresLogin.of(PostgresAddress.parse("postgresql://ada@db/t"), settings);
    assertThat(ada.user()).isEqualTo("ada");
  }

  @Test
  void aFileThatOthersReadIsRefused() throws IOException {
    var file = passwords("rw-r-----", "*:*:*:*:of-file");
    assertThatThrownBy(() ->
            PostgresLogin.of(
                PostgresAddress.parse("postgresql://db/t"),
                Settings.of(Map.of("PGPASSFILE", file.toString()))))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> assertThat(e.problem().render()).contains("chmod 600 " + file));
  }
}
