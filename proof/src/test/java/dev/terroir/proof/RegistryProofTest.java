package dev.terroir.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.cli.DebianBase;
import dev.terroir.cli.Podman;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.server.ServerOptions;
import dev.terroir.server.TerroirServer;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.jobs.Job;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Podman logs in at a server, pulls environments from it, and pushes images to it")
class RegistryProofTest {
  @TempDir Path folder;
  private LocalWorkspace workspace;
  private TerroirServer server;

  @BeforeEach
  void serve() throws IOException {
    var variables = new TreeMap<>(Settings.system().variables());
    variables.put(Settings.TERROIR_HOME, folder.resolve("home").toString());
    var settings = Settings.of(variables);
    workspace = Workspace.create("team", folder.resolve("team"), false, settings, Progress.SILENT);
    workspace.update(details -> {
      var changed = details;
      for (var kind : List.of(DefaultBases.Kind.CPU, DefaultBases.Kind.CPU_PYTHON)) {
        changed = changed.withDefaultBase(kind, DebianBase.location(), folder);
      }
      return changed;
    });
    workspace
        .environments()
        .register(
            Environment.parse(
                """
                {"name": "My Demo",
                 "python": {"condaDependencies": {"dependencies": ["python=VERSION"]}}}
                """
                    .replace("VERSION", DebianBase.python()),
                "the test"));
    var silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    server = TerroirServer.start(workspace, ServerOptions.loopback("1.2.3", silent), settings);
  }

  @AfterEach
  void end() {
    server.close();
    workspace.close();
  }

  private String token(Role role) {
    return server.context().tokens().create(role.id(), role, null, null).secret();
  }

  private String host() {
    return URI.create(server.url()).getAuthority();
  }

  /// Somebody with Podman and a store of their own, logged in.
  private final class Person {
    private final Podman podman;
    private final Path credentials;

    Person(String name) throws IOException {
      var own = Files.createDirectories(folder.resolve(name));
      podman = new Podman(own, "vfs");
      credentials = Files.writeString(own.resolve("auth.json"), "{}");
    }

    Person loggedIn(Role role) {
      succeeds("login", "--username", "me", "--password", token(role), host());
      return this;
    }

    /// Runs a command that talks to the server.
    Command.Result tries(String command, String... arguments) {
      var words =
          new ArrayList<>(
              List.of(command, "--tls-verify=false", "--authfile", credentials.toString()));
      words.addAll(List.of(arguments));
      return podman.tries(words.toArray(String[]::new));
    }

    void succeeds(String command, String... arguments) {
      var result = tries(command, arguments);
      assertThat(result.isSuccess()).as(command + ": " + result.error()).isTrue();
    }

    void isRefused(String why, String command, String... arguments) {
      var result = tries(command, arguments);
      assertThat(result.isSuccess()).as(command + result.output()).isFalse();
      assertThat(result.error()).contains(why);
    }
  }

  @Test
  void anEnvironmentIsBuiltOnceWhenItIsFirstPulledAndImagesArePushed() throws Exception {
    var one = new Person("one").loggedIn(Role.READER);
    var two = new Person("two").loggedIn(Role.CONTRIBUTOR);
    var image = host() + "/environments/my-demo:";
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Command.Result> first = () -> one.tries("pull", image + "1");
      Callable<Command.Result> second = () -> two.tries("pull", image + "latest");
      for (var pull : threads.invokeAll(List.of(first, second))) {
        assertThat(pull.get().isSuccess()).as(pull.get().error()).isTrue();
      }
    }
    var jobs = server.context().jobs().records().list("build", null, null, 9);
    assertThat(jobs).hasSize(1);
    assertThat(jobs.getFirst().status()).isEqualTo(Job.Status.SUCCEEDED);
    assertThat(server.context().audit().list(null, 9).stream().map(entry -> entry.action()))
        .containsExactly("environment.build");
    var run = one.podman.in(image + "1", "python", "-c", "import sys; print(sys.prefix, 6 * 7)");
    assertThat(run.output().strip()).as(run.error()).isEqualTo("/opt/env 42");

    var app = host() + "/team/app:1";
    two.podman.run("tag", image + "latest", app);
    two.succeeds("push", app);
    one.succeeds("pull", app);
    one.isRefused("may only read from here", "push", app);
    var stranger = new Person("stranger");
    stranger.isRefused("no token was shown", "pull", app);
    stranger.isRefused(
        "invalid username/password", "login", "--username", "me", "--password", "wrong", host());
    assertThat(server.context().audit().list(null, 9).getFirst().subject()).isEqualTo("team/app:1");
  }
}
