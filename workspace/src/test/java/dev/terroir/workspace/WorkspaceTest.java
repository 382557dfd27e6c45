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
import dev.terroir.workspace.database.PostgresAddress;
import dev.terroir.workspace.database.TestDatabase;
import dev.terroir.workspace.environments.CuratedEnvironments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource
@DisplayName("Workspaces (azureml-core: Workspace, Environment.register, config.json)")
class WorkspaceTest {
  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Settings settings;
  private Supplier<LocalWorkspace> place;

  @BeforeEach
  void begin() {
    settings = Settings.of(Map.of("TERROIR_HOME", folder.resolve("home").toString()));
    place = kind.workspaceIn(folder);
  }

  private LocalWorkspace open() {
    return place.get();
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
          .containsKeys(
              "AzureML-Minimal",
              "AzureML-Tutorial",
              "AzureML-PyTorch-1.6-GPU",
              "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu",
              "azureml-sklearn-1.5");
      assertThat(
              workspace
                  .environments()
                  .get("AzureML-Scikit-learn-0.20.3", null, null)
                  .environment()
                  .toJson()
                  .string("description"))
          .contains("scikit-learn 0.20.3");
      for (var curated : CuratedEnvironments.all()) {
        assertThat(dev.terroir.environment.Validation.problems(curated)).isEmpty();
        assertThatThrownBy(() -> workspace.environments().register(curated))
            .isInstanceOf(EnvironmentException.class);
      }
    }
  }

  @Test
  void theDatabaseIsToldOnceAndStays() throws IOException {
    var isSqlite = kind == TestDatabase.SQLITE;
    Path directory;
    String database;
    try (var workspace = open()) {
      workspace.environments().register(Environment.of("e"));
      directory = workspace.directory();
      database = workspace.details().toJson().string("database");
      assertThat(database).matches(isSqlite ? "sqlite" : "postgresql://127.0.0.1:.*schema=.*");
      workspace.update(details -> details.withDatabase(null).withOwnRegistry());
      assertThat(workspace.details().toJson().string("database")).isEqualTo(database);
    }
    assertThat(Files.exists(directory.resolve("workspace.db"))).isEqualTo(isSqlite);
    assertThat(Files.readString(directory.resolve("workspace.json")).contains("\"database\""))
        .isEqualTo(!isSqlite);
    try (var workspace = open()) {
      assertThat(workspace.environments().list()).containsKey("e");
    }
    assertThatThrownBy(() ->
            Workspace.create(
                "team",
                directory,
                PostgresAddress.parse("postgresql://db.example.com/other"),
                true,
                settings,
                Progress.SILENT))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> assertThat(e.problem().render()).contains("workspace-exists", database));
  }

  @Test
  void aDatabaseThatDoesNotAnswerMakesNoWorkspace() {
    var directory = folder.resolve("unmade");
    assertThatThrownBy(() ->
            Workspace.create(
                "team",
                directory,
                PostgresAddress.parse("postgresql://127.0.0.1:1/t"),
                false,
                settings,
                Progress.SILENT))
        .isInstanceOfSatisfying(
            WorkspaceException.class,
            e -> assertThat(e.problem().code()).isEqualTo(WorkspaceCode.DATABASE_UNREACHABLE));
    assertThat(directory).doesNotExist();
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
