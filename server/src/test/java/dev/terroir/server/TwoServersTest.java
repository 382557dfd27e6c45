package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.samples.PostgresServer;
import dev.terroir.server.jobs.JobKind;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.database.PostgresAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Two servers over one PostgreSQL and one folder")
class TwoServersTest {
  @TempDir Path folder;
  private static PostgresServer postgres;
  private String database;
  private final List<Workspace> workspaces = new ArrayList<>();
  private final List<TerroirServer> servers = new ArrayList<>();
  private final List<ApiClient> apis = new ArrayList<>();

  /// One of this class's own: it is stopped.
  @BeforeAll
  static void begin() throws IOException {
    var programs = PostgresServer.programs();
    assumeTrue(programs.isPresent(), "PostgreSQL");
    postgres = PostgresServer.start(programs.get());
  }

  @AfterAll
  static void stop() {
    if (postgres != null) {
      postgres.close();
    }
  }

  @BeforeEach
  void serve() {
    database = postgres.url(PostgresServer.newSchema());
    for (int i = 0; i < 2; i++) {
      var workspace = workspace(folder, database);
      workspaces.add(workspace);
      servers.add(
          TerroirServer.start(
              workspace,
              ServerOptions.loopback("1.2.3", new PrintStream(OutputStream.nullOutputStream())),
              settings(folder)));
    }
    var token = servers.get(0).context().tokens().create("o", Role.OWNER, null, null).secret();
    servers.forEach(server -> apis.add(new ApiClient(server.url(), token)));
  }

  @AfterEach
  void end() {
    servers.forEach(TerroirServer::close);
    workspaces.forEach(Workspace::close);
  }

  static Settings settings(Path folder) {
    var variables = new TreeMap<>(Served.offline(folder).variables());
    variables.putAll(PostgresServer.variables());
    return Settings.of(variables);
  }

  static LocalWorkspace workspace(Path folder, String address) {
    return Workspace.create(
        "team",
        folder.resolve("team"),
        PostgresAddress.parse(address),
        true,
        settings(folder),
        Progress.SILENT);
  }

