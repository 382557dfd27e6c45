package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Runs, models and data over HTTP")
class RunsTest {
  @TempDir Path folder;

  /// The address of the records' database; empty for SQLite.
  String database() {
    return "";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String snapshot(ApiClient api, String script) {
    var digest = Sha256.of(bytes(script)).prefixed();
    api.put("/api/v1/contents/" + digest, bytes(script)).is(204);
    return api.send(
            "POST",
            "/api/v1/snapshots",
            "{\"files\": [{\"path\": \"train.py\", \"digest\": \""
                + digest
                + "\", \"size\": "
                + bytes(script).length
                + "}]}")
        .is(201)
        .json()
        .string("id");
  }

  static JsonObject submit(ApiClient api, String script, String more) {
    return api.send("POST", "/api/v1/runs", submission(api, script, more)).is(201).json();
  }

  private static String submission(ApiClient api, String script, String more) {
    return """
    {"experiment": "e", "snapshot": "SNAPSHOT", "tags": {"a": "1"},
     "configuration": {"script": "train.py", "environment": ENVIRONMENT MORE}}
    """
        .replace("SNAPSHOT", snapshot(api, script))
        .replace("ENVIRONMENT", Definitions.of("um", "x"))
        .replace("MORE", more);
  }

  static JsonObject await(ApiClient api, String id, Predicate<String> status) throws Exception {
    JsonObject run = JsonObject.EMPTY;
    for (int i = 0; i < 600; i++) {
      run = api.get("/api/v1/runs/" + id).is(200).json();
      if (status.test(run.string("status"))) {
        return run;
      }
      Thread.sleep(50);
    }
    throw new AssertionError(run);
  }

  static JsonObject end(ApiClient api, String id) throws Exception {
    return await(api, id, List.of("Completed", "Failed", "Canceled")::contains);
  }

  @Test
  void filesOfOneNameLieInTheirFolders() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var paths = new ArrayList<String>();
      for (var name : List.of("a", "b")) {
        api.put("/api/v1/datastores/workspaceblobstore/files/in/" + name + "/x.txt", bytes(name))
            .is(201);
        paths.add(chosen("in/" + name + "/x.txt", name + "/x.txt"));
      }
      var sets =
          Map.of(
              "two", String.join(", ", paths),
              "one", paths.getFirst(),
              "out", chosen("in/a/x.txt", "../x.txt"));
      for (var set : sets.entrySet()) {
        api.send(
                "POST",
                "/api/v1/datasets",
                "{\"name\": \"%s\", \"definition\": {\"paths\": [%s]}}"
                    .formatted(set.getKey(), set.getValue()))
            .is(201);
      }
      var script =
          """
          import glob, os, sys
          for folder in sys.argv[1:]:
              for file in sorted(glob.glob(folder + "/**/*.txt", recursive=True)):
                  print("has", os.path.relpath(file, folder), open(file).read())
          """;
      for (var mechanism : List.of("mount", "download")) {
        var run = submit(api, script, inputs(mechanism, "two", "one")).string("runId");
        assertThat(end(api, run).string("status")).isEqualTo("Completed");
        assertThat(api.get("/api/v1/runs/" + run + "/log").text())
            .contains("has a/x.txt a\nhas b/x.txt b\nhas a/x.txt a\n");
      }
      api.send("POST", "/api/v1/runs", submission(api, script, inputs("mount", "out", "one")))
          .refused(400, "run-configuration");
    }
  }

  private static String chosen(String path, String below) {
    return """
    {"datastore": "workspaceblobstore", "path": "%s", "below": "%s"}\
    """
        .formatted(path, below);
  }

  private static String inputs(String mechanism, String first, String second) {
    return """
    , "arguments": ["DatasetConsumptionConfig:first", "DatasetConsumptionConfig:second"],
    "data": {
      "first": {"dataLocation": {"dataset": {"id": "%s:1"}}, "mechanism": "%s"},
      "second": {"dataLocation": {"dataset": {"id": "%s:1"}}, "mechanism": "%s"}}
    """
        .formatted(first, mechanism, second, mechanism);
  }

  @Test
  void aScriptRunsWithItsDataAndLeavesFilesAModelAndMetrics() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      api.put("/api/v1/datastores/workspaceblobstore/files/in/x.txt", bytes("42")).is(201);
      api.put("/api/v1/datastores/workspaceblobstore/files/in/x.txt", bytes("43"))
          .refused(409, "data-file-exists");
      api.put("/api/v1/datastores/workspaceblobstore/files/%2e%2e/x", bytes("1")).is(400);
      api.send(
              "POST",
              "/api/v1/datasets",
              "{\"name\": \"d\", \"definition\": {\"paths\": [{\"datastore\":"
                  + " \"workspaceblobstore\", \"path\": \"in/*.txt\"}]}}")
          .is(201);
      var script =
          """
          import os, sys, time, urllib.request
          with open("SECRET", "w") as out: out.write(os.environ["AZUREML_RUN_TOKEN"])
          asked = urllib.request.Request(
              os.environ["AZUREML_SERVICE_ENDPOINT"] + "/api/v1",
              headers={"Authorization": "Bearer " + os.environ["AZUREML_RUN_TOKEN"]})
          print("asked", urllib.request.urlopen(asked).status)
          with open("outputs/model.txt", "w") as out: out.write("model")
          print("data", open(os.path.join(sys.argv[1], "x.txt")).read())
          print("set", open(os.path.join(sys.argv[2], "x.txt")).read(), os.environ["A"])
          print("token", "AZUREML_RUN_TOKEN" in os.environ, flush=True)
          open(os.path.join(sys.argv[3], "y.txt"), "w").write("back")
          while not os.path.exists("GO"): time.sleep(0.02)
          """
              .replace("GO", folder.resolve("go").toString())
              .replace("SECRET", folder.resolve("secret").toString());
      var run =
          submit(
              api,
              script,
              """
              , "arguments": ["$AZUREML_DATAREFERENCE_ref", "DatasetConsumptionConfig:set",
                              "$AZUREML_DATAREFERENCE_up"],
              "dataReferences": {
                "ref": {"dataStoreName": "workspaceblobstore", "mode": "mount",
                        "pathOnDataStore": "in"},
                "up": {"dataStoreName": "workspaceblobstore", "mode": "upload",
                       "pathOnDataStore": "out", "pathOnCompute": "up"}},
              "data": {"set": {"dataLocation": {"dataset": {"id": "d:1"}},
                               "mechanism": "download"}}
              """);
      assertThat(run.string("status")).isIn("Preparing", "Queued", "Running");
      var id = run.string("runId");
      await(api, id, List.of("Running", "Failed")::contains);
      var at = "/api/v1/runs/" + id;
      var items =
          "[{\"name\": \"loss\", \"kind\": \"scalar\", \"value\": 0.5},"
              + " {\"name\": \"t\", \"kind\": \"row\", \"value\": {\"a\": 1}}]";
      for (int i = 0; i < 2; i++) {
        assertThat(
                api.send(
                        "POST",
                        at + "/metrics",
                        "{\"sender\": \"s\", \"first\": 1, \"items\": " + items + "}")
                    .is(200)
                    .json()
                    .longValue("last"))
            .isEqualTo(2);
      }
      assertThat(api.get(at + "/metrics").is(200).json().objects("items")).hasSize(2);
      for (int i = 0; i < 200 && !api.get(at + "/log").text().contains("token"); i++) {
        Thread.sleep(50);
      }
      assertThat(api.get(at + "/files").is(200).text()).contains("outputs/model.txt");
      api.put(at + "/files/outputs/model.txt", bytes("model")).is(201);
      api.put(at + "/files/outputs/model.txt", bytes("model")).refused(409, "run-file-exists");
      api.put(at + "/files/a/%2e%2e/%2e%2e/%2e%2e/b", bytes("x")).is(400);
      Files.writeString(folder.resolve("go"), "");
      var ended = end(api, id);
      assertThat(ended.string("status")).as(api.get(at + "/log").text()).isEqualTo("Completed");
      assertThat(api.get(at + "/log").is(200).text()).contains("data 42", "set 42 x", "token True");
      assertThat(api.get(at + "/files/outputs/model.txt").is(200).text()).isEqualTo("model");
      assertThat(api.get("/api/v1/datastores/workspaceblobstore/files/out/y.txt").is(200).text())
          .isEqualTo("back");
      Thread.sleep(1500);
      assertThat(api.get(at + "/log").text()).contains("asked 200");
      new ApiClient(served.server.url(), Files.readString(folder.resolve("secret")))
          .get("/api/v1")
          .refused(401, "unauthenticated");
      var model =
          api.send(
                  "POST",
                  "/api/v1/models",
                  "{\"name\": \"m\", \"run\": \""
                      + id
                      + "\", \"path\": \"outputs/model.txt\","
                      + " \"properties\": {\"p\": \"1\"}}")
              .is(201)
              .json();
      assertThat(model.string("id")).isEqualTo("m:1");
      assertThat(api.get("/api/v1/models/m/versions/1/files/model.txt").text()).isEqualTo("model");
      api.send("PATCH", "/api/v1/models/m/versions/1", "{\"properties\": {\"p\": \"2\"}}")
          .refused(400, "model-refused");
      api.send("PATCH", at, "{\"tags\": {\"a\": null, \"b\": \"2\"}}").is(200);
      assertThat(api.get("/api/v1/runs?tag=b=2").json().objects("items")).hasSize(1);
      assertThat(api.get("/api/v1/runs?tag=a").json().objects("items")).isEmpty();
      api.get(at + "/environment").is(200);
      served.as(Role.READER).send("POST", at + "/cancel", "").is(403);
    }
  }

  @Test
  void interactiveRunsAreWhatTheirCallerSaysAndScriptsAreCanceled() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var run =
          api.send("POST", "/api/v1/runs", "{\"experiment\": \"e\", \"kind\": \"interactive\"}")
              .is(201)
              .json();
      var id = run.string("runId");
      assertThat(run.string("status")).isEqualTo("Running");
      api.send(
              "POST",
              "/api/v1/runs",
              "{\"experiment\": \"e\", \"kind\": \"interactive\", \"parent\": \"" + id + "\"}")
          .is(201);
      assertThat(api.get("/api/v1/runs").json().objects("items")).hasSize(1);
      assertThat(api.get("/api/v1/runs?parent=" + id).json().objects("items")).hasSize(1);
      api.send("PATCH", "/api/v1/runs/" + id, "{\"properties\": {\"p\": \"1\"}}").is(200);
      api.send("PATCH", "/api/v1/runs/" + id, "{\"properties\": {\"p\": \"2\"}}")
          .refused(409, "run-conflict");
      api.send("PATCH", "/api/v1/runs/" + id, "{\"status\": \"Completed\"}").is(200);
      api.send("PATCH", "/api/v1/runs/" + id, "{\"status\": \"Running\"}")
          .refused(409, "run-conflict");
      var script = submit(api, "import time\ntime.sleep(600)\n", "").string("runId");
      api.send("PATCH", "/api/v1/runs/" + script, "{\"status\": \"Completed\"}")
          .refused(409, "run-conflict");
      await(api, script, "Running"::equals);
      api.send("POST", "/api/v1/runs/" + script + "/cancel", "").is(200);
      assertThat(end(api, script).string("status")).isEqualTo("Canceled");
      assertThat(end(api, submit(api, "raise SystemExit(3)\n", "").string("runId")).string("error"))
          .isEqualTo("the script ended with exit code 3");
      api.get("/api/v1/experiments/e").is(200);
      api.get("/api/v1/runs/none").refused(404, "run-not-found");
    }
  }

  @Test
  void scriptsThatAreSaidToHaveFailedAreEndedAndFail() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var said = "{\"status\": \"Failed\", \"error\": \"no good\", \"errorCode\": \"mine\"}";
      var early = submit(api, "import time\ntime.sleep(600)\n", "").string("runId");
      api.send("PATCH", "/api/v1/runs/" + early, said).is(200);
      var running = submit(api, "import time\ntime.sleep(600)\n", "").string("runId");
      await(api, running, "Running"::equals);
      api.send("PATCH", "/api/v1/runs/" + running, said).is(200);
      for (var id : List.of(early, running)) {
        var run = end(api, id);
        assertThat(run.string("status")).isEqualTo("Failed");
        assertThat(run.string("error")).isEqualTo("no good");
        assertThat(run.string("errorCode")).isEqualTo("mine");
        assertThat(run.has("endTimeUtc")).isTrue();
        api.send("PATCH", "/api/v1/runs/" + id, "{\"status\": \"Completed\"}")
            .refused(409, "run-conflict");
      }
      var over = submit(api, "print(1)\n", "").string("runId");
      assertThat(end(api, over).string("status")).isEqualTo("Completed");
      api.send("PATCH", "/api/v1/runs/" + over, said).refused(409, "run-conflict");
    }
  }

  @Test
  void interactiveRunsKeepTheSnapshotOfWhereTheyWereBegun() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var body = "{\"experiment\": \"e\", \"kind\": \"interactive\", \"snapshot\": \"SNAPSHOT\"}";
      var snapshot = snapshot(api, "print(1)\n");
      var run = api.send("POST", "/api/v1/runs", body.replace("SNAPSHOT", snapshot)).is(201).json();
      assertThat("sha256:" + run.string("snapshotId")).isEqualTo(snapshot);
      api.send("POST", "/api/v1/runs", body.replace("SNAPSHOT", Sha256.of(bytes("x")).prefixed()))
          .refused(400, "run-configuration");
    }
  }

  @Test
  void aRunsOwnTokenChangesItsOwnTreeAlone() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var other =
          api.send("POST", "/api/v1/runs", "{\"experiment\": \"e\", \"kind\": \"interactive\"}")
              .is(201)
              .json()
              .string("runId");
      var script =
          """
          import os, time
          with open("SECRET.tmp", "w") as out: out.write(os.environ["AZUREML_RUN_TOKEN"])
          os.rename("SECRET.tmp", "SECRET")
          while not os.path.exists("GO"): time.sleep(0.02)
          """
              .replace("GO", folder.resolve("go").toString())
              .replace("SECRET", folder.resolve("secret").toString());
      var id = submit(api, script, "").string("runId");
      for (int i = 0; i < 600 && !Files.exists(folder.resolve("secret")); i++) {
        Thread.sleep(50);
      }
      var own = new ApiClient(served.server.url(), Files.readString(folder.resolve("secret")));
      var at = "/api/v1/runs/" + id;
      own.send("PATCH", at, "{\"tags\": {\"mine\": \"1\"}}").is(200);
      own.put(at + "/files/outputs/m.txt", bytes("m")).is(201);
      own.send(
              "POST",
              at + "/metrics",
              "{\"sender\": \"s\", \"first\": 1, \"items\": [{\"name\": \"l\", \"kind\":"
                  + " \"scalar\", \"value\": 1}]}")
          .is(200);
      var child =
          own.send(
                  "POST",
                  "/api/v1/runs",
                  "{\"experiment\": \"e\", \"kind\": \"interactive\", \"parent\": \"" + id + "\"}")
              .is(201)
              .json()
              .string("runId");
      own.send("PATCH", "/api/v1/runs/" + child, "{\"status\": \"Completed\"}").is(200);
      own.send(
              "POST",
              "/api/v1/models",
              "{\"name\": \"m\", \"run\": \"" + id + "\", \"path\": \"outputs/m.txt\"}")
          .is(201);
      own.put("/api/v1/datastores/workspaceblobstore/files/made/a.csv", bytes("x\n1\n")).is(201);
      own.send(
              "POST",
              "/api/v1/datasets",
              "{\"name\": \"made\", \"definition\": {\"paths\": [{\"datastore\":"
                  + " \"workspaceblobstore\", \"path\": \"made/a.csv\"}]}}")
          .is(201);
      own.delete("/api/v1/datastores/workspaceblobstore/files/made/a.csv")
          .refused(403, "forbidden");
      own.send("PUT", "/api/v1/datastores/elsewhere", "{}").refused(403, "forbidden");
      own.delete("/api/v1/datastores/workspaceblobstore").refused(403, "forbidden");
      own.get("/api/v1/runs/" + other).is(200);
      own.get("/api/v1/environments").is(200);
      var refused = own.send("PATCH", "/api/v1/runs/" + other, "{\"tags\": {\"x\": \"1\"}}");
      refused.refused(403, "forbidden");
      assertThat(refused.text()).contains("may not change run `" + other + "`");
      own.put("/api/v1/runs/" + other + "/files/a.txt", bytes("x")).refused(403, "forbidden");
      own.send("POST", "/api/v1/runs/" + other + "/cancel", "").refused(403, "forbidden");
      own.send("POST", "/api/v1/runs", "{\"experiment\": \"e\", \"kind\": \"interactive\"}")
          .refused(403, "forbidden");
      own.send(
              "POST",
              "/api/v1/runs",
              "{\"experiment\": \"e\", \"kind\": \"interactive\", \"parent\": \"" + other + "\"}")
          .refused(403, "forbidden");
      own.get("/api/v1/tokens").refused(403, "forbidden");
      own.get("/api/v1/secrets").refused(403, "forbidden");
      own.delete("/api/v1/models/m/versions/1").refused(403, "forbidden");
      own.send("PUT", "/api/v1/computetargets/p", "{\"maxNodes\": 1}").refused(403, "forbidden");
      Files.writeString(folder.resolve("go"), "");
      end(api, id);
      for (int i = 0; i < 100 && own.get("/api/v1").status() != 401; i++) {
        Thread.sleep(50);
      }
      own.get("/api/v1").refused(401, "unauthenticated");
      // One whose end no server saw.
      var left = served.server.context().tokens().create("l", Role.CONTRIBUTOR, null, id);
      served.server.close();
      try (var next =
          TerroirServer.start(
              served.workspace,
              ServerOptions.loopback("1.2.3", System.err),
              Served.settings(folder))) {
        new ApiClient(next.url(), left.secret()).get("/api/v1").refused(401, "unauthenticated");
      }
    }
  }

  @Test
  void aServerOnDemandStaysWhileARunLives() throws Exception {
    var settings = Served.settings(folder);
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, settings, Progress.SILENT);
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1.2.3", System.err).withIdle(Duration.ofMillis(300)),
                settings)) {
      var owner = server.context().tokens().create("o", Role.OWNER, null, null).secret();
      var api = new ApiClient(server.url(), owner);
      var script =
          "import os, time\nwhile not os.path.exists('"
              + folder.resolve("go")
              + "'): time.sleep(0.02)\n";
      submit(api, script, "");
      Thread.sleep(2500);
      api.get("/api/v1").is(200);
      Files.writeString(folder.resolve("go"), "");
      var ended = Thread.ofVirtual().start(() -> awaitEnd(server));
      assertThat(ended.join(Duration.ofSeconds(20))).as("it ends when nothing runs").isTrue();
    }
  }

  private static void awaitEnd(TerroirServer server) {
    try {
      server.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"hyperdrive\"",
        "\"azureml.PipelineRun\"",
        "\"azureml.StepRun\", \"runTemplate\": \"HyperDrive\""
      })
  void runsAreCanceledWhenTheScriptThatDrivesThemWasKilled(String source) throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      var killed = "import os, signal, time; time.sleep(1); os.kill(os.getpid(), signal.SIGKILL)";
      var driver =
          submitted(api, killed, "\"properties\": {\"azureml.runsource\": " + source + "}");
      var child = submitted(api, "import time; time.sleep(60)", "\"parent\": \"" + driver + "\"");
      assertThat(end(api, driver).string("status")).isEqualTo("Failed");
      assertThat(end(api, child).string("status")).isEqualTo("Canceled");
    }
  }

  private static String submitted(ApiClient api, String script, String member) {
    var body = submission(api, script, "").strip();
    return api.send("POST", "/api/v1/runs", "{" + member + ", " + body.substring(1))
        .is(201)
        .json()
        .string("runId");
  }

  @Test
  void poolsHaveNoMoreRunsAtOnceThanNodes() throws Exception {
    try (var served = new Served(folder, Limits.DEFAULT, database())) {
      var api = served.as(Role.CONTRIBUTOR);
      api.send("PUT", "/api/v1/computetargets/pool", "{\"vmSize\": \"s\", \"maxNodes\": 1}")
          .is(200);
      api.send("PUT", "/api/v1/computetargets/pool2", "{\"minNodes\": 2, \"maxNodes\": 1}")
          .refused(400, "compute-target-refused");
      var script =
          "import os, time\nwhile not os.path.exists('"
              + folder.resolve("go")
              + "'): time.sleep(0.02)\n";
      var first = submit(api, script, ", \"target\": \"pool\"").string("runId");
      await(api, first, "Running"::equals);
      var second = submit(api, script, ", \"target\": \"pool\"").string("runId");
      await(api, second, "Queued"::equals);
      Thread.sleep(1200);
      assertThat(api.get("/api/v1/runs/" + second).json().string("status")).isEqualTo("Queued");
      Files.writeString(folder.resolve("go"), "");
      assertThat(end(api, first).string("status")).isEqualTo("Completed");
      assertThat(end(api, second).string("status")).isEqualTo("Completed");
    }
  }

  @Test
  void aKilledServersRunsGoOnAndTheNextServerFindsTheTruth() throws Exception {
    var process = ServedProcess.start(folder, database());
    try {
      var api = ServedProcess.await(folder, process);
      var script =
          "import os, time\n"
              + "print('up', os.environ['TERROIR_COMMAND'], flush=True)\n"
              + "while not os.path.exists('"
              + folder.resolve("go")
              + "'): time.sleep(0.02)\nprint('down')\n";
      var running = submit(api, script, "").string("runId");
      await(api, running, "Running"::equals);
      var preparing = submit(api, script, "").string("runId");
      process.destroyForcibly().waitFor();
      process = ServedProcess.start(folder, database());
      api = ServedProcess.await(folder, process);
      assertThat(api.get("/api/v1/runs/" + running).json().string("status")).isEqualTo("Running");
      Files.writeString(folder.resolve("go"), "");
      for (var id : List.of(running, preparing)) {
        assertThat(end(api, id).string("status")).as(id).isEqualTo("Completed");
        assertThat(api.get("/api/v1/runs/" + id + "/log").text())
            .as("a run is started once")
            .isEqualTo("up /opt/terroir/bin/terroir\ndown\n");
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
