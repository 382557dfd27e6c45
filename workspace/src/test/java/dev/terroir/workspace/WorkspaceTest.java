package dev.terroir.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.config.WorkspaceConfig;
import dev.terroir.workspace.environments.CuratedEnvironments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Workspaces (azureml-core: Workspace, Environment.register, config.json)")
class WorkspaceTest {
  @TempDir Path folder;
  private Settings settings;

  @BeforeEach
  void begin() {
    settings = Settings.of(Map.of("TERROIR_HOME", folder.resolve("home").toString()));
  }

  private LocalWorkspace open() {
    return Workspace.create("team", null, true, settings, Progress.SILENT);
  }

  @Test
  void versionsAreStringsFromOne() {
    try (var workspace = open()) {
      var environments = workspace.environments();
      var first = environments.register(Environment.of("e"));
      assertThat(first.version()).isEqualTo("1");
      assertThat(environments.register(Environment.of("e")).version()).isEqualTo("1");
      var changed = Environment.of("e").withEnvironmentVariables(Map.of("A", "B"));
      assertThat(environments.register(changed).version()).isEqualTo("2");
      assertThat(environments.register(first.environment().withVersion(null)).version())
          .isEqualTo("3");
      assertThat(environments.get("e", null, null).version()).isEqualTo("3");
      assertThat(environments.get("e", "1", null).hash())
          .isEqualTo(CanonicalForm.hash(Environment.of("e")));
    }
  }

  @Test
  void aGivenVersionIsTakenOnceAndNeverChanged() {
    try (var workspace = open()) {
      var environments = workspace.environments();
      environments.register(Environment.of("e").withVersion("2024-05"));
      assertThat(environments.register(Environment.of("e").withVersion("2024-05")).isNew())
          .isFalse();
      assertThatThrownBy(() ->
              environments.register(
                  Environment.of("e")
                      .withVersion("2024-05")
                      .withEnvironmentVariables(Map.of("A", "B"))))
          .isInstanceOf(WorkspaceException.class)
          .hasMessageContaining("already registered and cannot be changed");
    }
  }

  @Test
  void whatARunUsesIsKeptOutOfLists() {
    try (var workspace = open()) {
      var saved = workspace.environments().autosave(Environment.of("e"));
      assertThat(saved.version()).matches("Autosave_[0-9T:-]+Z_[0-9a-f]{8}");
      assertThat(workspace.environments().autosave(Environment.of("e")).version())
          .isEqualTo(saved.version());
      assertThat(workspace.environments().list()).doesNotContainKey("e");
      assertThat(workspace.environments().register(Environment.of("e")).version()).isEqualTo("1");
    }
  }

  @Test
  void curatedEnvironmentsAreReadOnlyAndValid() {
    try (var workspace = open()) {
      assertThat(workspace.environments().list())
          .containsKeys("AzureML-Minimal", "AzureML-Tutorial");
      for (var curated : CuratedEnvironments.all()) {
        assertThat(dev.terroir.environment.Validation.problems(curated)).isEmpty();
        assertThatThrownBy(() -> workspace.environments().register(curated))
            .isInstanceOf(EnvironmentException.class);
      }
    }
  }

  @Test
  void aDatabaseOfALaterTerroirIsRefusedAndNotTouched() throws Exception {
    Path file;
    try (var workspace = open()) {
      workspace.environments().register(Environment.of("e"));
      file = workspace.directory().resolve("workspace.db");
    }
    var schema = schema(file);
    execute(file, "PRAGMA user_version = 99");
    try (var workspace = open()) {
      assertThatThrownBy(() -> workspace.environments().list())
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e ->
                  assertThat(e.problem().render())
                      .contains("later Terroir", file.toString(), "number 99"));
    }
    execute(file, "PRAGMA user_version = " + schema);
    try (var workspace = open()) {
      assertThat(workspace.environments().list()).containsKey("e");
    }
  }

  private static int schema(Path file) throws SQLException {
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        var statement = connection.createStatement();
        var row = statement.executeQuery("PRAGMA user_version")) {
      return row.getInt(1);
    }
  }

  private static void execute(Path file, String sql) throws SQLException {
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void aConfigOfTheRetiredServiceOpensALocalWorkspaceOfThatName() throws IOException {
    var project = Files.createDirectories(folder.resolve("project/deep/er"));
    Files.createDirectories(folder.resolve("project/.azureml"));
    Files.writeString(
        folder.resolve("project/.azureml/config.json"),
        "{\"subscription_id\": \"x\", \"resource_group\": \"y\", \"workspace_name\": \"my-team\"}");
    try (var workspace = Workspace.fromConfig(project, settings, Progress.SILENT)) {
      assertThat(workspace.name()).isEqualTo("my-team");
    }
  }

  @Test
  void aMissingConfigListsEveryPlaceSearched() {
    assertThatThrownBy(() -> WorkspaceConfig.find(folder))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e ->
                assertThat(e.problem().render())
                    .contains(
                        folder.resolve("config.json").toString(),
                        folder.resolve(".azureml/config.json").toString(),
                        folder.resolve("aml_config/config.json").toString(),
                        "/config.json"));
  }

  @Test
  void realConfigFilesAreRead() {
    var root = System.getProperty("terroir.conformance", "");
    if (root.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; set -Dterroir.conformance=DIR");
    }
    assumeTrue(!root.isEmpty(), "conformance data");
    var loaded = 0;
    for (var entry :
        JsonReader.readObject(Path.of(root, "files", "manifest.json")).objects("files")) {
      var file = Path.of(root, "files", entry.string("path"));
      if (entry.string("kind").equals("workspace-config") && Files.exists(file)) {
        assertThat(WorkspaceConfig.read(file).workspaceName()).isNotEmpty();
        loaded++;
      }
    }
    System.err.println("workspace-config: " + loaded + " loaded");
  }
}