  private <T> List<T> atOnce(int callers, java.util.function.IntFunction<T> call) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending =
          IntStream.range(0, callers)
              .mapToObj(i -> threads.submit((Callable<T>) () -> call.apply(i)))
              .toList();
      var results = new ArrayList<T>();
      for (var one : pending) {
        results.add(one.get());
      }
      return results;
    }
  }

  private static JsonObject ended(ApiClient api, String job) throws Exception {
    var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      var found = api.get("/api/v1/jobs/" + job).is(200).json();
      if (!List.of("Queued", "Running").contains(found.string("status"))) {
        return found;
      }
      assertThat(System.nanoTime()).as(found.toString()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  @Test
  void registerWhatBothAreAskedForWithoutLosingAny() throws Exception {
    var versions =
        atOnce(
            40,
            i ->
                apis.get(i % 2)
                    .send("POST", "/api/v1/environments", Definitions.of("both", "" + i))
                    .is(201)
                    .json()
                    .string("version"));
    assertThat(new HashSet<>(versions)).hasSize(40);
    for (var api : apis) {
      assertThat(
              api.get("/api/v1/environments/both/versions?limit=100")
                  .is(200)
                  .json()
                  .objects("items"))
          .hasSize(40);
    }
  }

  @Test
  void doTheWorkOfOneKeyOnce() throws Exception {
    var runs =
        atOnce(
            20,
            i ->
                apis.get(i % 2)
                    .with("Idempotency-Key", "one")
                    .send(
                        "POST",
                        "/api/v1/runs",
                        "{\"experiment\": \"once\", \"kind\": \"interactive\"}")
                    .is(201)
                    .json()
                    .string("runId"));
    assertThat(new HashSet<>(runs)).hasSize(1);
    assertThat(apis.get(1).get("/api/v1/runs?experiment=once").is(200).json().objects("items"))
        .hasSize(1);
  }

  /// The call waits for a lock on a file that this test holds, for longer than a lease lasts that
  /// nobody renews; what is done twice is in the audit log twice.
  @Test
  void doTheWorkOfOneKeyOnceHoweverLongItTakes() throws Exception {
    var body =
        JsonObject.builder()
            .put("name", "slow")
            .put("platform", "linux-64")
            .put("text", Definitions.EXPLICIT)
            .build()
            .toString();
    var hash =
        apis.get(0)
            .send("POST", "/api/v1/locks/import", body)
            .is(200)
            .json()
            .object("lock")
            .string("definitionHash");
    var file = folder.resolve("team/locks/" + hash + "/linux-amd64.json.lock");
    assertThat(file).exists();
    List<JsonObject> answers;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending = new ArrayList<java.util.concurrent.Future<JsonObject>>();
      try (var _ = ProcessLock.acquire(file, Duration.ofSeconds(5))) {
        for (var api : apis) {
          pending.add(
              threads.submit(() ->
                  api.with("Idempotency-Key", "slow")
                      .send("POST", "/api/v1/locks/import", body)
                      .is(200)
                      .json()));
          Thread.sleep(500);
        }
        Thread.sleep(18_000);
        assertThat(pending).noneMatch(java.util.concurrent.Future::isDone);
      }
      answers = List.of(pending.get(0).get(), pending.get(1).get());
    }
    assertThat(answers.get(1)).isEqualTo(answers.get(0));
    assertThat(
            apis.get(0).get("/api/v1/audit").is(200).json().objects("items").stream()
                .filter(entry -> entry.string("action").equals("lock.import")))
        .as("the first, and the one of both servers")
        .hasSize(2);
  }

  @Test
  void doWhatBothAreAskedForInOneJob() throws Exception {
    // The turns of both are taken, so that what is asked for cannot end meanwhile.
    var begun = new AtomicInteger();
    for (var server : servers) {
      var jobs = server.context().jobs();
      jobs.register(
          new JobKind(
              "wait",
              true,
              (_, progress) -> {
                begun.incrementAndGet();
                return ServedProcess.await(folder.resolve("go"), progress);
              }));
      for (int i = 0; i < 4; i++) {
        jobs.submit("wait", null, JsonObject.EMPTY, "me", "r");
      }
    }
    while (begun.get() < 8) {
      Thread.sleep(10);
    }
    var definition =
        "{\"definition\": {\"name\": \"NAME\", \"python\": {\"condaDependencies\":"
            + " {\"dependencies\": [\"python=3.11\", {\"pip\": [\"no-such-package==1\"]}]}}}}";
    var asked =
        atOnce(
            8,
            i ->
                apis.get(i % 2)
                    .send("POST", "/api/v1/builds", definition.replace("NAME", "same" + i / 4))
                    .is(202)
                    .json()
                    .string("id"));
    assertThat(new HashSet<>(asked)).hasSize(1);
    var lock = apis.get(1).send("POST", "/api/v1/locks", definition).is(202).json().string("id");
    var other =
        apis.get(0)
            .send("POST", "/api/v1/builds", definition.replace("==1", "==2"))
            .is(202)
            .json()
            .string("id");
    assertThat(asked).doesNotContain(lock, other);
    Files.writeString(folder.resolve("go"), "");
    var job = ended(apis.get(0), asked.getFirst());
    assertThat(job.string("status")).isEqualTo("Failed");
    assertThat(ended(apis.get(1), asked.getFirst())).isEqualTo(job);
    var again = apis.get(1).send("POST", "/api/v1/builds", definition).is(202).json().string("id");
    assertThat(asked).doesNotContain(again);
    ended(apis.get(0), again);
    ended(apis.get(0), lock);
    ended(apis.get(0), other);
  }

  @Test
  void takeOverWhatAKilledOneDid() throws Exception {
    for (var server : servers) {
      for (var kind : List.of("patient", "hasty")) {
        server
            .context()
            .jobs()
            .register(
                new JobKind(
                    kind,
                    kind.equals("patient"),
                    (_, progress) -> ServedProcess.await(folder.resolve("go"), progress)));
      }
    }
    var third = ServedProcess.start(folder, database, "jobs");
    try {
      while (!Files.exists(folder.resolve("begun"))) {
        assertThat(third.isAlive()).isTrue();
        Thread.sleep(20);
      }
      while (apis.get(0).get("/api/v1/jobs?status=Running").json().objects("items").size() < 4) {
        Thread.sleep(20);
      }
      third.destroyForcibly().waitFor();
      Files.writeString(folder.resolve("go"), "");
      for (var job : apis.get(0).get("/api/v1/jobs").is(200).json().objects("items")) {
        var found = ended(apis.get(1), job.string("id"));
        if (found.string("kind").equals("patient")) {
          assertThat(found.string("status")).isEqualTo("Succeeded");
        } else {
          assertThat(found.string("status")).isEqualTo("Failed");
          assertThat(found.object("error").string("code")).isEqualTo("job-interrupted");
        }
      }
    } finally {
      third.destroyForcibly();
    }
  }

  @Test
  void sayThatTheDatabaseIsGoneAndGoOnWhenItIsBack() throws Exception {
    apis.get(0).send("POST", "/api/v1/environments", Definitions.of("kept", "x")).is(201);
    var script =
        "import os, time\nwhile not os.path.exists('"
            + folder.resolve("go")
            + "'): time.sleep(.02)";
    var run = RunsTest.submit(apis.get(0), script, "").string("runId");
    RunsTest.await(apis.get(0), run, "Running"::equals);
    postgres.stop();
    // Nobody can record now how it ends.
    Files.writeString(folder.resolve("go"), "");
    // Each waits for the database for some seconds.
    atOnce(
        8,
        i -> {
          var api = apis.get(i % 2);
          return switch (i / 2) {
            case 0 -> {
              var refused = api.get("/api/v1/environments").refused(503, "database-unreachable");
              assertThat(refused.header("Retry-After")).matches("[1-9][0-9]*");
              yield refused;
            }
            case 1 ->
                api.send("POST", "/api/v1/environments", Definitions.of("lost", "x"))
                    .refused(503, "database-unreachable");
            case 2 -> api.get("/health/ready").refused(503, "server-not-ready");
            default -> api.get("/health/live").is(200);
          };
        });
    // Longer than servers wait before they look at their jobs.
    Thread.sleep(6000);
    postgres.begin();
    assertThat(RunsTest.end(apis.get(1), run).string("status")).isEqualTo("Completed");
    for (var api : apis) {
      api.get("/health/ready").is(200);
      api.get("/api/v1/environments/kept/versions/1").is(200);
      api.get("/api/v1/environments/lost/versions/1").refused(404, "environment-not-found");
      api.send("POST", "/api/v1/environments", Definitions.of("back", "x"));
    }
    assertThat(
            apis.get(1).get("/api/v1/environments/back/versions").is(200).json().objects("items"))
        .hasSize(1);
    var job = apis.get(1).send("POST", "/api/v1/locks", Definitions.lockable("a")).is(202).json();
    assertThat(ended(apis.get(0), job.string("id")).string("status")).isEqualTo("Failed");
  }
}
