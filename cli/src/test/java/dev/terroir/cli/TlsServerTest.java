package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.client.ClientException;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.samples.PrivateAuthority;
import dev.terroir.workspace.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A team's server with a certificate of the team's own authority")
class TlsServerTest {
  private static final String NAMES = "IP:127.0.0.1";
  private static final Path CLIENTS =
      Path.of(System.getProperty("terroir.root"), "clients", "python");

  @TempDir Path folder;

  private PrivateAuthority authority;
  private Terroir there;
  private Process process;
  private String url;
  private String token;

  @BeforeEach
  void serve() throws Exception {
    authority = new PrivateAuthority(folder.resolve("ca"), "team");
    var issued = authority.issue("server", NAMES);
    there =
        new Terroir(
            folder.resolve("there"),
            List.of(
                "SSL_CERT_FILE=" + authority.certificate(),
                "PYTHONPATH=" + CLIENTS.resolve("terroir/src")));
    var team = folder.resolve("there/team");
    try (var workspace = Workspace.create("team", team, true, there.settings, Progress.SILENT)) {
      var base = SmallBase.make(folder.resolve("base"), Terroir.python());
      workspace.update(
          before -> before.withDefaultBase(DefaultBases.Kind.CPU_PYTHON, base, folder));
    }
    token =
        there
            .run("token create --workspace " + team + " --name t --role owner")
            .succeeds()
            .json()
            .string("secret");
    var log = folder.resolve("server.log");
    process =
        there.startInto(
            "serve --workspace "
                + team
                + " --listen 127.0.0.1:0 --tls-certificate "
                + issued.certificate()
                + " --tls-key "
                + issued.key(),
            log);
    var said = Pattern.compile("at (https://127\\.0\\.0\\.1:[0-9]+)");
    for (var found = said.matcher(""); url == null; found = said.matcher(Files.readString(log))) {
      assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
      if (found.find()) {
        url = found.group(1);
      }
      Thread.sleep(50);
    }
  }

  @AfterEach
  void end() throws Exception {
    process.destroy();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
  }

  private Terroir here(String... more) {
    var words = new ArrayList<>(List.of(more));
    words.add(Settings.TERROIR_WORKSPACE + "=" + url);
    words.add(Settings.TERROIR_TOKEN + "=" + token);
    return new Terroir(folder.resolve("here"), words);
  }

  private Terroir trusting() {
    return here("SSL_CERT_FILE=" + authority.certificate());
  }

