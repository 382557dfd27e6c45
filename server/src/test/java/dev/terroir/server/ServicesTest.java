package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.workspace.accounts.Role;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Scoring services over HTTP")
class ServicesTest {
  private static final String AT = "/api/v1/services/test-service";

  /// A stand-in of the inference server that starts at once.
  private static final String SERVER =
      """
      import http.server, importlib.util, json, os, sys
      from . import constants
      def run():
          options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
          spec = importlib.util.spec_from_file_location("entry", options["--entry_script"])
          entry = importlib.util.module_from_spec(spec)
          spec.loader.exec_module(entry)
          entry.init()
          class Handler(http.server.BaseHTTPRequestHandler):
              def answer(self, body):
                  self.send_response(200)
                  self.send_header("Content-Type", "application/json")
                  self.send_header("Content-Length", str(len(body)))
                  self.end_headers()
                  self.wfile.write(body)
              def do_GET(self):
                  self.answer(b"Healthy")
              def do_POST(self):
                  length = int(self.headers.get("Content-Length") or -1)
                  if length < 0:
                      data = b""
                      while True:
                          size = int(self.rfile.readline(), 16)
                          data += self.rfile.read(size)
                          self.rfile.readline()
                          if size == 0:
                              break
                  else:
                      data = self.rfile.read(length)
                  self.answer(json.dumps(entry.run(data.decode())).encode())
              def log_message(self, *_):
                  pass
          address = (constants.DEFAULT_HOST, int(options["--port"]))
          http.server.ThreadingHTTPServer(address, Handler).serve_forever()
      """;

  @TempDir Path folder;

  @BeforeEach
  void makePython() throws Exception {
    var made =
        new ProcessBuilder(
                "python3", "-m", "venv", "--without-pip", folder.resolve("python").toString())
            .inheritIO()
            .start();
    assertThat(made.waitFor()).isZero();
    try (var libraries = Files.list(folder.resolve("python/lib"))) {
      var server =
          Files.createDirectories(
              libraries
                  .findFirst()
                  .orElseThrow()
                  .resolve("site-packages/azureml_inference_server_http"));
      Files.writeString(server.resolve("__init__.py"), "");
      Files.writeString(server.resolve("constants.py"), "DEFAULT_HOST = '0.0.0.0'\n");
      Files.writeString(server.resolve("amlserver.py"), SERVER);
    }
  }

  private static String script(String answer) {
    return "import time\ndef init():\n  print('begun', flush=True)\ndef run(data):\n  return '"
        + answer
        + "' + data\n";
  }

  private JsonObject inference(ApiClient api, String script) {
    return inference(api, "score.py", Map.of("score.py", script));
  }

  private JsonObject inference(ApiClient api, String entryScript, Map<String, String> files) {
    var listed =
        files.entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(file -> {
              var bytes = file.getValue().getBytes(StandardCharsets.UTF_8);
              var digest = Sha256.of(bytes).prefixed();
              api.put("/api/v1/contents/" + digest, bytes).is(204);
              return "{\"path\": \"%s\", \"digest\": \"%s\", \"size\": %d}"
                  .formatted(file.getKey(), digest, bytes.length);
            })
            .collect(Collectors.joining(", "));
    var snapshot =
        api.send("POST", "/api/v1/snapshots", "{\"files\": [" + listed + "]}")
            .is(201)
            .json()
            .string("id");
    var definition =
        JsonReader.parseObject(Definitions.of("serving", "x"), "test").toBuilder()
            .put(
                "python",
                JsonObject.builder()
                    .put("userManagedDependencies", true)
                    .put("interpreterPath", folder.resolve("python/bin/python").toString())
                    .build())
            .build();
    return JsonObject.builder()
        .put("entryScript", entryScript)
        .put("snapshot", snapshot)
        .put("environment", JsonObject.builder().put("definition", definition).build())
        .build();
  }

  private JsonObject deploy(ApiClient api, String script, String deployment) {
    return deploy(api, inference(api, script), deployment);
  }

  private static JsonObject deploy(ApiClient api, JsonObject inference, String deployment) {
    return api.send(
            "POST",
            "/api/v1/services",
            JsonWriter.compact(
                JsonObject.builder()
                    .put("name", "test-service")
                    .put("inference", inference)
                    .put("deployment", JsonReader.parseObject(deployment, "test"))
                    .build()))
        .is(202)
        .json();
  }

  private static JsonObject end(ApiClient api, JsonObject job) throws Exception {
    for (int i = 0; i < 1200; i++) {
      var now = api.get("/api/v1/jobs/" + job.string("id")).is(200).json();
      if (List.of("Succeeded", "Failed", "Canceled").contains(now.string("status"))) {
        return now;
      }
      Thread.sleep(50);
    }
    throw new AssertionError(api.get("/api/v1/jobs/" + job.string("id")).text());
  }

  private static void succeed(ApiClient api, JsonObject job) throws Exception {
    var ended = end(api, job);
    assertThat(ended.string("status")).as(ended.toString()).isEqualTo("Succeeded");
  }

  private static String score(ApiClient api, String data) {
    return api.send("POST", AT + "/score", data).is(200).text();
  }

