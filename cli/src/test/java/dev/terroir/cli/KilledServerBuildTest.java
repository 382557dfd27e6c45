package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.client.Endpoint;
import dev.terroir.client.RestClient;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Digest;
import dev.terroir.samples.PostgresServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A server that is killed while it builds an image")
class KilledServerBuildTest {
  private static final Pattern SERVES = Pattern.compile("serves `team` at (\\S+)");
  private static final String LAYERS = "making layers";
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path folder;

  private Terroir terroir;
  private Path team;
  private String base;
  private String token;
  private final List<Process> servers = new ArrayList<>();

  @AfterEach
  void end() {
    servers.forEach(Process::destroyForcibly);
  }

  /// @param database its address, or empty for SQLite
  private void create(String database) throws IOException {
    // A password of a variable is not handed on to processes.
    var login = folder.resolve("pgpass");
    Files.writeString(login, "*:*:*:" + PostgresServer.USER + ":" + PostgresServer.PASSWORD + "\n");
    Files.setPosixFilePermissions(login, PosixFilePermissions.fromString("rw-------"));
    terroir = new Terroir(folder, List.of("PGUSER=" + PostgresServer.USER, "PGPASSFILE=" + login));
    team = folder.resolve("team");
    base = SmallBase.make(folder.resolve("base"), Terroir.python());
    terroir
        .run(
            "workspace create -n team --no-config -d "
                + team
                + (database.isEmpty() ? "" : " --database " + database))
        .succeeds();
    token =
        terroir
            .run("token create -n me --role contributor --workspace " + team)
            .succeeds()
            .json()
            .string("secret");
  }

  /// A definition of packages whose layers take a moment.
  private JsonObject definition(String name) {
    var text = new StringBuilder();
    new Random(name.hashCode()).ints(4_000_000, ' ' + 1, 'z').forEach(c -> text.append((char) c));
    var requirements = new ArrayList<String>();
    for (var part : List.of("one", "two", "three", "four")) {
      var files = new LinkedHashMap<String, String>();
      for (int i = 0; i < 12; i++) {
        files.put(name + part + "/m" + i + ".py", "def f" + i + "(x):\n  return [x] * " + i + "\n");
      }
      files.put(name + part + "/data.txt", text.toString());
      WheelHouse.wheel(folder.resolve("wheels"), name + part, "1.0", List.of(), files);
      requirements.add(name + part);
    }
    terroir.environment(name, requirements.toArray(String[]::new));
    var json = SavedDirectory.load(Path.of(terroir.directory()), _ -> {}).toJson();
    var docker = json.object("docker").toBuilder().put("baseImage", base).build();
    return json.toBuilder().put("docker", docker).build();
  }

  private record Server(Process process, RestClient client) {}

  private Server serve() throws Exception {
    var log = folder.resolve("server-" + servers.size() + ".log");
    var process = terroir.startInto("serve --listen 127.0.0.1:0 --workspace " + team, log);
    servers.add(process);
    var url =
        await(() -> {
          var said = Files.exists(log) ? Files.readString(log) : "";
          assertThat(process.isAlive()).as(said).isTrue();
          var matcher = SERVES.matcher(said);
          return matcher.find() ? matcher.group(1) : null;
        });
    return new Server(process, new RestClient(Endpoint.parse(url), token, terroir.settings));
  }

