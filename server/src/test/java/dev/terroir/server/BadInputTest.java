package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Bad input gets a clear error and nothing is lost")
class BadInputTest {
  @TempDir Path folder;
  private Served served;
  private ApiClient api;

  @BeforeEach
  void serve() {
    served = new Served(folder, new Limits(1 << 20, 1 << 20, Duration.ofSeconds(1), 1000));
    api = served.owner();
  }

  @AfterEach
  void end() {
    served.close();
  }

  @Test
  void tokensThatDoNotCountAreRefusedWithTheReason() throws Exception {
    var url = served.server.url();
    for (var wrong : List.of("x", "terroir_x", "terroir_" + "A".repeat(43))) {
      new ApiClient(url, wrong).get("/api/v1").refused(401, "unauthenticated");
    }
    var tokens = served.server.context().tokens();
    var short_ = tokens.create("short", Role.OWNER, Duration.ofMillis(1), null).secret();
    Thread.sleep(20);
    assertThat(new ApiClient(url, short_).get("/api/v1").refused(401, "unauthenticated").text())
        .contains("expired at");
    try (var other = new Served(folder.resolve("other"))) {
      new ApiClient(url, other.tokens.get(Role.OWNER)).get("/api/v1").is(401);
    }
    new ApiClient(url, "").with("Authorization", "Basic eDp5").get("/api/v1").is(401);
    new ApiClient(url, "").get("/nothing").is(401);
  }

  @Test
  void manyWrongTokensAreAskedToWaitAndRightOnesAreNot() {
    var wrong = new ApiClient(served.server.url(), "terroir_wrong");
    ApiClient.Reply last = null;
    for (int i = 0; i < 60; i++) {
      last = wrong.get("/api/v1");
    }
    last.refused(429, "too-many-attempts");
    assertThat(last.header("Retry-After")).isEqualTo("1");
    api.get("/api/v1").is(200);
  }

  @Test
  void unknownPathsMethodsParametersAndFieldsAreNamed() {
    api.get("/api/v1/nothing").refused(404, "path-not-found");
    api.get("/api/v1/environments/").refused(404, "path-not-found");
    api.delete("/api/v1/environments").refused(405, "method-not-allowed");
    assertThat(api.delete("/api/v1/environments").header("Allow")).isEqualTo("GET, POST");
    assertThat(api.get("/api/v1/environments?limt=3").refused(400, "invalid-parameter").text())
        .contains("limt", "limit");
    for (var query : List.of("limit=0", "limit=x", "limit=1001", "limit=1&limit=2", "limit=")) {
      api.get("/api/v1/environments?" + query).refused(400, "invalid-parameter");
    }
    api.get("/api/v1/jobs?status=Done").refused(400, "invalid-parameter");
    api.get("/api/v1/jobs/a%00b").refused(400, "invalid-parameter");
    api.get("/api/v1/jobs/%ff").refused(400, "invalid-path");
    var field =
        api.send(
            "POST", "/api/v1/tokens", "{\"name\": \"a\", \"role\": \"reader\", \"rol\": \"x\"}");
    assertThat(field.refused(400, "json-field").json().string("title")).contains("`rol`");
    assertThat(
            api.send("POST", "/api/v1/tokens", "{\"name\": 3, \"role\": \"king\"}")
                .refused(400, "json-field")
                .json()
                .objects("errors"))
        .hasSize(2);
    api.send("POST", "/api/v1/locks", "{\"nme\": \"a\"}").refused(400, "json-field");
    api.send("POST", "/api/v1/builds", "{\"name\": \"a\", \"knd\": 1}").refused(400, "json-field");
  }

  @Test
  void aTokenThatOutlivesEverybodyIsRefused() {
    for (var seconds : List.of("3153600001", "9223372036854775807")) {
      api.send(
              "POST",
              "/api/v1/tokens",
              "{\"name\": \"a\", \"role\": \"reader\", \"expiresInSeconds\": " + seconds + "}")
          .refused(400, "json-field");
    }
  }

