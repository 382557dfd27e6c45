package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.client.RemoteWorkspace;
import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Environments behave the same in a workspace of this machine and in one on a server")
class EnvironmentDoorsTest {
  enum Door {
    HERE,
    SERVER
  }

  @TempDir Path folder;
  private Served served;
  private RemoteWorkspace remote;

  @BeforeEach
  void serve() {
    served = new Served(folder);
    remote =
        RemoteWorkspace.open(
            served.server.url(),
            Served.settings(folder)
                .with(Settings.TERROIR_TOKEN, served.tokens.get(Role.CONTRIBUTOR)),
            Progress.SILENT);
  }

  @AfterEach
  void end() {
    remote.close();
    served.close();
  }

  private Workspace open(Door door) {
    return switch (door) {
      case HERE -> served.workspace;
      case SERVER -> remote;
    };
  }

  private static Environment environment(String name, String value) {
    return Environment.read(
        JsonReader.parseObject(Definitions.of(name, value), "definition"), _ -> {});
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void anUnchangedDefinitionKeepsItsVersion(Door door) {
    var environments = open(door).environments();
    var first = environments.register(environment("demo", "1"));
    assertThat(first.version()).isEqualTo("1");
    assertThat(first.isNew()).isTrue();
    assertThat(first.hash()).isEqualTo(CanonicalForm.hash(environment("demo", "1")));
    var same = environments.register(environment("demo", "1"));
    assertThat(same.isNew()).isFalse();
    assertThat(same.version()).isEqualTo("1");
    assertThat(same.createdAt()).isEqualTo(first.createdAt());
    assertThat(environments.register(environment("demo", "2")).version()).isEqualTo("2");
    assertThat(environments.versions("demo").stream().map(Registered::version))
        .containsExactly("1", "2");
    assertThat(environments.versions("nobody")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void aVersionNeverChanges(Door door) {
    var environments = open(door).environments();
    environments.register(environment("demo", "1").withVersion("stable"));
    assertThatThrownBy(() -> environments.register(environment("demo", "2").withVersion("stable")))
        .isInstanceOfSatisfying(
            TerroirException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("version-taken");
              assertThat(e.problem().hints())
                  .containsExactly("leave the version out to have the next one");
            });
    assertThat(environments.get("demo", "stable", null).environment().environmentVariables())
        .containsEntry("A", "1");
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void whatIsMissingIsSaidWithWhatIsThere(Door door) {
    var environments = open(door).environments();
    environments.register(environment("demo", "1"));
    assertThatThrownBy(() -> environments.get("demo", "9", null))
        .isInstanceOfSatisfying(
            TerroirException.class,
            e -> {
              assertThat(e.problem().code().id()).isEqualTo("environment-not-found");
              assertThat(e.problem().what()).isEqualTo("environment `demo` has no version `9`");
              assertThat(e.problem().why()).containsExactly("its versions are 1");
            });
    assertThatThrownBy(() -> environments.get("demo", null, "production"))
        .hasMessage("environment `demo` has no label `production`");
    assertThatThrownBy(() -> environments.register(environment("AzureML-mine", "1")))
        .isInstanceOf(TerroirException.class);
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void labelsPointAtOneVersion(Door door) {
    var environments = open(door).environments();
    environments.register(environment("demo", "1"));
    environments.register(environment("demo", "2"));
    environments.label("demo", "1", List.of("production", "tested"));
    environments.label("demo", "2", List.of("production"));
    assertThat(environments.get("demo", null, "production").version()).isEqualTo("2");
    assertThat(environments.get("demo", null, "latest").version()).isEqualTo("2");
    assertThat(environments.labels("demo", "1")).containsExactly("tested");
    assertThatThrownBy(() -> environments.label("demo", "1", List.of("latest")))
        .hasMessage("the label `latest` is kept by Terroir");
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void anArchivedOneIsLeftOutOfListsAndStillUsed(Door door) {
    var environments = open(door).environments();
    environments.register(environment("demo", "1"));
    environments.register(environment("demo", "2"));
    environments.register(environment("other", "1"));
    assertThat(environments.list()).containsKeys("demo", "other");
    environments.archive("demo", "2", true);
    assertThat(environments.list().get("demo").version()).isEqualTo("1");
    assertThat(environments.get("demo", "2", null).isArchived()).isTrue();
    environments.archive("demo", null, true);
    assertThat(environments.list()).doesNotContainKey("demo").containsKey("other");
    environments.archive("demo", null, false);
    assertThat(environments.list().get("demo").version()).isEqualTo("2");
    assertThat(environments.listStored().stream().map(item -> item.name()))
        .contains("demo", "other")
        .isSorted();
    assertThatThrownBy(() -> environments.archive("nobody", null, true))
        .hasMessage("no environment `nobody` is registered");
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void namesAndValuesOfAllSortsComeBackAsTheyWere(Door door) {
    var environments = open(door).environments();
    var value = "ü ☃ \\u0001 % / ? & +";
    environments.register(environment("a.b-c_d", value.replace("\\", "\\\\")));
    assertThat(environments.get("a.b-c_d", "1", null).environment().environmentVariables())
        .containsEntry("A", value);
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void hundredsAreListedWhole(Door door) {
    var environments = open(door).environments();
    for (int i = 0; i < 120; i++) {
      served.workspace.environments().register(environment("many-" + i, "1"));
    }
    assertThat(environments.list().keySet().stream().filter(name -> name.startsWith("many-")))
        .hasSize(120);
  }

  @ParameterizedTest
  @EnumSource(Door.class)
  void whatAWorkspaceIsToldToBeIsTheSame(Door door) {
    var workspace = open(door);
    assertThat(workspace.name()).isEqualTo("team");
    assertThat(workspace.details()).isEqualTo(served.workspace.details());
    assertThat(workspace.getImageDetails(environment("demo", "1")))
        .isEqualTo(served.workspace.getImageDetails(environment("demo", "1")));
  }
}
