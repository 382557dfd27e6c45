package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.http.LogSource;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.jobs.Job;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Long work: jobs, their logs, and what becomes of them when the server ends")
class JobsTest {
  @TempDir Path folder;

  static JsonObject await(ApiClient api, String id) throws InterruptedException {
    while (true) {
      var job = api.get("/api/v1/jobs/" + id).is(200).json();
      if (!List.of("Queued", "Running").contains(job.string("status"))) {
        return job;
      }
      Thread.sleep(20);
    }
  }

  private static String follow(Served served, String id, String lastEvent, int lines)
      throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(served.server.url() + "/api/v1/jobs/" + id + "/log"))
            .header("Authorization", "Bearer " + served.tokens.get(Role.READER))
            .header("Accept", "text/event-stream");
    if (!lastEvent.isEmpty()) {
      request.header("Last-Event-ID", lastEvent);
    }
    var text = new StringBuilder();
    try (var http = HttpClient.newHttpClient();
        Stream<String> stream = http.send(request.build(), BodyHandlers.ofLines()).body()) {
      stream.limit(lines).forEach(line -> text.append(line).append('\n'));
    }
    return text.toString();
  }

  @Test
  void aJobIsFollowedToItsEndAndResumedWhereItWasLeft() throws Exception {
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(
          new JobKind(
              "talk",
              true,
              (_, progress) -> {
                progress.step("one");
                progress.line("zwei é");
                ServedProcess.await(folder.resolve("go"), progress);
                return JsonObject.builder().put("said", 4).build();
              }));
      var id = jobs.submit("talk", "s", JsonObject.EMPTY, "me", "r").id();
      var first = follow(served, id, "", 11);
      assertThat(first).contains("event: status\ndata: Running\n", "id: 4\ndata: one\n");
      assertThat(first).contains("event: line\nid: 12\ndata: zwei é\n");
      Files.writeString(folder.resolve("go"), "");
      var rest = follow(served, id, "12", Integer.MAX_VALUE);
      assertThat(rest).doesNotContain("data: one").contains("data: waiting", "data: went");
      assertThat(rest).endsWith("event: end\nid: 25\ndata: Succeeded\n\n");
      var api = served.owner();
      var job = await(api, id);
      assertThat(job.object("result").longValue("said")).isEqualTo(4);
      var text = api.get("/api/v1/jobs/" + id + "/log?offset=4").is(200);
      assertThat(text.text()).isEqualTo("zwei é\nwaiting\nwent\n");
      assertThat(text.header("Terroir-Log-Offset")).isEqualTo("25");
      assertThat(text.header("Terroir-Log-Complete")).isEqualTo("true");
      assertThat(api.get("/api/v1/jobs?kind=talk&status=Succeeded").json().objects("items"))
          .hasSize(1);
      api.with("If-None-Match", api.get("/api/v1/jobs/" + id).header("ETag"))
          .get("/api/v1/jobs/" + id)
          .is(304);
    }
  }

  @Test
  void jobsThatAllWaitForOneMoreGetIt() throws Exception {
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(new JobKind("base", true, (_, _) -> JsonObject.builder().put("a", 1).build()));
      jobs.register(
          new JobKind(
              "derived",
              true,
              (_, _) -> {
                // As a build does whose base is an environment's image that is still to be made.
                var base = jobs.submit("base", "b", JsonObject.EMPTY, "me", "r", _ -> true).id();
                jobs.expedite(base);
                while (!jobs.find(base).orElseThrow().status().isFinal()) {
                  try {
                    Thread.sleep(20);
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                }
                return JsonObject.builder().put("base", base).build();
              }));
      var derived = new ArrayList<String>();
      for (int i = 0; i < 10; i++) {
        derived.add(jobs.submit("derived", "d" + i, JsonObject.EMPTY, "me", "r").id());
      }
      var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      for (var id : derived) {
        while (!jobs.find(id).orElseThrow().status().isFinal()) {
          assertThat(System.nanoTime()).as(id + " does not end").isLessThan(deadline);
          Thread.sleep(20);
        }
        assertThat(jobs.find(id).orElseThrow().status()).isEqualTo(Job.Status.SUCCEEDED);
      }
    }
  }

  @Test
  void aHundredFollowersThatGoAwayLeaveNothingBehind() throws Exception {
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(
          new JobKind(
              "chat",
              true,
              (_, progress) -> {
                for (int i = 0; !Files.exists(folder.resolve("go")); i++) {
                  progress.line("line " + i);
                  try {
                    Thread.sleep(20);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    break;
                  }
                }
                return JsonObject.EMPTY;
              }));
      var id = jobs.submit("chat", null, JsonObject.EMPTY, "me", "r").id();
      assertThat(follow(served, id, "", 11)).contains("line 0");
      var address = URI.create(served.server.url());
      var before = openFiles();
      var followers = new ArrayList<Socket>();
      for (int i = 0; i < 100; i++) {
        var socket = new Socket(address.getHost(), address.getPort());
        followers.add(socket);
        socket
            .getOutputStream()
            .write(
                ("GET /api/v1/jobs/%s/log HTTP/1.1\r\nHost: localhost\r\n"
                        + "Authorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n")
                    .formatted(id, served.tokens.get(Role.READER))
                    .getBytes(StandardCharsets.US_ASCII));
      }
      while (inFlight(served) < 101) {
        Thread.sleep(20);
      }
      for (var socket : followers) {
        socket.close();
      }
      var deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (inFlight(served) > 1 || openFiles() > before + 5) {
        assertThat(System.nanoTime()).as("%s files", openFiles()).isLessThan(deadline);
        Thread.sleep(20);
      }
      Files.writeString(folder.resolve("go"), "");
      assertThat(await(served.owner(), id).string("status")).isEqualTo("Succeeded");
    }
  }

  /// With the one that asks.
  private static long inFlight(Served served) {
    return served
        .owner()
        .get("/metrics")
        .is(200)
        .text()
        .lines()
        .filter(line -> line.startsWith("terroir_http_requests_in_flight "))
        .mapToLong(line -> (long) Double.parseDouble(line.split(" ")[1]))
        .sum();
  }

  private static int openFiles() {
    var files = Path.of("/proc/self/fd").toFile().list();
    return files == null ? 0 : files.length;
  }

  @Test
  void aCanceledJobEndsAndAFailedOneSaysWhy() throws Exception {
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(
          new JobKind(
              "wait", true, (_, progress) -> ServedProcess.await(folder.resolve("go"), progress)));
      jobs.register(
          new JobKind(
              "fail",
              true,
              (_, _) -> {
                throw ServerException.of(ServerCode.WHEEL_REFUSED, "no wheel");
              }));
      jobs.register(
          new JobKind(
              "break",
              true,
              (_, _) -> {
                throw new IllegalStateException("a secret detail");
              }));
      var api = served.owner();
      var id = jobs.submit("wait", "s", JsonObject.EMPTY, "me", "r").id();
      Thread.sleep(100);
      served.as(Role.READER).send("POST", "/api/v1/jobs/" + id + "/cancel", "").is(403);
      api.send("POST", "/api/v1/jobs/" + id + "/cancel", "").is(200);
      assertThat(await(api, id).string("status")).isEqualTo("Canceled");
      var failed = await(api, jobs.submit("fail", null, JsonObject.EMPTY, "me", "r7").id());
      assertThat(failed.object("error").string("code")).isEqualTo("wheel-refused");
      assertThat(failed.object("error").string("requestId")).isEqualTo("r7");
      var broken = await(api, jobs.submit("break", null, JsonObject.EMPTY, "me", "r").id());
      assertThat(broken.object("error").toString()).doesNotContain("secret detail");
      assertThat(served.logged()).contains("a secret detail");
    }
  }

  @Test
  void whatAKilledServerDidIsBegunAgainOrHasFailedWithTheReason() throws Exception {
    var first = ServedProcess.start(folder, "", "jobs");
    while (!Files.exists(folder.resolve("begun"))) {
      assertThat(first.isAlive()).isTrue();
      Thread.sleep(20);
    }
    Thread.sleep(500);
    first.destroyForcibly().waitFor();
    var second = ServedProcess.start(folder, "");
    try {
      var api = ServedProcess.await(folder, second);
      Files.writeString(folder.resolve("go"), "");
      var deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      List<JsonObject> jobs;
      do {
        Thread.sleep(100);
        jobs = api.get("/api/v1/jobs").is(200).json().objects("items");
      } while (System.nanoTime() < deadline
          && jobs.stream()
              .anyMatch(job -> List.of("Queued", "Running").contains(job.string("status"))));
      assertThat(jobs).hasSize(4);
      for (var job : jobs) {
        if (job.string("kind").equals("patient")) {
          assertThat(job.string("status")).isEqualTo("Succeeded");
        } else {
          assertThat(job.string("status")).isEqualTo("Failed");
          assertThat(job.object("error").string("code")).isEqualTo("job-interrupted");
        }
      }
      second.destroy();
      assertThat(second.waitFor(20, TimeUnit.SECONDS)).isTrue();
    } finally {
      second.destroyForcibly();
    }
  }

  @Test
  void aSecondServerOfTheFolderIsRefusedAndNamesTheFirst() {
    try (var served = new Served(folder);
        var again =
            Workspace.open(folder.resolve("team"), Served.settings(folder), Progress.SILENT)) {
      var options = ServerOptions.loopback("1.2.3", System.err);
      assertThatThrownBy(() -> TerroirServer.start(again, options, Served.settings(folder)))
          .isInstanceOfSatisfying(
              ServerException.class,
              e -> {
                assertThat(e.problem().code()).isEqualTo(ServerCode.SERVER_RUNNING);
                assertThat(e.problem().render()).contains(served.server.url());
              });
    }
  }

  @Test
  void aServerThatEndsLeavesWhatCanBeBegunAgain() throws Exception {
    String id;
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(
          new JobKind(
              "wait", true, (_, progress) -> ServedProcess.await(folder.resolve("go"), progress)));
      id = jobs.submit("wait", null, JsonObject.EMPTY, "me", "r").id();
      Thread.sleep(200);
      var following =
          java.util.concurrent.CompletableFuture.supplyAsync(() -> {
            try {
              return follow(served, id, "", Integer.MAX_VALUE);
            } catch (Exception e) {
              return e.toString();
            }
          });
      Thread.sleep(300);
      served.server.close();
      assertThat(following.get(5, TimeUnit.SECONDS)).contains("data: waiting");
      assertThat(jobs.find(id).orElseThrow().status()).isEqualTo(Job.Status.QUEUED);
      assertThat(new ServerFiles(folder.resolve("team")).read()).isEmpty();
    }
  }

  @Test
  void aLogThatIsNotThereYetIsEmpty() throws Exception {
    var source = LogSource.of(folder.resolve("none"), () -> false, () -> "Queued");
    assertThat(source.size()).isZero();
    assertThat(source.read(0, 10)).isEmpty();
  }
}
