package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Requests that a program makes up from the OpenAPI document (schemathesis)")
class FuzzTest {
  private static final String VERSION = "4.32.5";
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir Path folder;

  private static int run(List<String> command, Path told) throws Exception {
    var process =
        new ProcessBuilder(command)
            .directory(told.getParent().toFile())
            .redirectErrorStream(true)
            .redirectOutput(told.toFile())
            .start();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(command.getFirst() + " does not end");
    }
    return process.exitValue();
  }

  /// The program, in an environment that is made once.
  private Path schemathesis() throws Exception {
    var environment = Path.of("target", "schemathesis-" + VERSION).toAbsolutePath();
    var program = environment.resolve("bin/schemathesis");
    var isMade = environment.resolve("made");
    if (!Files.exists(isMade)) {
      var told = folder.resolve("install.log");
      var hasOne =
          run(List.of("python3", "-m", "venv", environment.toString()), told) == 0
              && run(
                      List.of(
                          environment.resolve("bin/python").toString(),
                          "-m",
                          "pip",
                          "install",
                          "--quiet",
                          "--disable-pip-version-check",
                          "schemathesis==" + VERSION),
                      told)
                  == 0;
      if (!hasOne) {
        System.err.println(
            "SKIPPED: schemathesis " + VERSION + " is not to be had: " + Files.readString(told));
      }
      assumeTrue(hasOne, "schemathesis");
      Files.createFile(isMade);
    }
    return program;
  }

  @Test
  void theyFindNoMistakeOfTheServerAndNoAnswerThatTheDocumentDoesNotKnow() throws Exception {
    var program = schemathesis();
    var logged = Files.createFile(folder.resolve("server.log"));
    try (var workspace =
            Workspace.create("team", folder.resolve("team"), true, Served.offline(folder), Progress.SILENT);
        var log = new PrintStream(Files.newOutputStream(logged), true, StandardCharsets.UTF_8);
        var server =
            TerroirServer.start(workspace, ServerOptions.loopback("1.2.3", log), Served.offline(folder))) {
      var token = server.context().tokens().create("fuzz", Role.OWNER, null, null).secret();
      var api = new ApiClient(server.url(), token);
      // So that some of what is made up exists.
      api.send("POST", "/api/v1/environments", Definitions.of("0", "x")).is(201);
      api.put("/api/v1/contents/" + Sha256.of("x").prefixed(), new byte[] {'x'}).is(204);
      var told = folder.resolve("schemathesis.log");
      var status =
          run(
              List.of(
                  program.toString(),
                  "run",
                  server.url() + "/api/v1/openapi.json",
                  "--header",
                  "Authorization: Bearer " + token,
                  "--checks",
                  "not_a_server_error,status_code_conformance,content_type_conformance,"
                      + "response_headers_conformance,response_schema_conformance",
                  "--phases",
                  "examples,coverage,fuzzing",
                  "--exclude-operation-id",
                  "score",
                  "--max-examples",
                  "20",
                  "--seed",
                  "6",
                  "--no-shrink",
                  "--continue-on-failure",
                  "--request-timeout",
                  "20",
                  "--warnings",
                  "off",
                  "--no-color"),
              told);
      assertThat(status).as(Files.readString(told)).isZero();
      assertThat(Files.readString(logged)).doesNotContain("\"event\":\"failure\"");
      api.get("/health/ready").is(200);
    }
  }
}
