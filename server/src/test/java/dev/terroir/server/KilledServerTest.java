package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A server that is killed during fifty random operations while a run is alive")
class KilledServerTest {
  private static final int OPERATIONS = 50;
  private static final int CALLERS = 5;
  private static final long SEED = 6;

  @TempDir Path folder;

  /// What a server said that it had done: a path that has to answer after that.
  private final List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String put(ApiClient api, String text) {
    var digest = Sha256.of(bytes(text)).prefixed();
    api.put("/api/v1/contents/" + digest, bytes(text)).is(204);
    return digest;
  }

  private static String run(ApiClient api, String go) {
    var script = "import os, time\nwhile not os.path.exists('" + go + "'): time.sleep(0.02)\n";
    var files =
        "{\"files\": [{\"path\": \"train.py\", \"digest\": \""
            + put(api, script)
            + "\", \"size\": "
            + bytes(script).length
            + "}]}";
    var snapshot = api.send("POST", "/api/v1/snapshots", files).is(201).json().string("id");
    return api.send(
            "POST",
            "/api/v1/runs",
            "{\"experiment\": \"e\", \"snapshot\": \""
                + snapshot
                + "\", \"configuration\": {\"script\": \"train.py\", \"environment\": "
                + Definitions.of("um", "x")
                + "}}")
        .is(201)
        .json()
        .string("runId");
  }

  /// One operation, chosen by chance.
  private void operate(ApiClient api, Random random, int number) {
    var text = "text " + number + " ".repeat(random.nextInt(20_000));
    switch (random.nextInt(6)) {
      case 0 -> {
        var made =
            api.send("POST", "/api/v1/environments", Definitions.of("e" + number % 7, "" + number))
                .is(201)
                .json();
        acknowledged.add(
            "/api/v1/environments/" + made.string("name") + "/versions/" + made.string("version"));
      }
      case 1 -> acknowledged.add("/api/v1/contents/" + put(api, text));
      case 2 -> {
        var file = "/api/v1/datastores/workspaceblobstore/files/f/" + number + ".txt";
        api.put(file, bytes(text)).is(201);
        acknowledged.add(file);
      }
      case 3 -> {
        var made =
            api.send(
                    "POST",
                    "/api/v1/models",
                    "{\"name\": \"m"
                        + number % 3
                        + "\", \"files\": [{\"path\": \"m.txt\", \"digest\": \""
                        + put(api, text)
                        + "\", \"size\": "
                        + bytes(text).length
                        + "}]}")
                .is(201)
                .json();
        var model =
            "/api/v1/models/" + made.string("name") + "/versions/" + made.longValue("version");
        acknowledged.add(model);
        acknowledged.add(model + "/files/m.txt");
      }
      case 4 -> {
        var experiment = "/api/v1/experiments/x" + number;
        api.send("PUT", experiment, "{\"tags\": {\"n\": \"" + number + "\"}}").is(200);
        acknowledged.add(experiment);
      }
      default -> {
        var made = api.send("POST", "/api/v1/locks", Definitions.lockable("l" + number)).is(202);
        acknowledged.add("/api/v1/jobs/" + made.json().string("id"));
      }
    }
  }

  private void operateUntilKilled(ApiClient api, Process server) throws Exception {
    var soon = new CountDownLatch(OPERATIONS / 2);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < CALLERS; caller++) {
        var first = caller * OPERATIONS / CALLERS;
        threads.submit(() -> {
          var random = new Random(SEED + first);
          try {
            for (int i = 0; i < OPERATIONS / CALLERS; i++) {
              operate(api, random, first + i);
              soon.countDown();
            }
          } catch (UncheckedIOException e) {
            // It was killed before it answered.
          } finally {
            while (soon.getCount() > 0 && !server.isAlive()) {
              soon.countDown();
            }
          }
          return first;
        });
      }
      soon.await();
      server.destroyForcibly().waitFor();
    }
  }

  @Test
  void everythingItAcknowledgedIsThereAndTheRunEnds() throws Exception {
    var go = folder.resolve("go-run").toString();
    var first = ServedProcess.start(folder, "");
    String id;
    try {
      var api = ServedProcess.await(folder, first);
      id = run(api, go);
      await(api, "/api/v1/runs/" + id, List.of("Running"));
      operateUntilKilled(api, first);
    } finally {
      first.destroyForcibly();
    }
    assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(OPERATIONS / 2);
    var second = ServedProcess.start(folder, "");
    try {
      var api = ServedProcess.await(folder, second);
      for (var path : acknowledged) {
        api.get(path).is(200);
      }
      for (var version : api.get("/api/v1/models?limit=100").is(200).json().objects("items")) {
        var model =
            "/api/v1/models/"
                + version.string("name")
                + "/versions/"
                + version.longValue("version");
        assertThat(api.get(model + "/files").is(200).json().objects("items")).hasSize(1);
        assertThat(api.get(model + "/files/m.txt").is(200).text()).startsWith("text ");
      }
      var listed =
          api.get("/api/v1/datastores/workspaceblobstore/files").is(200).json().objects("items");
      for (var file : listed) {
        assertThat(file.string("name")).matches("f/[0-9]+\\.txt");
      }
      for (var job : api.get("/api/v1/jobs?limit=100").is(200).json().objects("items")) {
        var at = "/api/v1/jobs/" + job.string("id");
        assertThat(await(api, at, List.of("Succeeded", "Failed"))).isEqualTo("Failed");
      }
      assertThat(await(api, "/api/v1/runs/" + id, List.of("Running"))).isEqualTo("Running");
      Files.writeString(Path.of(go), "");
      assertThat(await(api, "/api/v1/runs/" + id, List.of("Completed", "Failed", "Canceled")))
          .isEqualTo("Completed");
      api.send("POST", "/api/v1/environments", Definitions.of("after", "x")).is(201);
      second.destroy();
      assertThat(second.waitFor(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    } finally {
      second.destroyForcibly();
    }
  }

  private static String await(ApiClient api, String path, List<String> wanted) throws Exception {
    var deadline = System.nanoTime() + Duration.ofMinutes(3).toNanos();
    while (true) {
      var found = api.get(path).is(200).json();
      if (wanted.contains(found.string("status"))) {
        return found.string("status");
      }
      assertThat(System.nanoTime()).as(found.toString()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}
