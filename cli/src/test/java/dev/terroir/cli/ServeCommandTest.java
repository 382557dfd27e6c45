package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("terroir serve, token and login, as processes")
class ServeCommandTest {
  @TempDir Path folder;

  private final HttpClient http = HttpClient.newHttpClient();

  private Process start(Terroir terroir, String... arguments) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.terroir.cli.Main"));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).directory(terroir.project.toFile());
    builder.environment().clear();
    builder.environment().putAll(terroir.settings.variables());
    return builder.start();
  }

  private JsonObject finish(Process process) throws Exception {
    var out = new String(process.getInputStream().readAllBytes());
    var err = new String(process.getErrorStream().readAllBytes());
    assertThat(process.waitFor()).as(out + err).isZero();
    return JsonReader.parseObject(out, "output");
  }

  private HttpResponse<String> get(String url, String token) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + token).build(),
        BodyHandlers.ofString());
  }

  private static void end(JsonObject description) {
    ProcessHandle.of(description.longValue("pid"))
        .ifPresent(process -> {
          process.destroy();
          process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
        });
  }

  @Test
  void twoWhoDetachAtOnceGetOneServer() throws Exception {
    var terroir = new Terroir(folder);
    terroir.run("workspace", "create", "-n", "team", "--no-config").succeeds();
    JsonObject description = null;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending =
          List.of(1, 2, 3).stream()
              .map(_ ->
                  threads.submit(
                      () -> finish(start(terroir, "serve", "--detach", "--workspace", "team"))))
              .toList();
      var found = new ArrayList<JsonObject>();
      for (var result : pending) {
        found.add(result.get());
      }
      assertThat(found.stream().map(it -> it.string("url")).distinct()).hasSize(1);
      var tokenFile = Path.of(found.getFirst().string("tokenFile"));
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(tokenFile)))
          .isEqualTo("rw-------");
      description = JsonReader.readObject(tokenFile.resolveSibling("server.json"));
      assertThat(description.members().keySet())
          .containsExactly("url", "pid", "startTime", "version");
      var about =
          get(found.getFirst().string("url") + "/api/v1", Files.readString(tokenFile).strip());
      assertThat(about.statusCode()).isEqualTo(200);
      assertThat(JsonReader.parseObject(about.body(), "answer").string("workspace"))
          .isEqualTo("team");
      end(description);
      assertThat(tokenFile).doesNotExist();
      assertThat(tokenFile.resolveSibling("server.json")).doesNotExist();
      description = null;
    } finally {
      if (description != null) {
        end(description);
      }
    }
  }

  @Test
  void aTeamsServerTakesTheTokenThatAnOwnerMadeAndEndsOnRequest() throws Exception {
    var terroir = new Terroir(folder);
    terroir.run("workspace", "create", "-n", "team", "--no-config").succeeds();
    var secret =
        terroir
            .run(
                "token",
                "create",
                "--workspace",
                "team",
                "--name",
                "alice",
                "--role",
                "contributor",
                "--expires",
                "30d")
            .succeeds()
            .json()
            .string("secret");
    var server = start(terroir, "serve", "--workspace", "team", "--listen", "127.0.0.1:0");
    try {
      var description = terroir.home.resolve("data/workspaces/team/server/server.json");
      while (!Files.exists(description)) {
        assertThat(server.isAlive()).isTrue();
        Thread.sleep(20);
      }
      var url = JsonReader.readObject(description).string("url");
      assertThat(get(url + "/api/v1", secret).statusCode()).isEqualTo(200);
      var login = start(terroir, "login", "--endpoint", url);
      login.getOutputStream().write((secret + "\n").getBytes());
      login.getOutputStream().close();
      assertThat(finish(login).string("role")).isEqualTo("contributor");
      var kept = terroir.home.resolve("config/tokens.json");
      assertThat(JsonReader.readObject(kept).string(url)).isEqualTo(secret);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
          .isEqualTo("rw-------");
      var second = start(terroir, "serve", "--workspace", "team", "--listen", "127.0.0.1:0");
      var said = new String(second.getErrorStream().readAllBytes());
      assertThat(second.waitFor()).isEqualTo(4);
      assertThat(said).contains("[server-running]", url);
      var listed = terroir.run("token", "list", "--workspace", "team").succeeds().out();
      assertThat(listed).contains("alice").doesNotContain(secret);
      var register =
          http.send(
              HttpRequest.newBuilder(URI.create(url + "/api/v1/builds"))
                  .header("Authorization", "Bearer " + secret)
                  .header("Content-Type", "application/json")
                  .POST(
                      BodyPublishers.ofString(
                          "{\"kind\": \"local\", \"definition\": {\"name\": \"a\", \"python\":"
                              + " {\"userManagedDependencies\": true, \"interpreterPath\":"
                              + " \"python3\"}}}"))
                  .build(),
              BodyHandlers.ofString());
      assertThat(register.statusCode()).as(register.body()).isEqualTo(202);
      var job = url + register.headers().firstValue("Location").orElseThrow();
      JsonObject state;
      do {
        Thread.sleep(50);
        state = JsonReader.parseObject(get(job, secret).body(), "job");
      } while (List.of("Queued", "Running").contains(state.string("status")));
      assertThat(state.string("status")).as(state.toString()).isEqualTo("Succeeded");
      server.destroy();
      assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isZero();
    } finally {
      server.destroyForcibly();
    }
  }

  @Test
  void whatCannotBeMeantIsRefused() {
    var terroir = new Terroir(folder);
    terroir.run("workspace", "create", "-n", "team", "--no-config").succeeds();
    for (var arguments :
        List.of(
            List.of("serve", "--workspace", "team", "--listen", "nothing"),
            List.of("serve", "--workspace", "team", "--listen", "0.0.0.0:0"),
            List.of("serve", "--workspace", "team", "--tls-key", "x"),
            List.of("serve", "--workspace", "team", "--max-upload", "big"),
            List.of("token", "create", "--workspace", "team", "-n", "a", "--role", "king"),
            List.of("token", "create", "--workspace", "team", "-n", "a", "--expires", "0d"),
            List.of("login", "--endpoint", "ftp://x"))) {
      var outcome = terroir.run(String.join(" ", arguments));
      assertThat(outcome.code()).as(arguments + outcome.err()).isEqualTo(2);
      assertThat(outcome.err()).contains("hint:");
    }
  }
}
