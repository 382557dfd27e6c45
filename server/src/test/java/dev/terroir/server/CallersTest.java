package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.server.http.Limits;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Callers who are slow, who go, and who are many")
class CallersTest {
  private static final int SLOW = 300;
  private static final int MANY = 200;

  @TempDir Path folder;

  private static Socket open(Served served) throws IOException {
    var url = URI.create(served.server.url());
    return new Socket(url.getHost(), url.getPort());
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /// Sends a head byte by byte until it is told to end.
  ///
  /// @return whether it was
  private static boolean dribble(Socket socket, Duration atMost) throws Exception {
    var deadline = System.nanoTime() + atMost.toNanos();
    try {
      socket.getOutputStream().write(ascii("GET /api/v1 HTTP/1.1\r\nX-Slow: "));
      socket.setSoTimeout(100);
      while (System.nanoTime() < deadline) {
        socket.getOutputStream().write('x');
        try {
          if (socket.getInputStream().read() < 0) {
            return true;
          }
        } catch (java.net.SocketTimeoutException e) {
          // It is waited for still.
        }
      }
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  @Test
  void headsThatComeByteByByteAreCutOffAndKeepNobodyOut() throws Exception {
    var limits = Limits.DEFAULT.withStall(Duration.ofSeconds(2));
    try (var served = new Served(folder, limits);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var slow = new ArrayList<Future<Boolean>>();
      for (int i = 0; i < SLOW; i++) {
        slow.add(
            threads.submit(() -> {
              try (var socket = open(served)) {
                return dribble(socket, Duration.ofSeconds(30));
              }
            }));
      }
      var api = served.owner();
      var answered = 0;
      while (slow.stream().anyMatch(one -> !one.isDone())) {
        api.get("/api/v1/environments?limit=1").is(200);
        answered++;
        Thread.sleep(50);
      }
      for (var one : slow) {
        assertThat(one.get()).isTrue();
      }
      assertThat(answered).isPositive();
      api.get("/api/v1").is(200);
    }
  }

  @Test
  void aConnectionThatIsKeptMayWaitBetweenItsRequests() throws Exception {
    var limits = Limits.DEFAULT.withStall(Duration.ofSeconds(1));
    try (var served = new Served(folder, limits);
        var socket = open(served)) {
      socket.setSoTimeout(10_000);
      for (int i = 0; i < 2; i++) {
        socket.getOutputStream().write(ascii("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"));
        var answer = new StringBuilder();
        while (!answer.toString().endsWith("}")) {
          var c = socket.getInputStream().read();
          assertThat(c).as(answer.toString()).isNotNegative();
          answer.append((char) c);
        }
        assertThat(answer.toString()).startsWith("HTTP/1.1 200");
        Thread.sleep(2000);
      }
    }
  }

  private static long openFiles() {
    var files = Path.of("/proc/self/fd").toFile().list();
    return files == null ? 0 : Arrays.stream(files).count();
  }

  private static void eventually(Callable<Boolean> holds) throws Exception {
    var deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!holds.call()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  private static String gauge(ApiClient api, String name) {
    return api.get("/metrics")
        .is(200)
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + name));
  }

  @Test
  void whoLeavesALogLeavesNoThreadAndNoFileBehind() throws Exception {
    try (var served = new Served(folder)) {
      var jobs = served.server.context().jobs();
      jobs.register(
          new JobKind(
              "wait", true, (_, progress) -> ServedProcess.await(folder.resolve("go"), progress)));
      var id = jobs.submit("wait", "s", JsonObject.EMPTY, "me", "r").id();
      var api = served.owner();
      var alone = gauge(api, "terroir_http_requests_in_flight");
      var filesBefore = openFiles();
      var followers = new ArrayList<Socket>();
      for (int i = 0; i < 50; i++) {
        var socket = open(served);
        followers.add(socket);
        socket
            .getOutputStream()
            .write(
                ascii(
                    "GET /api/v1/jobs/"
                        + id
                        + "/log HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                        + "Authorization: Bearer "
                        + served.tokens.get(Role.READER)
                        + "\r\n\r\n"));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      assertThat(gauge(api, "terroir_http_requests_in_flight")).isNotEqualTo(alone);
      assertThat(openFiles()).isGreaterThanOrEqualTo(filesBefore + 50);
      for (var socket : followers) {
        socket.close();
      }
      eventually(() -> gauge(api, "terroir_http_requests_in_flight").equals(alone));
      eventually(() -> openFiles() <= filesBefore + 5);
      assertThat(jobs.find(id).orElseThrow().status().isFinal()).isFalse();
      Files.writeString(folder.resolve("go"), "");
    }
  }

  @Test
  void twoHundredWhoListAndRegisterMeetNoError() throws Exception {
    try (var served = new Served(folder);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var api = served.owner();
      var deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
      List<Future<Integer>> callers =
          IntStream.range(0, MANY)
              .mapToObj(caller ->
                  threads.submit(() -> {
                    var registered = 0;
                    do {
                      registered++;
                      api.send(
                              "POST",
                              "/api/v1/environments",
                              Definitions.of("caller-" + caller, "" + registered))
                          .is(201);
                      api.get("/api/v1/environments?limit=10&prefix=caller-" + caller).is(200);
                    } while (System.nanoTime() < deadline);
                    return registered;
                  }))
              .toList();
      for (int i = 0; i < MANY; i++) {
        var registered = callers.get(i).get();
        assertThat(
                api.get("/api/v1/environments/caller-" + i + "/versions/latest")
                    .is(200)
                    .json()
                    .string("version"))
            .isEqualTo("" + registered);
      }
    }
  }
}