  private static <T> T await(Callable<T> look) throws Exception {
    var deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (true) {
      var found = look.call();
      if (found != null) {
        return found;
      }
      assertThat(System.nanoTime()).as("waited for too long").isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private static JsonObject ended(Server server, String job) throws Exception {
    return await(() -> {
      var found = server.client().get("/jobs/" + job).json();
      return List.of("Queued", "Running").contains(found.string("status")) ? null : found;
    });
  }

  private Path log(String job) {
    return team.resolve("server/jobs").resolve(job + ".log");
  }

  /// Kills a server, and waits until what it started has noticed.
  private static void kill(Server server) throws Exception {
    var children = server.process().descendants().toList();
    server.process().destroyForcibly().waitFor();
    await(() -> children.stream().anyMatch(ProcessHandle::isAlive) ? null : true);
  }

  /// What a workspace makes where nobody disturbs it.
  private String expected(JsonObject definition) throws IOException {
    var alone =
        new Terroir(
            Files.createTempDirectory(folder, "alone"),
            List.of("PIP_FIND_LINKS=" + folder.resolve("wheels")));
    alone.run("workspace create -n alone --no-config").succeeds();
    var file = alone.write("environment/azureml_environment.json", definition.toString());
    return alone
        .run("environment build --workspace alone -d " + file.getParent())
        .succeeds()
        .json()
        .string("digest");
  }

  /// Checks every blob of the cache and of the workspace's registry.
  private void isSound() throws IOException {
    assertThat(terroir.run("cache verify").succeeds().json().strings("damaged")).isEmpty();
    var registry = new OciLayout(team.resolve("registry"));
    if (registry.exists()) {
      assertThat(registry.verify()).isEmpty();
    }
  }

  private long stored() throws IOException {
    var blobs = team.resolve("registry/blobs/sha256");
    if (!Files.exists(blobs)) {
      return 0;
    }
    try (var files = Files.list(blobs)) {
      return files.filter(file -> file.getFileName().toString().matches("[0-9a-f]{64}")).count();
    }
  }

  private static String begin(Server server, JsonObject definition) {
    var input = JsonObject.builder().put("definition", definition).build();
    return server.client().post("/builds", input).json().string("id");
  }

  private void awaitLayers(String job) throws Exception {
    await(() -> Files.exists(log(job)) && Files.readString(log(job)).contains(LAYERS) ? job : null);
  }

  /// What a job has come to that a killed server was at: done again, as if nobody had disturbed it.
  private void isDoneAgain(JsonObject job, String digest) throws IOException {
    assertThat(job.string("status")).as(job.toString()).isEqualTo("Succeeded");
    assertThat(job.object("result").string("digest")).isEqualTo(digest);
    assertThat(Files.readString(log(job.string("id"))).split(LAYERS, -1))
        .as("parts of the log of a build that was begun twice")
        .hasSize(3);
  }

  @Test
  void isFollowedByOneThatBuildsWhatNobodyDisturbed() throws Exception {
    create("");
    for (var instant : List.of("layers", "stored")) {
      var definition = definition(instant);
      var before = stored();
      var first = serve();
      var job = begin(first, definition);
      awaitLayers(job);
      if (instant.equals("stored")) {
        await(() -> stored() > before ? instant : null);
      }
      kill(first);
      isSound();

      var second = serve();
      var digest = expected(definition);
      isDoneAgain(ended(second, job), digest);
      var again = ended(second, begin(second, definition));
      assertThat(again.object("result").string("digest")).isEqualTo(digest);
      kill(second);
      isSound();
    }
  }

  @Test
  void isFollowedByOneThatHasTheImageWhichWasPulledMeanwhile() throws Exception {
    create("");
    var definition = definition("pulled");
    var first = serve();
    first.client().post("/environments", definition);
    var pulling = pull(first);
    var job =
        await(() ->
            first.client().get("/jobs").json().objects("items").stream()
                .map(one -> one.string("id"))
                .findFirst()
                .orElse(null));
    awaitLayers(job);
    kill(first);
    assertThat(pulling).failsWithin(Duration.ofSeconds(20));
    isSound();

    var second = serve();
    var answer = pull(second).get();
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    var digest = Digest.of(answer.body().getBytes(StandardCharsets.UTF_8)).toString();
    assertThat(digest).isEqualTo(expected(definition));
    isDoneAgain(ended(second, job), digest);
    assertThat(second.client().get("/jobs").json().objects("items")).hasSize(1);
    kill(second);
    isSound();
  }

  /// Pulls the manifest of the environment `pulled`.
  private CompletableFuture<HttpResponse<String>> pull(Server server) {
    var request =
        HttpRequest.newBuilder(
                URI.create(
                    server.client().endpoint().url() + "/v2/environments/pulled/manifests/1"))
            .header("Authorization", "Bearer " + token)
            .build();
    return HTTP.sendAsync(request, BodyHandlers.ofString());
  }

  @Test
  void isRelievedByAnotherOfTheSameDatabase() throws Exception {
    var postgres = PostgresServer.shared();
    assumeTrue(postgres.isPresent(), "PostgreSQL");
    create(postgres.get().url(PostgresServer.newSchema()));
    var definition = definition("relieved");
    var first = serve();
    var second = serve();
    var job = begin(first, definition);
    awaitLayers(job);
    kill(first);
    var killed = System.nanoTime();
    isSound();
    assertThat(second.client().get("/jobs/" + job).json().string("status")).isEqualTo("Running");

    var digest = expected(definition);
    isDoneAgain(ended(second, job), digest);
    assertThat(Duration.ofNanos(System.nanoTime() - killed))
        .as("a lease, the look for it, and the build")
        .isLessThan(Duration.ofSeconds(60));
    var again = ended(second, begin(second, definition));
    assertThat(again.object("result").string("digest")).isEqualTo(digest);
    kill(second);
    isSound();
  }
}
