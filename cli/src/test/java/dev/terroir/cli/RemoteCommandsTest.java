package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.client.Logins;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir with a workspace on a server")
class RemoteCommandsTest {
  @TempDir Path folder;

  private Terroir there;
  private LocalWorkspace workspace;
  private TerroirServer server;

  @BeforeEach
  void serve() {
    var team = new RemoteTeam(folder);
    there = team.there;
    workspace = team.workspace;
    server = team.server;
  }

  @AfterEach
  void end() {
    server.close();
    workspace.close();
  }

  /// One that has logged in. A token of a variable is not handed on to processes.
  private Terroir as(Role role) {
    var terroir = with();
    new Logins(terroir.settings)
        .keep(server.url(), server.context().tokens().create(role.id(), role, null, null).secret());
    return terroir;
  }

  private Terroir with(String... more) {
    var words = new ArrayList<>(List.of(more));
    words.add(Settings.TERROIR_WORKSPACE + "=" + server.url());
    return new Terroir(folder.resolve("here"), words);
  }

  @Test
  void environmentsAreRegisteredListedShownAndDownloadedThere() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    var registered = terroir.run("environment register -d", terroir.directory()).succeeds();
    assertThat(registered.json().string("version")).isEqualTo("1");
    assertThat(registered.err()).contains("registered demo as version 1");
    assertThat(workspace.environments().get("demo", "1", null).version()).isEqualTo("1");
    assertThat(terroir.run("environment register -d", terroir.directory()).succeeds().err())
        .contains("demo is unchanged: version 1");
    // The same text as where the workspace lies.
    var local = there.run("environment list --workspace", folder.resolve("there/team").toString());
    assertThat(terroir.run("environment list").succeeds().out()).isEqualTo(local.out());
    assertThat(terroir.run("environment list --output table").succeeds().out()).contains("demo");
    assertThat(terroir.run("environment show -n demo").succeeds().json().string("name"))
        .isEqualTo("demo");
    terroir.run("environment label -n demo -v 1 production").succeeds();
    assertThat(terroir.run("environment show -n demo --label production").json().string("version"))
        .isEqualTo("1");
    var copy = folder.resolve("copy");
    terroir.run("environment download -n demo -d", copy.toString()).succeeds();
    assertThat(copy.resolve("azureml_environment.json")).exists();
    terroir.run("environment archive -n demo -v 1").succeeds();
    assertThat(terroir.run("environment list --output table").out()).doesNotContain("demo");
    terroir.run("environment restore -n demo").succeeds();
    var missing = terroir.run("environment show -n demo -v 7");
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("[environment-not-found]", "its versions are 1", "hint:");
    assertThat(terroir.home.resolve("data/workspaces")).doesNotExist();
  }

  @Test
  void locksAreMadeThereAndEnvironmentsHere() {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    var notYet = terroir.run("environment path -d", terroir.directory());
    assertThat(notYet.code()).isEqualTo(2);
    var first = terroir.run("environment lock -d", terroir.directory()).succeeds().json();
    assertThat(first.get("cached")).hasToString("Optional[JsonBoolean[value=false]]");
    var again = terroir.run("environment lock -d", terroir.directory()).succeeds().json();
    assertThat(again.get("cached")).hasToString("Optional[JsonBoolean[value=true]]");
    assertThat(again.string("digest")).isEqualTo(first.string("digest"));
    var exec =
        terroir.process(
            List.of(),
            "environment exec -d "
                + terroir.directory()
                + " -- python -c print(__import__('alpha').VERSION)");
    assertThat(exec.code()).as(exec.err()).isZero();
    assertThat(exec.out().strip()).isEqualTo("2.0");
    assertThat(terroir.run("environment path -d", terroir.directory()).succeeds().out())
        .startsWith(terroir.home.toString());
    assertThat(terroir.run("lock show -d", terroir.directory()).succeeds().json().string("digest"))
        .isEqualTo(first.string("digest"));
  }

  @Test
  void imagesAreBuiltThere() {
    var base = SmallBase.make(folder.resolve("base"), Terroir.python());
    workspace.update(before -> before.withDefaultBase(DefaultBases.Kind.CPU_PYTHON, base, folder));
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    var before = terroir.run("environment image -d", terroir.directory()).succeeds();
    assertThat(before.json().optionalBoolean("imageExistsInRegistry")).contains(false);
    var built = terroir.run("environment build -d", terroir.directory()).succeeds();
    assertThat(built.json().string("repository")).startsWith("azureml/azureml_");
    assertThat(built.json().optionalBoolean("isCached")).contains(false);
    assertThat(workspace.environments().versions("demo")).hasSize(1);
    var again = terroir.run("environment build --if-needed -d", terroir.directory()).succeeds();
    assertThat(again.json().optionalBoolean("isCached")).contains(true);
    assertThat(again.json().string("digest")).isEqualTo(built.json().string("digest"));
  }

  @Test
  void whatCannotBeSolvedEndsAsWhereTheWorkspaceLies() {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha==9");
    var outcome = terroir.run("environment lock -d", terroir.directory());
    var local =
        there.run(
            "environment lock --workspace " + folder.resolve("there/team") + " -d",
            terroir.directory());
    assertThat(outcome.code()).isEqualTo(local.code()).isEqualTo(3);
    assertThat(outcome.err()).contains("[unsolvable]");
  }

  @Test
  void runsGoThereWithTheirFilesAndComeBackWithTheirs() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    terroir.write(
        "code/train.py",
        """
        import alpha, os, sys
        print('alpha', alpha.VERSION, sys.argv[1:])
        os.makedirs('outputs/deep', exist_ok=True)
        open('outputs/deep/model é.txt', 'w').write('weights')
        """);
    var submitted =
        terroir.run(
            "run submit-script -e first --environment demo:1 --tag a=b --source "
                + terroir.project.resolve("code")
                + " train.py --epochs 3");
    assertThat(submitted.code()).as(submitted.out() + submitted.err()).isZero();
    assertThat(submitted.out() + submitted.err()).contains("alpha 2.0 ['--epochs', '3']");
    var listed =
        JsonReader.parse(terroir.run("run list -e first").succeeds().out(), "list").toString();
    assertThat(listed).contains("Completed");
    var id = workspace.runs().list("first").getFirst().id();
    var shown = terroir.run("run show -r " + id).succeeds().json();
    assertThat(shown.string("status")).isEqualTo("Completed");
    assertThat(shown.stringMap("tags")).containsEntry("a", "b");
    assertThat(terroir.run("run logs -r " + id).succeeds().out()).contains("alpha 2.0");
    assertThat(terroir.run("run environment -r " + id).succeeds().json().string("name"))
        .isEqualTo("demo");
    var results = folder.resolve("results");
    var downloaded =
        terroir
            .run("run download -r " + id + " -p outputs/ -d", results.toString())
            .succeeds()
            .json();
    assertThat(downloaded.longValue("files")).isEqualTo(1);
    assertThat(results.resolve("outputs/deep/model é.txt")).hasContent("weights");
    var model =
        terroir
            .run("model register -n m --run-id " + id + " --asset-path outputs/deep")
            .succeeds()
            .json();
    assertThat(model.string("id")).isEqualTo("m:1");
    var failing = terroir.write("code/fail.py", "raise SystemExit(3)\n");
    assertThat(failing).exists();
    var failed =
        terroir.run(
            "run submit-script -e first --environment demo:1 --source "
                + terroir.project.resolve("code")
                + " fail.py");
    assertThat(failed.code()).isEqualTo(1);
    assertThat(failed.err()).contains("exit code 3");
  }

  @Test
  void aCommandWithDataRunsThere() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    var stores = workspace.datastores();
    var file = Files.writeString(folder.resolve("a.txt"), "from the store");
    stores.write(stores.getDefault().name(), "in/a.txt", file, true);
    terroir.write(
        "command.runconfig",
        """
        command: cat $AZUREML_DATAREFERENCE_d/a.txt DatasetConsumptionConfig:s
        environment:
          name: um
          python: {userManagedDependencies: true, interpreterPath: /usr/bin/python3}
        dataReferences: {d: {mode: mount, pathOnDataStore: in}}
        data:
          s:
            mechanism: download
            dataLocation:
              dataset: {definition: {paths: [{datastore: workspaceblobstore, path: in/a.txt}]}}
        """);
    terroir.write("code/train.py", "");
    var submit =
        "run submit-script -e command --source %s -c ".formatted(terroir.project.resolve("code"));
    var submitted = terroir.run(submit + terroir.project.resolve("command.runconfig")).succeeds();
    assertThat(submitted.out() + submitted.err()).contains("from the storefrom the store");
    terroir.write("nothing.runconfig", "target: local\n");
    var refused = terroir.run(submit + terroir.project.resolve("nothing.runconfig"));
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("neither a script nor a command");
  }

  @Test
  void aRunThatIsFollowedIsCanceled() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    terroir.write("code/sleep.py", "import time\nprint('begun', flush=True)\ntime.sleep(600)\n");
    var id =
        terroir
            .run(
                "run submit-script -e slow --detach --environment demo:1 --source "
                    + terroir.project.resolve("code")
                    + " sleep.py")
            .succeeds()
            .json()
            .string("runId");
    while (!terroir.run("run logs -r " + id).out().contains("begun")) {
      Thread.sleep(200);
    }
    var canceled = terroir.run("run cancel -r " + id).succeeds().json();
    assertThat(canceled.string("status")).isEqualTo("Canceled");
    assertThat(terroir.run("run logs -f -r " + id).succeeds().out().strip()).isEqualTo("begun");
  }

  @Test
  void modelsAreSentOnceAndComeBackTheSame() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    var bytes = new byte[3_000_000];
    new java.util.Random(7).nextBytes(bytes);
    var weights = terroir.project.resolve("net/a b/weights.bin");
    Files.createDirectories(weights.getParent());
    Files.write(weights, bytes);
    terroir.write("net/empty.txt", "");
    var net = terroir.project.resolve("net").toString();
    var first = terroir.run("model register -n net --tag k=v -p", net).succeeds();
    assertThat(first.json().string("id")).isEqualTo("net:1");
    assertThat(first.err()).contains("sending");
    var second = terroir.run("model register -n net -p", net).succeeds();
    assertThat(second.json().string("id")).isEqualTo("net:2");
    assertThat(second.err()).doesNotContain("sending");
    terroir.run("model register -n single -p", weights.toString()).succeeds();
    assertThat(terroir.run("model list -n net").succeeds().out()).contains("net:1", "net:2");
    var target = folder.resolve("models");
    terroir.run("model download -i net:1 -t", target.toString()).succeeds();
    assertThat(target.resolve("net/a b/weights.bin")).hasBinaryContent(bytes);
    assertThat(target.resolve("net/empty.txt")).hasContent("");
    terroir.run("model download -i single -t", target.toString()).succeeds();
    assertThat(target.resolve("weights.bin")).hasBinaryContent(bytes);
    assertThat(terroir.run("model download -i single -t", target.toString()).code()).isEqualTo(2);
    terroir.run("model delete -i net:2").succeeds();
    var gone = terroir.run("model show -i net:2");
    assertThat(gone.code()).isEqualTo(2);
    assertThat(gone.err()).contains("[model-not-found]");
  }

  @Test
  void callersAreToldWhatTheirTokenMayNot() {
    var reader = as(Role.READER);
    reader.environment("demo", "alpha");
    assertThat(reader.run("environment list").code()).isZero();
    var writes = reader.run("environment register -d", reader.directory());
    assertThat(writes.code()).isEqualTo(2);
    assertThat(writes.err()).contains("[forbidden]");
    var none = with(Settings.TERROIR_HOME + "=" + folder.resolve("new")).run("environment list");
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("[token-missing]", "terroir login --endpoint " + server.url());
    var wrong = with(Settings.TERROIR_TOKEN + "=nothing").run("environment list");
    assertThat(wrong.code()).isEqualTo(2);
    assertThat(wrong.err()).contains("[unauthenticated]", "terroir login");
  }

  @Test
  void aServerIsTrustedByAnAuthorityOfTheUsersOwn() {
    var key = folder.resolve("key.pem");
    var certificate = folder.resolve("cert.pem");
    new Command(
            List.of(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=team",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-keyout",
                key.toString(),
                "-out",
                certificate.toString()),
            Settings.system().variables(),
            null,
            Duration.ofSeconds(30))
        .run();
    var token = server.context().tokens().create("x", Role.READER, null, null).secret();
    server.close();
    server =
        TerroirServer.start(
            workspace,
            ServerOptions.loopback("1.2.3", new PrintStream(new ByteArrayOutputStream()))
                .withTls(certificate, key),
            there.settings);
    assertThat(server.url()).startsWith("https://");
    var trusting =
        with(Settings.TERROIR_TOKEN + "=" + token, "SSL_CERT_FILE=" + certificate)
            .run("environment list");
    assertThat(trusting.code()).as(trusting.err()).isZero();
    var other = with(Settings.TERROIR_TOKEN + "=" + token).run("environment list");
    assertThat(other.code()).isEqualTo(4);
    assertThat(other.err())
        .contains("[server-unreachable]", "cannot be trusted", "SSL_CERT_FILE")
        .doesNotContain(token);
  }

  @Test
  void aServerThatIsGoneIsSaidToBe() {
    var terroir = as(Role.READER);
    server.close();
    var outcome = terroir.run("environment list");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err()).contains("[server-unreachable]", server.url(), "terroir serve");
  }

  @Test
  void aProjectsConfigNamesTheServer() {
    var token = server.context().tokens().create("x", Role.OWNER, null, null).secret();
    var terroir = new Terroir(folder.resolve("here"), List.of("TERROIR_TOKEN=" + token));
    terroir.write(
        ".azureml/config.json",
        "{\"workspace_name\": \"team\", \"endpoint\": \"" + server.url() + "/\"}");
    var shown = terroir.run("workspace show").succeeds().json();
    assertThat(shown.string("name")).isEqualTo("team");
    assertThat(shown.string("endpoint")).isEqualTo(server.url());
    assertThat(shown.string("role")).isEqualTo("owner");
    var changed =
        terroir
            .run("workspace update --container-registry docker://registry.example.com/team")
            .succeeds()
            .json();
    assertThat(changed.string("containerRegistry")).isEqualTo("docker://registry.example.com/team");
    assertThat(workspace.details().containerRegistry())
        .isEqualTo("docker://registry.example.com/team");
    terroir.run("workspace update --default-base cpu=docker.io/library/debian:12").succeeds();
    terroir.run("workspace update --default-base cpu=").succeeds();
    assertThat(workspace.details().defaultBases()).isEmpty();
  }

  @Test
  void whatNeedsAWorkspaceHereSaysSo() {
    var terroir = as(Role.OWNER);
    for (var words : List.of("serve", "quickstart")) {
      var outcome = terroir.run(words);
      assertThat(outcome.code()).as(words).isEqualTo(2);
      assertThat(outcome.err()).as(words).contains("[not-over-http]", "hint:");
    }
  }

  @Test
  void addressesThatWouldShowTheTokenAreRefused() {
    var terroir = new Terroir(folder.resolve("here"), List.of("TERROIR_TOKEN=secret-of-mine"));
    for (var address :
        List.of(
            "http://terroir.example.com", "https://user:pw@terroir.example.com", "ftp://example")) {
      var outcome = terroir.run("environment list --workspace", address);
      assertThat(outcome.code()).as(address).isEqualTo(2);
      assertThat(outcome.err())
          .as(address)
          .contains("[endpoint-refused]")
          .doesNotContain("pw", "secret-of-mine");
    }
  }

  @Test
  void servicesAreDeployedScoredAndDeletedThere() throws Exception {
    var terroir = as(Role.CONTRIBUTOR);
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    terroir.write("weights.txt", "41");
    terroir
        .run("model register -n m -p", terroir.project.resolve("weights.txt").toString())
        .succeeds();
    terroir.write(
        "app/score.py",
        """
        import os

        def init():
          global weight
          weight = int(open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'weights.txt')).read())

        def run(data):
          return weight + int(data)
        """);
    var deployed =
        terroir
            .run(
                "model deploy -n test-service -m m:1 --es score.py -e demo:1 --auth-enabled --sd",
                terroir.project.resolve("app").toString())
            .succeeds()
            .json();
    try {
      assertThat(deployed.string("state")).isEqualTo("Healthy");
      assertThat(terroir.run("service run -n test-service -d 1").succeeds().out().strip())
          .isEqualTo("42");
      JsonObject keys = terroir.run("service get-keys -n test-service").succeeds().json();
      assertThat(keys.string("primaryKey")).isNotEmpty();
      assertThat(terroir.run("service list").succeeds().out()).contains("test-service");
      var inUse = terroir.run("model delete -i m:1");
      assertThat(inUse.code()).isEqualTo(2);
      assertThat(inUse.err()).contains("[model-in-use]", "test-service");
    } finally {
      terroir.run("service delete -n test-service");
    }
    assertThat(terroir.run("service list").succeeds().out().strip()).isEqualTo("[]");
  }
}