  @Test
  void aServiceIsDeployedScoredUpdatedAndDeleted() throws Exception {
    try (var served = new Served(folder)) {
      var api = served.as(Role.CONTRIBUTOR);
      try {
        var job =
            deploy(
                api,
                script("one "),
                "{\"computeType\": \"local\", \"authEnabled\": true, \"tags\": {\"t\": \"1\"},"
                    + " \"properties\": {\"p\": \"1\"}, \"description\": \"d\"}");
        assertThat(api.get(AT).is(200).json().string("state")).isEqualTo("Transitioning");
        succeed(api, job);
        var service = api.get(AT).is(200).json();
        assertThat(service.string("state")).isEqualTo("Healthy");
        assertThat(service.stringMap("properties")).containsEntry("p", "1");
        assertThat(service.string("createdAt"))
            .isEqualTo(service.string("updatedAt"))
            .endsWith("Z");
        assertThat(score(served.as(Role.READER), "1")).isEqualTo("\"one 1\"");
        assertThat(api.get(AT + "/log").is(200).text()).contains("begun");
        served.as(Role.READER).get(AT + "/keys").refused(403, "forbidden");
        var keys = api.get(AT + "/keys").is(200).json();
        api.send("POST", AT + "/keys/secondary", "").is(204);
        var changed = api.get(AT + "/keys").is(200).json();
        assertThat(changed.string("primaryKey")).isEqualTo(keys.string("primaryKey"));
        assertThat(changed.string("secondaryKey")).isNotEqualTo(keys.string("secondaryKey"));
        api.send(
                "POST",
                "/api/v1/services",
                "{\"name\": \"test-service\", \"inference\": "
                    + JsonWriter.compact(inference(api, script("x")))
                    + "}")
            .refused(409, "service-exists");
        succeed(
            api,
            api.send(
                    "PATCH",
                    AT,
                    JsonWriter.compact(
                        JsonObject.builder()
                            .put("inference", inference(api, script("two ")))
                            .build()))
                .is(202)
                .json());
        assertThat(score(api, "2")).isEqualTo("\"two 2\"");
        succeed(
            api,
            api.send(
                    "PATCH",
                    AT,
                    "{\"deployment\": {\"authEnabled\": false, \"tags\": {\"t\": \"2\"},"
                        + " \"description\": \"e\"}}")
                .is(202)
                .json());
        assertThat(score(api, "3")).isEqualTo("\"two 3\"");
        var updated = api.get(AT).is(200).json();
        assertThat(updated.optionalBoolean("authEnabled")).contains(false);
        assertThat(updated.stringMap("tags")).containsEntry("t", "2");
        assertThat(updated.stringMap("properties")).containsEntry("p", "1");
        assertThat(updated.string("description")).isEqualTo("e");
        assertThat(updated.string("createdAt")).isEqualTo(service.string("createdAt"));
        assertThat(updated.string("updatedAt")).isGreaterThan(service.string("updatedAt"));
        api.get(AT + "/keys").refused(400, "invalid-parameter");
        assertThat(served.server.context().activity().isAlive()).isTrue();
      } finally {
        api.delete(AT);
      }
      api.get(AT).refused(404, "service-not-found");
      assertThat(served.server.context().activity().isAlive()).isFalse();
    }
  }

  @Test
  void aServiceWorksInTheFolderThatWasDeployed() throws Exception {
    try (var served = new Served(folder)) {
      var api = served.as(Role.CONTRIBUTOR);
      try {
        var files =
            Map.of(
                "src/deep/score.py",
                """
                import os
                def init():
                  global data
                  print('root', os.environ['AML_APP_ROOT'] == os.getcwd(), flush=True)
                  with open('./src/data.txt') as stream: data = stream.read()
                def run(data_in):
                  return data + os.environ['AZUREML_SOURCE_DIRECTORY'] + data_in
                """,
                "src/data.txt",
                "read ");
        succeed(api, deploy(api, inference(api, "src/deep/score.py", files), "{}"));
        assertThat(score(api, "1")).isEqualTo("\"read src/deep1\"");
        assertThat(api.get(AT + "/log").is(200).text()).contains("root True");
      } finally {
        api.delete(AT);
      }
    }
  }

  @Test
  void aServiceWhoseInitFailsIsFailedAndSaysWhy() throws Exception {
    try (var served = new Served(folder)) {
      var api = served.as(Role.CONTRIBUTOR);
      try {
        var ended = end(api, deploy(api, "def init():\n  raise ValueError('no weights')\n", "{}"));
        assertThat(ended.string("status")).isEqualTo("Failed");
        var service = api.get(AT).is(200).json();
        assertThat(service.string("state")).isEqualTo("Failed");
        assertThat(service.string("error")).contains("no weights");
        assertThat(api.get(AT + "/log").is(200).text()).contains("ValueError: no weights");
      } finally {
        api.delete(AT);
      }
    }
  }

  @Test
  void aKilledServersServiceGoesOnAndTheNextServerFindsItHealthy() throws Exception {
    var process = ServedProcess.start(folder, "");
    try {
      var api = ServedProcess.await(folder, process);
      succeed(api, deploy(api, script("one "), "{}"));
      var port = api.get(AT).json().string("scoringUri");
      process.destroyForcibly().waitFor();
      process = ServedProcess.start(folder, "");
      api = ServedProcess.await(folder, process);
      var service = api.get(AT).is(200).json();
      assertThat(service.string("state")).isEqualTo("Healthy");
      assertThat(service.string("scoringUri")).isEqualTo(port);
      assertThat(score(api, "1")).isEqualTo("\"one 1\"");
      api.delete(AT).is(204);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