  @Test
  void documentsThatAreNoneAreRefused() {
    for (var body : List.of("", "{", "[]", "null", "{\"a\": 1, \"a\": 2}", "[".repeat(5000))) {
      var status = api.send("POST", "/api/v1/tokens", body).status();
      assertThat(status).as(body).isEqualTo(400);
    }
    api.send("POST", "/api/v1/tokens", "application/json", new byte[] {'"', (byte) 0xff, '"'})
        .refused(400, "invalid-body");
    api.send("POST", "/api/v1/tokens", "text/plain", "{}".getBytes(StandardCharsets.UTF_8))
        .refused(415, "unsupported-media-type");
  }

  @Test
  void bodiesThatAreTooLargeAreRefused() {
    api.send("POST", "/api/v1/tokens", "\"" + "x".repeat(2 << 20) + "\"")
        .refused(413, "body-too-large");
    var bytes = new byte[2 << 20];
    api.put("/api/v1/contents/" + Sha256.of(bytes).prefixed(), bytes)
        .refused(413, "body-too-large");
    api.get("/api/v1/contents/" + Sha256.of(bytes).prefixed()).is(404);
  }

  private String raw(String head, String body, boolean isEnded) throws IOException {
    var url = URI.create(served.server.url());
    try (var socket = new Socket(url.getHost(), url.getPort())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              (head
                      + "\r\nHost: localhost\r\nAuthorization: Bearer "
                      + served.tokens.get(Role.OWNER)
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.UTF_8));
      if (isEnded) {
        socket.shutdownOutput();
      }
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aBodyThatStallsIsCutOffAndNothingIsKept() throws Exception {
    var digest = Sha256.of("0123456789").prefixed();
    var answer =
        raw(
            "PUT /api/v1/contents/"
                + digest
                + " HTTP/1.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 10",
            "01234",
            false);
    assertThat(answer).startsWith("HTTP/1.1 408").contains("body-stalled");
    api.get("/api/v1/contents/" + digest).is(404);
  }

  @Test
  void aBodyThatIsCutOffIsNotKept() throws Exception {
    var digest = Sha256.of("0123456789").prefixed();
    var answer =
        raw(
            "PUT /api/v1/contents/"
                + digest
                + " HTTP/1.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 10",
            "01234",
            true);
    assertThat(answer).startsWith("HTTP/1.1 400").contains("invalid-body");
    api.get("/api/v1/contents/" + digest).is(404);
  }

  @Test
  void headersWithoutEndAreRefused() throws Exception {
    String answer;
    try {
      answer = raw("GET /api/v1 HTTP/1.1\r\nX-Long: " + "x".repeat(200_000), "", true);
    } catch (java.net.SocketException e) {
      // Cut off while it was still being sent.
      answer = "";
    }
    assertThat(answer).doesNotStartWith("HTTP/1.1 200").doesNotStartWith("HTTP/1.1 5");
    api.get("/api/v1").is(200);
  }

  @Test
  void requestIdsAreTakenWhenTheyAreSound() {
    assertThat(api.with("X-Request-Id", "abc-1").get("/api/v1").header("X-Request-Id"))
        .isEqualTo("abc-1");
    assertThat(api.with("X-Request-Id", "a b").get("/api/v1").header("X-Request-Id"))
        .isNotEqualTo("a b");
  }

  @Test
  void fiftyCallersAtOnceGetTheirAnswers() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending =
          java.util.stream.IntStream.range(0, 50)
              .mapToObj(i ->
                  threads.submit(() -> {
                    for (int round = 0; round < 4; round++) {
                      api.send(
                              "POST",
                              "/api/v1/environments",
                              Definitions.of("many-" + i, "" + round))
                          .is(201);
                      api.get("/api/v1/environments?prefix=many-&limit=20").is(200);
                    }
                    return i;
                  }))
              .toList();
      for (var result : pending) {
        result.get();
      }
    }
    var names = api.get("/api/v1/environments?prefix=many-&limit=100").json().objects("items");
    assertThat(names).hasSize(50).allMatch(item -> item.string("version").equals("4"));
  }

  /// A server that remembers what was asked of it.
  private static HttpServer witness(List<String> asked) throws IOException {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.add(String.valueOf(exchange.getRequestURI()));
          exchange.sendResponseHeaders(200, 4);
          exchange.getResponseBody().write("six\n".getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });
    server.start();
    return server;
  }

  @Test
  void whatADefinitionIncludesIsNeitherFetchedNorRead() throws Exception {
    var asked = new CopyOnWriteArrayList<String>();
    var witness = witness(asked);
    try {
      var url = "http://127.0.0.1:" + witness.getAddress().getPort();
      var secret = Files.writeString(folder.resolve("secret.txt"), "not for callers\n");
      for (var line :
          List.of(
              "-r " + url + "/x",
              "-r" + url + "/x",
              "--requirement=" + url + "/x.zip",
              "-c " + url + "/x.tar.gz",
              "six\n-r " + url + "/x",
              "-r " + secret,
              "-r " + secret + "#git+https://host.example/x.git",
              "-r " + url + "/git+x",
              "-c" + url + "/x.txt?git+")) {
        var pip = JsonWriter.compact(new JsonValue.JsonString(line));
        var definition =
            """
            {"name": "includes", "python": {"condaDependencies":
              {"dependencies": ["python=3.11", {"pip": [PIP]}]}}}
            """
                .replace("PIP", pip);
        api.send("POST", "/api/v1/environments", definition).is(201);
        var job =
            api.send("POST", "/api/v1/locks", "{\"definition\": " + definition + "}")
                .is(202)
                .json()
                .string("id");
        var ended = JobsTest.await(api, job);
        assertThat(ended.string("status")).as(line).isEqualTo("Failed");
        assertThat(ended.toString())
            .as(line)
            .contains("requirement-not-lockable")
            .doesNotContain("not for callers");
      }
      assertThat(asked).isEmpty();
    } finally {
      witness.stop(0);
    }
  }

  @Test
  void whatARunConfigurationNamesIsNeitherFetchedNorRead() throws Exception {
    var asked = new CopyOnWriteArrayList<String>();
    var witness = witness(asked);
    try {
      var conda =
          "dependencies: [python, {pip: ['-r http://127.0.0.1:"
              + witness.getAddress().getPort()
              + "/x']}]\n";
      var file = Files.writeString(folder.resolve("conda.yml"), conda);
      var body = "{\"experiment\": \"e\", \"snapshot\": \"SNAPSHOT\", \"configuration\": {MORE}}";
      var snapshot = RunsTest.snapshot(api, "print(1)\n");
      for (var more :
          List.of(
              "'script': 'train.py', 'Target': 'local', 'CondaDependenciesFile': 'FILE'",
              "'script': 'train.py', 'environment': {'python': {'condaDependenciesFile':"
                  + " 'FILE'}}")) {
        var text = more.replace('\'', '"').replace("FILE", file.toString());
        assertThat(
                api.send(
                        "POST",
                        "/api/v1/runs",
                        body.replace("SNAPSHOT", snapshot).replace("MORE", text))
                    .refused(400, "run-configuration")
                    .text())
            .contains("that was sent is not read");
      }
      // With an environment named, the file is of no account, even where it is the caller's own.
      api.send("POST", "/api/v1/environments", Definitions.of("um", "x")).is(201);
      var run =
          api.send(
                  "POST",
                  "/api/v1/runs",
                  body.replace("SNAPSHOT", RunsTest.snapshot(api, conda))
                      .replace(
                          "MORE",
                          "\"script\": \"train.py\", \"Target\": \"local\","
                              + "\"CondaDependenciesFile\": \"train.py\","
                              + "\"environmentName\": \"um\""))
              .is(201)
              .json();
      RunsTest.end(api, run.string("runId"));
      assertThat(asked).isEmpty();
    } finally {
      witness.stop(0);
    }
  }
}
