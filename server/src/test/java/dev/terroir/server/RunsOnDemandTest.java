package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Runs of a workspace on this machine, whose server is found by its directory")
class RunsOnDemandTest {
  @TempDir Path folder;

  /// Calls the server as the client in a run does: the address of the workspace's directory, the
  /// run's own token.
  private static final String SCRIPT =
      """
      import json, os, urllib.request
      print("endpoint", "AZUREML_SERVICE_ENDPOINT" in os.environ)
      token = os.environ["AZUREML_RUN_TOKEN"]
      with open("SECRET", "w") as out: out.write(token)
      with open(os.environ["TERROIR_WORKSPACE_DIRECTORY"] + "/server/server.json") as file:
          url = json.load(file)["url"]
      def call(method, path, body=None):
          asked = urllib.request.Request(
              url + "/api/v1" + path, method=method,
              data=None if body is None else json.dumps(body).encode(),
              headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"})
          return json.load(urllib.request.urlopen(asked))
      print("role", call("GET", "")["role"])
      own = "/runs/" + os.environ["AZUREML_RUN_ID"]
      call("POST", own + "/metrics",
           {"sender": "s", "first": 1, "items": [{"name": "a", "kind": "scalar", "value": 1}]})
      call("POST", "/environments", json.loads('''ENVIRONMENT'''))
      print("beside", call("POST", "/runs", {"experiment": "f", "kind": "interactive"})["status"])
      """;

  private static boolean holds(Path file, String text) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).contains(text);
    } catch (IOException e) {
      // Gone meanwhile.
      return false;
    }
  }

  @Test
  void aRunActsByATokenOfItsOwnThatEndsWithItAndIsKeptFromNothingAContributorMay()
      throws Exception {
    var log = new ByteArrayOutputStream();
    var settings = Served.settings(folder);
    var secret = folder.resolve("secret");
    try (var workspace =
            Workspace.create("mine", folder.resolve("mine"), true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1.2.3", new PrintStream(log, true, StandardCharsets.UTF_8))
                    .withIdle(Duration.ofMinutes(5)),
                settings)) {
      var owner = server.context().tokens().create("o", Role.OWNER, null, null).secret();
      var api = new ApiClient(server.url(), owner);
      var script =
          SCRIPT
              .replace("SECRET", secret.toString())
              .replace("ENVIRONMENT", Definitions.of("of-the-run", "y"));

      var id = RunsTest.submit(api, script, "").string("runId");
      var ended = RunsTest.end(api, id);

      var said = api.get("/api/v1/runs/" + id + "/log").text();
      assertThat(ended.string("status")).as(said + log).isEqualTo("Completed");
      assertThat(said).contains("endpoint False\nrole contributor\nbeside Running\n");
      assertThat(api.get("/api/v1/environments").is(200).text()).contains("of-the-run");
      var token = Files.readString(secret);
      assertThat(token).isNotEqualTo(owner);
      new ApiClient(server.url(), token).get("/api/v1").is(401);
      assertThat(Files.walk(folder).filter(Files::isRegularFile))
          .as("nothing that stays holds it")
          .noneMatch(file -> !file.equals(secret) && holds(file, token));
      assertThat(said + log).doesNotContain(token);
    }
  }
}
