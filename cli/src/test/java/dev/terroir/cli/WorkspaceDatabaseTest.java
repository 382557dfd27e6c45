package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.samples.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir workspace create --database")
class WorkspaceDatabaseTest {
  @TempDir Path folder;

  private record Outcome(int code, String out, String err) {}

  private Outcome run(Map<String, String> more, String words) {
    var variables = new HashMap<>(more);
    variables.put(Settings.TERROIR_HOME, folder.resolve("home").toString());
    variables.put(Settings.TERROIR_WORKSPACE, folder.resolve("team").toString());
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var code =
        Main.run(
            words.split(" "),
            Settings.of(variables),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private String create(String database) {
    return "workspace create -n team --no-config -d "
        + folder.resolve("team")
        + " --database "
        + database;
  }

  @Test
  void recordsLieThereAndTheRestInTheFolder() throws IOException {
    var server = PostgresServer.shared();
    assumeTrue(server.isPresent(), "PostgreSQL");
    var login = PostgresServer.variables();
    var url = server.get().url(PostgresServer.newSchema());

    assertThat(run(login, create(url)))
        .satisfies(made -> assertThat(made.err()).isEmpty())
        .extracting(Outcome::code)
        .isEqualTo(0);
    var shown = run(login, "workspace show");
    assertThat(JsonReader.parseObject(shown.out(), "shown").string("database")).isEqualTo(url);
    assertThat(run(login, "workspace show --output table").out()).contains(url);

    assertThat(run(login, "run list").code()).isEqualTo(0);
    assertThat(run(login, "environment list").out()).contains("AzureML-Minimal");
    var stored = Files.readString(folder.resolve("team/workspace.json"));
    assertThat(stored).contains(url).doesNotContain(PostgresServer.PASSWORD);
    assertThat(folder.resolve("team/workspace.db")).doesNotExist();

    var denied = run(Map.of("PGUSER", PostgresServer.USER, "PGPASSWORD", "wrong"), "run list");
    assertThat(denied.code()).isEqualTo(4);
    assertThat(denied.err()).contains("database-unreachable", "PGPASSWORD");
  }

  @Test
  void aPasswordInTheAddressIsRefused() {
    var refused = run(Map.of(), create("postgresql://ada:hush@127.0.0.1/t"));
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("invalid-database", "PGPASSWORD").doesNotContain("hush");
    assertThat(folder.resolve("team")).doesNotExist();
  }

  @Test
  void sqliteIsTheDefaultAndSaysSo() {
    assertThat(run(Map.of(), "workspace create -n team --no-config -d " + folder.resolve("team")))
        .extracting(Outcome::code)
        .isEqualTo(0);
    var shown = run(Map.of(), "workspace show");
    assertThat(JsonReader.parseObject(shown.out(), "shown").string("database")).isEqualTo("sqlite");
  }
}
