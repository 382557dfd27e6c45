package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.jobs.Job;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The registry below /v2/")
class RegistryTest {
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final byte[] BLOB = "{}".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;
  private Served served;

  @BeforeEach
  void serve() {
    served =
        new Served(folder, Limits.DEFAULT.withUploadBytes(1000).withStall(Duration.ofSeconds(1)));
  }

  @AfterEach
  void end() {
    served.close();
  }

  private HttpResponse<String> send(String token, String method, String path, byte[] body)
      throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(served.server.url() + path))
            .timeout(Duration.ofMinutes(1))
            .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            .method(method, BodyPublishers.ofByteArray(body));
    if (!token.isEmpty()) {
      var pair = ("someone:" + token).getBytes(StandardCharsets.UTF_8);
      request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(pair));
    }
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> as(Role role, String method, String path, byte[] body)
      throws Exception {
    return send(served.tokens.get(role), method, path, body);
  }

  private HttpResponse<String> get(String path) throws Exception {
    return as(Role.READER, "GET", path, new byte[0]);
  }

  private static JsonObject json(HttpResponse<String> answer) {
    return JsonReader.parseObject(answer.body(), "answer");
  }

  private static String error(HttpResponse<String> answer) {
    var error = (JsonObject) json(answer).array("errors").getFirst();
    return answer.statusCode() + " " + error.string("code");
  }

  private static String message(HttpResponse<String> answer) {
    return ((JsonObject) json(answer).array("errors").getFirst()).string("message");
  }

  private void register(String definition) {
    served.owner().send("POST", "/api/v1/environments", definition).is(201);
  }

  private String pushBlob(Role role) throws Exception {
    var digest = "sha256:" + Sha256.of(new String(BLOB, StandardCharsets.UTF_8)).hex();
    var answer = as(role, "POST", "/v2/team/app/blobs/uploads/?digest=" + digest, BLOB);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return digest;
  }

  private static byte[] manifest(String config) {
    return """
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
     "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "DIGEST", "size": 2},
     "layers": []}
    """
        .replace("DIGEST", config)
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void whoShowsNoTokenIsAskedForOne() throws Exception {
    for (var token : new String[] {"", "wrong"}) {
      var answer = send(token, "GET", "/v2/", new byte[0]);
      assertThat(error(answer)).isEqualTo("401 UNAUTHORIZED");
      assertThat(answer.headers().firstValue("WWW-Authenticate"))
          .contains("Basic realm=\"terroir\"");
    }
    assertThat(get("/v2/").statusCode()).isEqualTo(200);
  }

  @Test
  void readersPullContributorsPushOwnersDelete() throws Exception {
    var refused = as(Role.READER, "POST", "/v2/team/app/blobs/uploads/", new byte[0]);
    assertThat(error(refused)).isEqualTo("403 DENIED");
    var config = pushBlob(Role.CONTRIBUTOR);
    var place = "/v2/team/app/manifests/1";
    assertThat(error(as(Role.READER, "PUT", place, manifest(config)))).isEqualTo("403 DENIED");
    assertThat(as(Role.CONTRIBUTOR, "PUT", place, manifest(config)).statusCode()).isEqualTo(201);
    assertThat(get(place).body()).contains(config);
    assertThat(json(get("/v2/_catalog")).strings("repositories")).contains("team/app");
    assertThat(error(as(Role.CONTRIBUTOR, "DELETE", place, new byte[0]))).isEqualTo("403 DENIED");
    assertThat(as(Role.OWNER, "DELETE", place, new byte[0]).statusCode()).isEqualTo(202);
    assertThat(get(place).statusCode()).isEqualTo(404);

    var audit = served.server.context().audit().list(null, 10);
    assertThat(audit.stream().map(entry -> entry.action() + " " + entry.subject()))
        .containsExactly("registry.delete team/app:1", "registry.push team/app:1");
    assertThat(audit.getLast().actor()).startsWith("contributor (");
    assertThat(served.owner().get("/metrics").text())
        .contains(
            "terroir_http_requests_total{operation=\"registryPushManifest\",status=\"201\"} 1.0")
        .contains("terroir_http_requests_total{operation=\"registryPushBlob\",status=\"201\"} 1.0")
        .contains("operation=\"registryDeleteManifest\",status=\"202\"")
        .contains("operation=\"registryPullManifest\",status=\"404\"");
  }

  @Test
  void blobsMayBeAsLargeAsFiles() throws Exception {
    var digest = "sha256:" + "0".repeat(64);
    var answer =
        as(Role.OWNER, "POST", "/v2/team/app/blobs/uploads/?digest=" + digest, new byte[1001]);
    assertThat(error(answer)).isEqualTo("413 SIZE_INVALID");
  }

  @Test
  void aBlobThatStallsIsCutOffAndCanBeGoneOnWith() throws Exception {
    var begun = as(Role.OWNER, "POST", "/v2/team/app/blobs/uploads/", new byte[0]);
    var place = begun.headers().firstValue("Location").orElseThrow();
    var url = URI.create(served.server.url());
    try (var socket = new Socket(url.getHost(), url.getPort())) {
      socket.setSoTimeout(20_000);
      var head =
          "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n"
              .formatted(place, served.tokens.get(Role.OWNER));
      socket.getOutputStream().write((head + "0123456789").getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 408").contains("BLOB_UPLOAD_INVALID", "too slowly");
    }
    var kept = as(Role.OWNER, "GET", place, new byte[0]);
    assertThat(kept.statusCode()).as(kept.body()).isEqualTo(204);
    assertThat(kept.headers().firstValue("Range")).contains("0-9");
  }

  @Test
  void environmentsAreRepositoriesByTheirNamesFolded() throws Exception {
    register(Definitions.of("My Model_2  x.Y", "1"));
    register(Definitions.of("My Model_2  x.Y", "2"));
    served.workspace.environments().label("My Model_2  x.Y", "1", java.util.List.of("stable"));
    var place = "/v2/environments/my-model_2-x.y/tags/list";
    assertThat(json(get(place)).strings("tags")).containsExactly("1", "2", "latest", "stable");
    assertThat(json(get("/v2/_catalog")).strings("repositories"))
        .contains("environments/my-model_2-x.y");
    assertThat(error(get("/v2/environments/my-model_2-x.y/manifests/3")))
        .isEqualTo("404 MANIFEST_UNKNOWN");
    assertThat(error(get("/v2/environments/other/manifests/1"))).isEqualTo("404 NAME_UNKNOWN");
    var push =
        as(Role.OWNER, "POST", "/v2/environments/my-model_2-x.y/blobs/uploads/", new byte[0]);
    assertThat(error(push)).isEqualTo("403 DENIED");
    assertThat(message(push)).contains("built here, not pushed");
    assertThat(served.server.context().jobs().records().list(null, null, null, 9)).isEmpty();
  }

  @Test
  void aRepositoryOfTwoEnvironmentsIsRefusedByBothNames() throws Exception {
    register(Definitions.of("train", "1"));
    register(Definitions.of("Train", "1"));
    var answer = get("/v2/environments/train/manifests/1");
    assertThat(error(answer)).isEqualTo("404 NAME_UNKNOWN");
    assertThat(message(answer)).contains("`Train` or `train`");
  }

  @Test
  void aBuildThatFailsAnswersWithItsProblemAndIsDoneOnceForAllWhoWait() throws Exception {
    register(
        """
        {"name": "broken", "docker": {"baseImage": "oci:PLACE:none"},
         "python": {"userManagedDependencies": true, "interpreterPath": "python3"}}
        """
            .replace("PLACE", folder.resolve("nowhere").toString()));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<HttpResponse<String>> one = () -> get("/v2/environments/broken/manifests/1");
      Callable<HttpResponse<String>> two = () -> get("/v2/environments/broken/manifests/latest");
      for (var answer : threads.invokeAll(java.util.List.of(one, two, one))) {
        assertThat(error(answer.get())).isEqualTo("404 MANIFEST_UNKNOWN");
        assertThat(message(answer.get()))
            .contains("the image of `broken:1` was not built, because ")
            .contains("nowhere");
      }
    }
    var jobs = served.server.context().jobs().records().list("build", null, null, 9);
    assertThat(jobs).isNotEmpty().allMatch(job -> job.status() == Job.Status.FAILED);
    assertThat(jobs.getFirst().actor()).startsWith("reader (");
    assertThat(served.server.context().audit().list(null, 9).getFirst().action())
        .isEqualTo("environment.build");
  }

  @Test
  void anOutsideRegistryIsNamed() throws Exception {
    served.workspace.update(details -> details.withContainerRegistry("registry.example.com/team"));
    assertThat(get("/v2/").statusCode()).isEqualTo(200);
    var answer = get("/v2/environments/train/manifests/1");
    assertThat(error(answer)).isEqualTo("404 NAME_UNKNOWN");
    assertThat(message(answer)).contains("`registry.example.com/team`");
  }

  @Test
  void whoGreetsByTlsIsNotLeftWaiting() throws Exception {
    var url = URI.create(served.server.url());
    try (var socket = new Socket(url.getHost(), url.getPort())) {
      socket.setSoTimeout(1_000);
      socket.getOutputStream().write(new byte[] {0x16, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3});
      assertThat(socket.getInputStream().read())
          .as("closed at once: every pull of an engine begins with it")
          .isLessThan(0);
    }
  }

  @Test
  void headersMayComeAfterTheirRequestLine() throws Exception {
    var url = URI.create(served.server.url());
    try (var socket = new Socket(url.getHost(), url.getPort())) {
      socket.setSoTimeout(9_000);
      var out = socket.getOutputStream();
      out.write("GET /health/live HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII));
      Thread.sleep(500);
      out.write("st: here\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 200");
    }
  }
}
