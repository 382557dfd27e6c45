package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.client.ClientCode;
import dev.terroir.client.RemoteWorkspace;
import dev.terroir.compute.configuration.ScriptRunConfig;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonValue.JsonArray;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.environments.EnvironmentRegistry.Registered;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The Java client at a server that is newer")
class NewerServerTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path folder;
  private Served served;
  private HttpServer newer;
  private volatile UnaryOperator<JsonValue> change = NewerServerTest::grown;
  private volatile int refusal;

  @BeforeEach
  void serve() throws IOException {
    served = new Served(folder);
    newer = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    newer.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    newer.createContext("/", this::answer);
    newer.start();
  }

  @AfterEach
  void end() {
    newer.stop(0);
    served.close();
  }

  private RemoteWorkspace open() {
    return RemoteWorkspace.open(
        "http://127.0.0.1:" + newer.getAddress().getPort(),
        Served.settings(folder).with(Settings.TERROIR_TOKEN, served.tokens.get(Role.OWNER)),
        Progress.SILENT);
  }

  /// What this version's server answers, changed.
  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (refusal != 0) {
        exchange.getResponseHeaders().set("Terroir-Server", "9.0");
        exchange.sendResponseHeaders(refusal, -1);
        return;
      }
      var request =
          HttpRequest.newBuilder(URI.create(served.server.url() + exchange.getRequestURI()))
              .method(
                  exchange.getRequestMethod(),
                  BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()));
      for (var name :
          List.of("Authorization", "Accept", "Content-Type", "Idempotency-Key", "If-Match")) {
        var value = exchange.getRequestHeaders().getFirst(name);
        if (value != null) {
          request.header(name, value);
        }
      }
      var response = HTTP.send(request.build(), BodyHandlers.ofByteArray());
      var body = response.body();
      for (var name : List.of("Content-Type", "ETag", "Location", "Terroir-Log-Offset")) {
        response
            .headers()
            .firstValue(name)
            .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
      }
      if (response.headers().firstValue("Content-Type").orElse("").startsWith("application/json")) {
        var json = JsonReader.parse(new String(body, StandardCharsets.UTF_8), "answer");
        body = change.apply(json).toString().getBytes(StandardCharsets.UTF_8);
      }
      exchange.sendResponseHeaders(response.statusCode(), body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// The same with one more field in every object, but in those of users' own names, in
  /// dependencies, where each object is a section of conda's, and in locks, which are files of a
  /// format with a version and a digest of their own.
  private static JsonValue grown(JsonValue value) {
    return switch (value) {
      case JsonArray(var elements) ->
          new JsonArray(elements.stream().map(NewerServerTest::grown).toList());
      case JsonObject lock when lock.optionalString("definitionHash").isPresent() -> lock;
      case JsonObject object -> {
        var grown = JsonObject.builder();
        object
            .members()
            .forEach((name, member) ->
                grown.put(
                    name,
                    List.of("dependencies", "environmentVariables", "tags", "properties")
                            .contains(name)
                        ? member
                        : grown(member)));
        yield grown.put("addedLater", JsonObject.builder().put("unknown", "x").build()).build();
      }
      default -> value;
    };
  }

  private static JsonValue speaking(JsonValue about, String... versions) {
    return ((JsonObject) about)
        .toBuilder().put("version", "9.0").put("api", List.of(versions)).build();
  }

  private void isRefused(String... named) {
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            TerroirException.class,
            failure -> {
              assertThat(failure.problem().code()).isEqualTo(ClientCode.SERVER_INCOMPATIBLE);
              assertThat(failure.problem().render()).contains(named);
            });
  }

  @Test
  void isRefusedByBothVersionsWhenItNoLongerSpeaksOurs() {
    change = about -> speaking(about, "v8", "v9");
    isRefused("v8, v9", "v1", "Terroir 9.0");
    change = about -> speaking(about);
    isRefused("no version", "v1", "Terroir 9.0");
    change =
        about -> ((JsonObject) about).toBuilder().put("api", "v9").put("version", "9.0").build();
    isRefused("v9", "v1", "Terroir 9.0");
    refusal = 404;
    isRefused("v1", "Terroir 9.0");
    refusal = 410;
    isRefused("v1", "Terroir 9.0");
  }

  @Test
  void servesWhenItSpeaksOursToo() {
    change = about -> speaking(about, "v1", "v9");
    try (var remote = open()) {
      assertThat(remote.name()).isEqualTo("team");
    }
  }

  @Test
  void mayAnswerMoreThanThisVersionKnows() throws Exception {
    var warnings = new ArrayList<String>();
    try (var remote = open()) {
      assertThat(remote.details()).isEqualTo(served.workspace.details());
      remote.update(before -> before.withContainerRegistry("registry.example/team"));
      remote.update(before -> before.withOwnRegistry());
      assertThat(remote.details()).isEqualTo(served.workspace.details());

      var environment =
          Environment.read(
              JsonReader.parseObject(Definitions.of("demo", "1"), "definition"), warnings::add);
      var registered = remote.environments().register(environment);
      assertThat(registered.isNew()).isTrue();
      assertThat(known(registered))
          .isEqualTo(known(served.workspace.environments().get("demo", "1", null)));
      remote.environments().label("demo", "1", List.of("stable"));
      assertThat(known(remote.environments().get("demo", null, "stable")))
          .isEqualTo(known(registered));
      assertThat(remote.environments().list().keySet())
          .isEqualTo(served.workspace.environments().list().keySet());
      assertThat(remote.environments().versions("demo")).hasSize(1);
      assertThat(remote.environments().labels("demo", "1")).containsExactly("stable");
      assertThat(remote.getImageDetails(environment))
          .isEqualTo(served.workspace.getImageDetails(environment));

      var lock =
          served
              .owner()
              .send(
                  "POST",
                  "/api/v1/locks/import",
                  JsonObject.builder()
                      .put("name", "listed")
                      .put("platform", "linux-64")
                      .put("text", Definitions.EXPLICIT)
                      .build()
                      .toString())
              .is(200)
              .json();
      var listed = Environment.read(lock.object("environment").object("definition"), _ -> {});
      assertThat(remote.findLock(listed, Platform.LINUX_AMD64, null).orElseThrow().digest())
          .isEqualTo(
              served.workspace.findLock(listed, Platform.LINUX_AMD64, null).orElseThrow().digest());
      assertThatThrownBy(() ->
              remote.lock(
                  environment("no-such-package==1"), Workspace.LockOptions.here(), Progress.SILENT))
          .isInstanceOf(TerroirException.class);

      assertThat(remote.datastores().list()).isEqualTo(served.workspace.datastores().list());
      var file = Files.writeString(folder.resolve("m.txt"), "weights");
      remote.datastores().write("workspaceblobstore", "a/m.txt", file, false);
      assertThat(remote.datastores().files("workspaceblobstore", "a")).hasSize(1);
      assertThat(remote.computeTargets().list())
          .isEqualTo(served.workspace.computeTargets().list());
      assertThat(remote.tokens().list().stream().map(token -> token.string("name")))
          .contains("owner", "reader");
      assertThat(remote.models().register("m", file, Map.of("a", "b"), null).longValue("version"))
          .isEqualTo(1);
      assertThat(remote.models().list("m")).hasSize(1);
      var copy = folder.resolve("copy");
      remote.models().download("m:1", copy);
      assertThat(copy).exists();
      assertThat(remote.services().list()).isEmpty();

      var code = Files.createDirectories(folder.resolve("code"));
      Files.writeString(code.resolve("train.py"), "print('hello')\n");
      var run =
          remote
              .runs()
              .submit(
                  "first",
                  ScriptRunConfig.of(code, "train.py", List.of(), environment),
                  Progress.SILENT)
              .id();
      assertThat(RunsTest.end(served.owner(), run).string("status")).isEqualTo("Completed");
      assertThat(remote.runs().details(run).string("status")).isEqualTo("Completed");
      assertThat(remote.runs().list("first")).hasSize(1);
      assertThat(remote.runs().environment(run).name()).isEqualTo("demo");
      assertThat(remote.runs().metrics(run, null)).isEmpty();
      assertThat(remote.runs().download(run, "", folder.resolve("got"), Progress.SILENT))
          .isPositive();
    }
    assertThat(warnings).isEmpty();
  }

  /// All but members of the definition that are kept though they are not known.
  private static List<String> known(Registered version) {
    return List.of(
        version.environment().name(), version.version(), version.hash(), version.createdAt());
  }

  private static Environment environment(String requirement) {
    return Environment.read(
        JsonReader.parseObject(
            """
            {"name": "locked", "python": {"condaDependencies":
              {"dependencies": ["python=3.11", {"pip": ["REQUIREMENT"]}]}}}
            """
                .replace("REQUIREMENT", requirement),
            "definition"),
        _ -> {});
  }
}
