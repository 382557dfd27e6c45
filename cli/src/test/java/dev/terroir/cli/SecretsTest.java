package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Secrets stay where their owner put them")
class SecretsTest {
  private static final String SECRET = "s3cr3t-planted-for-this-test";

  @TempDir Path folder;

  @Test
  void aPasswordOfAnIndexReachesTheIndexAndNothingElse() throws Exception {
    var wheels = WheelHouse.make(folder.resolve("served"));
    var authorised = new ConcurrentLinkedQueue<Boolean>();
    var expected =
        "Basic "
            + Base64.getEncoder()
                .encodeToString(("user:" + SECRET).getBytes(StandardCharsets.UTF_8));
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            var allowed = expected.equals(exchange.getRequestHeaders().getFirst("Authorization"));
            authorised.add(allowed);
            if (!allowed) {
              exchange.getResponseHeaders().set("WWW-Authenticate", "Basic");
              exchange.sendResponseHeaders(401, -1);
              return;
            }
            var path = exchange.getRequestURI().getPath();
            byte[] body;
            if (path.endsWith(".whl")) {
              body = Files.readAllBytes(wheels.resolve(path.substring(path.lastIndexOf('/') + 1)));
            } else {
              var name = path.replaceAll("^/simple/|/$", "");
              var links = new StringBuilder("<html><body>");
              try (var files = Files.list(wheels)) {
                for (var file :
                    files.map(file -> file.getFileName().toString()).sorted().toList()) {
                  if (file.replace('_', '-').startsWith(name + "-")) {
                    links
                        .append("<a href='/files/")
                        .append(file)
                        .append("'>")
                        .append(file)
                        .append("</a>");
                  }
                }
              }
              exchange.getResponseHeaders().set("Content-Type", "text/html");
              body = links.append("</body></html>").toString().getBytes(StandardCharsets.UTF_8);
            }
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
    try {
      var url =
          "http://user:" + SECRET + "@127.0.0.1:" + server.getAddress().getPort() + "/simple/";
      var terroir =
          new Terroir(folder, List.of("PIP_NO_INDEX=0", "PIP_FIND_LINKS=", "PIP_INDEX_URL=" + url));
      terroir.environment("demo", "beta");
      var everything = new StringBuilder();
      terroir.write("source/train.py", "print('trained')");
      for (var command :
          List.of(
              "environment lock --verbose -d " + terroir.directory(),
              "environment install --verbose -d " + terroir.directory(),
              "environment register -d " + terroir.directory(),
              "run submit-script -e test --environment demo --source "
                  + terroir.project.resolve("source")
                  + " train.py",
              "doctor",
              "lock show -n demo",
              "lock export -n demo --format requirements")) {
        var outcome = terroir.run(command);
        everything.append(outcome.out()).append(outcome.err());
        assertThat(outcome.code()).as(command + outcome.err()).isZero();
      }
      assertThat(authorised).contains(true);
      assertThat(everything).doesNotContain(SECRET);
      assertNowhere(terroir.home);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aPasswordInADefinitionIsRefusedAndNotRepeated() throws Exception {
    var terroir = new Terroir(folder);
    terroir.write(
        "requirements.txt", "alpha @ https://user:" + SECRET + "@host.example/alpha.whl\n");
    var requirements =
        terroir.run(
            "environment create -n demo -f "
                + terroir.project.resolve("requirements.txt")
                + " -d "
                + terroir.directory());
    assertThat(requirements.code()).isEqualTo(2);
    assertThat(requirements.err())
        .contains("secret-in-definition", "requirements.txt:1")
        .doesNotContain(SECRET);

    terroir.write(
        "environment.yml",
        "dependencies:\n- pip:\n  - --extra-index-url https://user:"
            + SECRET
            + "@host.example/simple\n");
    var conda =
        terroir.run(
            "environment create -n demo -f "
                + terroir.project.resolve("environment.yml")
                + " -d "
                + terroir.directory());
    assertThat(conda.code()).isEqualTo(2);
    assertThat(conda.err()).contains("secret-in-definition").doesNotContain(SECRET);

    terroir.write("saved/conda_dependencies.yml", "dependencies:\n- pip: [alpha]\n");
    terroir.write(
        "saved/azureml_environment.json",
        """
        {"name": "saved", "docker": {"baseImage": "x", "baseImageRegistry":
          {"address": "registry.example", "username": "user", "password": "%s"}}}
        """
            .formatted(SECRET));
    var saved =
        terroir.run("environment register -d " + terroir.project.resolve("saved")).succeeds();
    assertThat(saved.err()).contains("password was not taken over");
    assertThat(saved.out()).doesNotContain(SECRET);
    assertNowhere(terroir.home);
  }

  private static void assertNowhere(Path home) throws Exception {
    try (var walk = Files.walk(home)) {
      for (var file : walk.filter(Files::isRegularFile).toList()) {
        var text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        assertThat(text.contains(SECRET)).as(file.toString()).isFalse();
      }
    }
  }
}
