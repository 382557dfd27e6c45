package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.workspace.accounts.Role;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Metrics, tags, other tools' locks and tokens of a workspace on a server")
class RemoteWorkTest {
  private static final String SHA256 = "0123456789abcdef".repeat(4);

  @TempDir Path folder;

  private RemoteTeam team;

  @BeforeEach
  void serve() {
    team = new RemoteTeam(folder);
  }

  @AfterEach
  void end() {
    team.close();
  }

  @Test
  void whatARunHasLoggedIsListedAndTagsAreSet() {
    var terroir = team.as(Role.CONTRIBUTOR);
    terroir.write(
        "echo.runconfig",
        """
        command: echo logged
        environment:
          name: um
          python: {userManagedDependencies: true, interpreterPath: /usr/bin/python3}
        """);
    terroir.write("code/train.py", "");
    terroir
        .run(
            "run submit-script -e logged --source "
                + terroir.project.resolve("code")
                + " -c "
                + terroir.project.resolve("echo.runconfig"))
        .succeeds();
    var id = team.workspace.runs().list("logged").getFirst().id();
    var items =
        List.of(
            JsonReader.parseObject(
                "{\"name\": \"loss\", \"kind\": \"scalar\", \"value\": 0.5}", "test"),
            JsonReader.parseObject(
                "{\"name\": \"other\", \"kind\": \"scalar\", \"value\": 7}", "test"));
    assertThat(team.workspace.metrics().add(id, "s", 1, items)).isEqualTo(2);
    assertThat(terroir.run("run metrics --output table -r " + id).succeeds().out())
        .contains("loss", "0.5", "other");
    assertThat(terroir.run("run metrics -n loss -r " + id).succeeds().out())
        .contains("\"value\": 0.5")
        .doesNotContain("other");
    terroir.run("run tag -r " + id + " -t quality=good -t a=b").succeeds();
    assertThat(terroir.run("run show -r " + id).json().stringMap("tags"))
        .containsEntry("quality", "good")
        .containsEntry("a", "b");
    assertThat(team.as(Role.READER).run("run tag -r " + id + " -t a=c").err())
        .contains("[forbidden]");
  }

  private static String pixiLock(String archive) {
    return """
    version: 6
    environments:
      default:
        channels:
        - url: https://channel.example/main/
        packages:
          linux-64:
          - conda: %1$s
    packages:
    - conda: %1$s
      sha256: %2$s
    """
        .formatted(archive, SHA256);
  }

  @Test
  void anotherToolsLockIsTheLockOfItsDefinitionThere() {
    var terroir = team.as(Role.CONTRIBUTOR);
    var file =
        terroir.write(
            "list.txt",
            "# platform: linux-64\n@EXPLICIT\n"
                + "https://channel.example/main/linux-64/python-3.12.1-h1_0_cpython.conda#sha256:"
                + SHA256
                + "\n");
    var imported =
        terroir.run("lock import --platform linux/amd64 -n demo -f " + file).succeeds().json();
    assertThat(team.workspace.environments().get("demo", "1", null).hash())
        .isEqualTo(imported.string("hash"));
    var shown = terroir.run("lock show -n demo --platform linux/amd64").succeeds().json();
    assertThat(shown.string("digest")).isEqualTo(imported.string("lockDigest"));
    var here =
        terroir.write(
            "here.lock", pixiLock("file:///nowhere/linux-64/python-3.12.1-h1_0_cpython.conda"));
    var refused = terroir.run("lock import --platform linux/amd64 -n here -f " + here);
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("hint:");
    assertThat(team.workspace.environments().versions("here")).isEmpty();
    assertThat(
            team.as(Role.READER).run("lock import --platform linux/amd64 -n mine -f " + file).err())
        .contains("[forbidden]");
  }

  @Test
  void tokensAreMadeListedAndRevokedByOwners() {
    var owner = team.as(Role.OWNER);
    var made =
        owner.run("token create --name ci --role contributor --expires 1d").succeeds().json();
    var secret = made.string("secret");
    var bearer =
        new Terroir(
            folder.resolve("other"),
            List.of(
                Settings.TERROIR_TOKEN + "=" + secret,
                Settings.TERROIR_WORKSPACE + "=" + team.server.url()));
    assertThat(bearer.run("workspace show").succeeds().json().string("role"))
        .isEqualTo("contributor");
    assertThat(owner.run("token list").succeeds().out())
        .contains(made.string("id"), "\"ci\"")
        .doesNotContain(secret);
    assertThat(bearer.run("token list").err()).contains("[forbidden]");
    assertThat(bearer.run("token create --name more --role owner").err()).contains("[forbidden]");
    owner.run("token revoke --id", made.string("id")).succeeds();
    assertThat(bearer.run("environment list").err()).contains("[unauthenticated]");
    assertThat(owner.run("token revoke --id", "nothing").err()).contains("[token-not-found]");
  }
}