  /// Puts another certificate into the files of the server, which reads them again.
  private void renew(PrivateAuthority.Issued issued) throws Exception {
    Thread.sleep(2100);
    var files = folder.resolve("ca");
    Files.copy(
        issued.certificate(), files.resolve("server.crt"), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(issued.key(), files.resolve("server.key"), StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void isUsedByTheCommandLineAsEveryOther() throws Exception {
    var terroir = trusting();
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    var built = terroir.run("environment build -d", terroir.directory()).succeeds();
    assertThat(built.json().string("repository")).startsWith("azureml/azureml_");
    var data = terroir.write("data/a.txt", "sent");
    terroir.run("datastore upload -u in -p", data.getParent().toString()).succeeds();
    var back = folder.resolve("back");
    terroir.run("datastore download -p in/ -d", back.toString()).succeeds();
    assertThat(back.resolve("in/a.txt")).hasContent("sent");
    terroir.write(
        "code/train.py",
        """
        import alpha, terroir
        print('alpha', alpha.VERSION)
        run = terroir.current_run()
        run.log('loss', 0.5)
        run.flush()
        """);
    var submitted =
        terroir.run(
            "run submit-script -e first --environment demo:1 --source "
                + terroir.project.resolve("code")
                + " train.py");
    assertThat(submitted.code()).as(submitted.out() + submitted.err()).isZero();
    // It came as server-sent events.
    assertThat(submitted.out() + submitted.err()).contains("alpha 2.0");
    try (var workspace = RemoteWorkspace.open(url, terroir.settings, Progress.SILENT)) {
      assertThat(workspace.environments().get("demo", "1", null).version()).isEqualTo("1");
      var id = workspace.runs().list("first").getFirst().string("runId");
      assertThat(terroir.run("run metrics -r " + id).succeeds().out()).contains("loss", "0.5");
    }
    terroir.write("app/score.py", "def init():\n  pass\n\ndef run(data):\n  return data\n");
    try {
      terroir
          .run(
              "model deploy -n test-service --es score.py -e demo:1 --sd",
              terroir.project.resolve("app").toString())
          .succeeds();
      assertThat(terroir.run("service run -n test-service -d 7").succeeds().out()).contains("7");
    } finally {
      terroir.run("service delete -n test-service");
    }
  }

  private String python(String script, String trust) {
    var variables = new TreeMap<>(Settings.system().variables());
    variables.keySet().removeAll(List.of("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"));
    variables.put(
        "PYTHONPATH",
        CLIENTS.resolve("terroir/src") + ":" + CLIENTS.resolve("terroir-azureml/src"));
    variables.put("TERROIR_TOKEN", token);
    variables.put("TERROIR_WORKSPACE", url);
    if (!trust.isEmpty()) {
      variables.put("REQUESTS_CA_BUNDLE", trust);
    }
    var result =
        new Command(
                List.of("python3", "-c", script),
                variables,
                trusting().project,
                Duration.ofMinutes(2))
            .run();
    return result.output() + result.error();
  }

  @Test
  void isUsedByThePythonClients() {
    var trust = authority.certificate().toString();
    var said =
        python(
            """
            import terroir
            client = terroir.connect()
            workspace = terroir.Workspace(client)
            open('up.txt', 'w').write('sent')
            workspace.upload('workspaceblobstore', 'in/up.txt', 'up.txt')
            workspace.download('workspaceblobstore', 'in/up.txt', 'down.txt')
            print(open('down.txt').read(), client.about()['workspace'])
            """,
            trust);
    assertThat(said).contains("sent team");
    var azureml =
        python(
            """
            import json
            json.dump({'endpoint': '%s', 'workspace_name': 'team'}, open('config.json', 'w'))
            from azureml.core import Workspace, Environment, Experiment
            ws = Workspace.from_config()
            made = Environment('py').register(ws)
            run = Experiment(ws, 'e').start_logging()
            run.log('loss', 1)
            run.complete()
            print(made.name, made.version, run.get_metrics())
            """
                .formatted(url),
            trust);
    assertThat(azureml).contains("py 1 {'loss': 1}");
    assertThat(python("import terroir; terroir.connect()", ""))
        .contains("certificate", "SSL_CERT_FILE");
  }

  @Test
  void isARegistryForEnginesThatHaveTheAuthoritysCertificate() throws Exception {
    for (var program : List.of("skopeo", "podman")) {
      assumeTrue(Files.exists(Path.of("/usr/bin", program)), program);
    }
    var terroir = trusting();
    terroir.environment("demo", "alpha");
    terroir.run("environment register -d", terroir.directory()).succeeds();
    var certificates = Files.createDirectories(folder.resolve("certificates"));
    Files.copy(authority.certificate(), certificates.resolve("ca.crt"));
    var name = url.substring("https://".length()) + "/environments/demo:1";
    var variables = new TreeMap<>(Settings.system().variables());
    variables.putAll(OwnStore.variables(folder, "vfs"));
    for (var command :
        List.of(
            List.of(
                "skopeo",
                "copy",
                "--src-cert-dir",
                certificates.toString(),
                "--src-creds",
                "x:" + token,
                "docker://" + name,
                "oci:" + folder.resolve("copied") + ":1"),
            List.of(
                "podman",
                "pull",
                "--cert-dir",
                certificates.toString(),
                "--creds",
                "x:" + token,
                name))) {
      var result = new Command(command, variables, folder, Duration.ofMinutes(3)).run();
      assertThat(result.exitCode()).as(result.output() + result.error()).isZero();
    }
    assertThat(folder.resolve("copied/index.json")).exists();
  }

  @Test
  void isNotTrustedWithoutAReasonAndSaysWhatHelps() throws Exception {
    var other = new PrivateAuthority(folder.resolve("other"), "stranger");
    var stranger = here("SSL_CERT_FILE=" + other.certificate()).run("environment list");
    assertThat(stranger.code()).isEqualTo(4);
    assertThat(stranger.err())
        .contains("[server-unreachable]", "cannot be trusted", "CN=team", "SSL_CERT_FILE")
        .doesNotContain(token);
    renew(authority.issue("elsewhere", "DNS:team.example"));
    var elsewhere = trusting().run("environment list");
    assertThat(elsewhere.err())
        .contains("[server-unreachable]", "is for `team.example`", "a name that")
        .doesNotContain("SSL_CERT_FILE");
    var trust = authority.certificate().toString();
    assertThat(python("import terroir; terroir.connect()", trust))
        .contains("hint: use a name that the certificate is for");
    renew(authority.issueExpired("ended", NAMES));
    assertThat(trusting().run("environment list").err())
        .contains("[server-unreachable]", "its certificate ended on 20", "renewed");
    assertThat(python("import terroir; terroir.connect()", trust))
        .contains("hint: have the certificate renewed");
    renew(authority.issue("again", NAMES));
    trusting().run("environment list").succeeds();
    // Without the scheme's TLS.
    url = url.replace("https:", "http:");
    assertThatThrownBy(
            () -> RemoteWorkspace.open(url, trusting().settings, Progress.SILENT).close())
        .isInstanceOfSatisfying(
            ClientException.class,
            e -> assertThat(e.problem().render()).contains("server-unreachable"));
  }
}
