package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
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

  /// Who makes the requests.
  Role role() {
    return Role.OWNER;
  }

  /// What they are made to.
  LocalWorkspace workspace() {
    return Workspace.create(
        "team", folder.resolve("team"), true, Served.offline(folder), Progress.SILENT);
  }

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

  private List<String> command(Path program, String url, String token, String phases) {
    return List.of(
        program.toString(),
        "--config-file",
        folder.resolve("schemathesis.toml").toString(),
        "run",
        url + "/api/v1/openapi.json",
        "--header",
        "Authorization: Bearer " + token,
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,"
            + "response_headers_conformance,response_schema_conformance",
        "--phases",
        phases,
        "--exclude-operation-id",
        "score",
        // It finds the token in the list and revokes it: nothing is reached after that.
        "--exclude-operation-id",
        "revokeToken",
        "--max-examples",
        "10",
        "--seed",
        "6",
        "--no-shrink",
        "--continue-on-failure",
        "--request-timeout",
        "20",
        "--warnings",
        "off",
        "--no-color");
  }

  /// Makes one of each kind, so that some of what is made up exists.
  ///
  /// @return the settings by which the program calls them by their names
  private static String names(ApiClient api) {
    var bytes = new byte[] {'x'};
    var digest = Sha256.of(bytes).prefixed();
    var files = "[{\"path\": \"probe\", \"digest\": \"" + digest + "\", \"size\": 1}]";
    api.send("POST", "/api/v1/environments", Definitions.of("probe", "x")).is(201);
    api.put("/api/v1/contents/" + digest, bytes).is(204);
    api.send("POST", "/api/v1/snapshots", "{\"files\": " + files + "}").is(201);
    api.send("POST", "/api/v1/models", "{\"name\": \"probe\", \"files\": " + files + "}").is(201);
    api.put("/api/v1/datastores/workspaceblobstore/files/probe", bytes).is(201);
    api.send(
            "POST",
            "/api/v1/datasets",
            "{\"name\": \"probe\", \"definition\": {\"paths\": [{\"datastore\":"
                + " \"workspaceblobstore\", \"path\": \"probe\"}]}}")
        .is(201);
    var run =
        api.send("POST", "/api/v1/runs", "{\"experiment\": \"probe\", \"kind\": \"interactive\"}")
            .is(201)
            .json()
            .string("runId");
    api.put("/api/v1/runs/" + run + "/files/probe", bytes).is(201);
    return """
    [parameters]
    name = "probe"
    version = "1"
    id = "RUN"
    digest = "DIGEST"
    path = "probe"
    """
        .replace("RUN", run)
        .replace("DIGEST", digest);
  }

  @Test
  void theyFindNoMistakeOfTheServerAndNoAnswerThatTheDocumentDoesNotKnow() throws Exception {
    var program = schemathesis();
    var logged = Files.createFile(folder.resolve("server.log"));
    try (var workspace = workspace();
        var log = new PrintStream(Files.newOutputStream(logged), true, StandardCharsets.UTF_8);
        var server =
            TerroirServer.start(
                workspace, ServerOptions.loopback("1.2.3", log), Served.offline(folder))) {
      var tokens = server.context().tokens();
      var known =
          names(
              new ApiClient(server.url(), tokens.create("names", Role.OWNER, null, null).secret()));
      var token = tokens.create("fuzz", role(), null, null).secret();
      var api = new ApiClient(server.url(), token);
      var told = folder.resolve("schemathesis.log");
      for (var names : List.of("", known)) {
        Files.writeString(folder.resolve("schemathesis.toml"), names);
        var phases = names.isEmpty() ? "fuzzing" : "coverage,fuzzing";
        var status = run(command(program, server.url(), token, phases), told);
        assertThat(status).as(Files.readString(told)).isZero();
        // Whoever lost the token has tested nothing.
        api.get("/api/v1").is(200);
      }
      assertThat(Files.readString(logged)).doesNotContain("\"event\":\"failure\"");
    }
  }
}
