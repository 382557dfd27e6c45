package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.accounts.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The resources of a workspace over HTTP")
class ResourcesTest {
  @TempDir Path folder;
  private Served served;
  private ApiClient api;

  /// The address of the records' database; empty for SQLite.
  String database() {
    return "";
  }

  @BeforeEach
  void serve() {
    served = new Served(folder, Limits.DEFAULT, database());
    api = served.owner();
  }

  @AfterEach
  void end() {
    served.close();
  }

  private static String definition(String name, String variable) {
    return Definitions.of(name, variable);
  }

  @Test
  void aDefinitionGetsAVersionAndTheSameOneNone() {
    var first = api.send("POST", "/api/v1/environments", definition("a", "1")).is(201).json();
    assertThat(first.string("version")).isEqualTo("1");
    api.send("POST", "/api/v1/environments", definition("a", "1")).is(200);
    var second = api.send("POST", "/api/v1/environments", definition("a", "2")).is(201).json();
    assertThat(second.string("version")).isEqualTo("2");
    var latest = api.get("/api/v1/environments/a/versions/latest").is(200);
    assertThat(latest.json().string("version")).isEqualTo("2");
    assertThat(api.get("/api/v1/environments/a/versions").is(200).json().objects("items"))
        .extracting(item -> item.string("version"))
        .containsExactly("1", "2");
    api.get("/api/v1/environments/a/versions/7").refused(404, "environment-not-found");
    api.get("/api/v1/environments/nothing/versions").refused(404, "environment-not-found");
  }

  @Test
  void whatIsRegisteredAndItsIdempotencyKeyAreKeptTogetherOrNotAtAll() {
    var records = served.workspace.database();
    var isSqlite = database().isEmpty();
    records.update(
        isSqlite
            ? "CREATE TRIGGER refusal BEFORE INSERT ON idempotency"
                + " BEGIN SELECT RAISE(ABORT, 'no'); END"
            : "ALTER TABLE idempotency ADD CONSTRAINT refusal CHECK (request <> 'k')");
    var once = api.with("Idempotency-Key", "k");
    var set =
        "{\"name\": \"s\", \"definition\": {\"paths\": [{\"datastore\":"
            + " \"workspaceblobstore\", \"path\": \"a\"}]}}";
    for (var body : new String[] {definition("a", "1"), set}) {
      var place = "/api/v1/" + (body.equals(set) ? "datasets" : "environments");
      assertThat(once.send("POST", place, body).status()).isGreaterThanOrEqualTo(500);
    }
    api.get("/api/v1/environments/a/versions").refused(404, "environment-not-found");
    assertThat(api.get("/api/v1/datasets").is(200).json().objects("items")).isEmpty();
    assertThat(records.query("SELECT action FROM audit", row -> row.getString(1)))
        .doesNotContain("environment.register", "dataset.register");
    records.update(
        isSqlite ? "DROP TRIGGER refusal" : "ALTER TABLE idempotency DROP CONSTRAINT refusal");
    for (int i = 0; i < 2; i++) {
      var made = once.send("POST", "/api/v1/environments", definition("a", "1")).is(201).json();
      assertThat(made.string("version")).isEqualTo("1");
    }
  }

  @Test
  void anEtagSavesTheTransferAndGuardsTheChange() {
    api.send("POST", "/api/v1/environments", definition("a", "1")).is(201);
    var path = "/api/v1/environments/a/versions/1";
    var etag = api.get(path).is(200).header("ETag");
    api.with("If-None-Match", etag).get(path).is(304);
    api.with("If-Match", "\"other\"")
        .send("PATCH", path, "{\"labels\": [\"prod\"]}")
        .refused(412, "precondition-failed");
    var changed =
        api.with("If-Match", etag).send("PATCH", path, "{\"labels\": [\"prod\"]}").is(200);
    assertThat(changed.json().strings("labels")).containsExactly("prod");
    assertThat(
            api.get("/api/v1/environments/a/versions/latest?label=prod")
                .is(200)
                .json()
                .string("version"))
        .isEqualTo("1");
    api.with("If-None-Match", etag).get(path).is(200);
    api.send("PATCH", path, "{\"archived\": true}").is(200);
    assertThat(names("prefix=a")).doesNotContain("a");
  }

  private List<String> names(String query) {
    return api.get("/api/v1/environments?" + query).is(200).json().objects("items").stream()
        .map(item -> item.string("name"))
        .toList();
  }

  @Test
  void pagesHoldEveryNameOnce() {
    var expected = new ArrayList<String>();
    for (int i = 10; i < 33; i++) {
      api.send("POST", "/api/v1/environments", definition("page-" + i, "1")).is(201);
      expected.add("page-" + i);
    }
    var found = new ArrayList<String>();
    var after = "";
    do {
      var page = api.get("/api/v1/environments?prefix=page-&limit=5" + after).is(200).json();
      page.objects("items").forEach(item -> found.add(item.string("name")));
      after = page.optionalString("next").map(next -> "&after=" + next).orElse("");
    } while (!after.isEmpty());
    assertThat(found).isEqualTo(expected);
    assertThat(names("limit=1000")).contains("page-20").anyMatch(it -> it.startsWith("AzureML"));
    api.get("/api/v1/environments?after=%25").refused(400, "invalid-parameter");
  }

  @Test
  void aRequestThatIsSentAgainIsAnsweredAgainAndNotDoneAgain() {
    var once = api.with("Idempotency-Key", "k1");
    var body = "{\"name\": \"ci\", \"role\": \"reader\"}";
    once.send("POST", "/api/v1/environments", definition("a", "1")).is(201);
    once.send("POST", "/api/v1/environments", definition("a", "1")).is(201);
    once.send("POST", "/api/v1/environments", definition("a", "2"))
        .refused(422, "idempotency-key-reused");
    served
        .as(Role.CONTRIBUTOR)
        .with("Idempotency-Key", "k1")
        .send("POST", "/api/v1/environments", definition("b", "1"))
        .is(201);
    api.send("POST", "/api/v1/tokens", body).is(201);
    assertThat(api.get("/api/v1/environments/a/versions").json().objects("items")).hasSize(1);
  }

  @Test
  void aDefinitionIsJudgedWithoutBeingKept() {
    var judged = api.send("POST", "/api/v1/definitions", definition("a", "1")).is(200).json();
    assertThat(judged.string("hash")).matches("[0-9a-f]{32}");
    api.get("/api/v1/environments/a/versions/latest").is(404);
    var details =
        api.send(
                "POST",
                "/api/v1/definitions/image",
                "{\"definition\": " + definition("a", "1") + "}")
            .is(200)
            .json();
    assertThat(details.optionalBoolean("imageExistsInRegistry")).contains(false);
    api.send("POST", "/api/v1/definitions/image", "{}").refused(400, "json-field");
  }

  private static byte[] wheel(String text) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      var entry = new ZipEntry("p-1.dist-info/METADATA");
      // The same bytes whenever it is called.
      entry.setTime(0);
      zip.putNextEntry(entry);
      zip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  @Test
  void aPrivateWheelIsKeptUnderItsName() throws Exception {
    var path = "/api/v1/wheels/p-1-py3-none-any.whl";
    var url = api.put(path, wheel("one")).is(200).json().string("url");
    assertThat(url).isEqualTo(served.server.url() + path);
    assertThat(api.get(path).is(200).response().body()).isEqualTo(wheel("one"));
    api.put(path, wheel("one")).is(200);
    api.put(path, wheel("two")).refused(409, "wheel-refused");
    api.put(path + "?overwrite=true", wheel("two")).is(200);
    api.put(path, "no zip".getBytes(StandardCharsets.UTF_8)).refused(409, "wheel-refused");
    api.put("/api/v1/wheels/..%2Fp-1-py3-none-any.whl", wheel("x")).refused(400, "invalid-path");
    api.put("/api/v1/wheels/p.zip", wheel("x")).refused(400, "invalid-path");
    api.get("/api/v1/wheels/q-1-py3-none-any.whl").refused(404, "wheel-not-found");
  }

  @Test
  void contentsAreKeptByDigestAndMakeASnapshot() {
    var bytes = "print(1)\n".getBytes(StandardCharsets.UTF_8);
    var digest = Sha256.of(bytes).prefixed();
    var asked = "{\"digests\": [\"" + digest + "\"]}";
    assertThat(
            api.send("POST", "/api/v1/contents/missing", asked).is(200).json().strings("missing"))
        .containsExactly(digest);
    var snapshot =
        "{\"files\": [{\"path\": \"src/train.py\", \"digest\": \""
            + digest
            + "\", \"size\": 9, \"isExecutable\": true}]}";
    var refused = api.send("POST", "/api/v1/snapshots", snapshot).refused(409, "contents-missing");
    assertThat(refused.json().strings("missing")).containsExactly(digest);
    api.put("/api/v1/contents/" + digest, "other".getBytes(StandardCharsets.UTF_8))
        .refused(400, "content-mismatch");
    api.get("/api/v1/contents/" + digest).refused(404, "content-not-found");
    api.put("/api/v1/contents/" + digest, bytes).is(204);
    api.put("/api/v1/contents/" + digest, bytes).is(204);
    assertThat(api.send("POST", "/api/v1/contents/missing", asked).json().strings("missing"))
        .isEmpty();
    assertThat(api.get("/api/v1/contents/" + digest).is(200).response().body()).isEqualTo(bytes);
    var part = api.with("Range", "bytes=2-4").get("/api/v1/contents/" + digest).is(206);
    assertThat(part.text()).isEqualTo("int");
    assertThat(part.header("Content-Range")).isEqualTo("bytes 2-4/9");
    assertThat(api.with("Range", "bytes=-3").get("/api/v1/contents/" + digest).is(206).text())
        .isEqualTo("1)\n");
    api.with("Range", "bytes=99-")
        .get("/api/v1/contents/" + digest)
        .refused(416, "range-not-satisfiable");
    var id = api.send("POST", "/api/v1/snapshots", snapshot).is(201).json().string("id");
    var files = api.get("/api/v1/snapshots/" + id).is(200).json().objects("files");
    assertThat(files).hasSize(1);
    assertThat(files.getFirst().string("path")).isEqualTo("src/train.py");
    for (var path : List.of("../x", "/etc/passwd", "a//b", "a/./b", "a\\\\b", "a\\u0000b")) {
      api.send("POST", "/api/v1/snapshots", snapshot.replace("src/train.py", path))
          .refused(400, "invalid-path");
    }
    api.send("POST", "/api/v1/snapshots", snapshot.replace(": 9,", ": 8,"))
        .refused(400, "snapshot-refused");
  }

  @Test
  void tokensAreMadeListedAndRevoked() {
    var made =
        api.send("POST", "/api/v1/tokens", "{\"name\": \"ci\", \"role\": \"contributor\"}")
            .is(201)
            .json();
    var secret = made.string("secret");
    assertThat(secret).startsWith("terroir_").hasSize(51);
    var theirs = new ApiClient(served.server.url(), secret);
    assertThat(theirs.get("/api/v1").is(200).json().string("role")).isEqualTo("contributor");
    assertThat(api.get("/api/v1/tokens").is(200).text()).contains("ci").doesNotContain(secret);
    api.delete("/api/v1/tokens/" + made.string("id")).is(204);
    theirs.get("/api/v1").refused(401, "unauthenticated");
    api.delete("/api/v1/tokens/none").refused(404, "token-not-found");
    assertThat(api.get("/api/v1/audit").is(200).json().objects("items"))
        .extracting(entry -> entry.string("action"))
        .startsWith("token.revoke", "token.create");
    assertThat(served.logged()).doesNotContain(secret);
  }

  @Test
  void aSecretIsSealedAndNeverShown() throws Exception {
    var path = "/api/v1/secrets/registry%2Fexample.com";
    api.send("PUT", path, "{\"value\": \"user:hunter2-hunter2\"}").is(204);
    assertThat(api.get("/api/v1/secrets").is(200).json().objects("items"))
        .extracting(item -> item.string("name"))
        .containsExactly("registry/example.com");
    assertThat(served.server.context().secrets().get("registry/example.com"))
        .contains("user:hunter2-hunter2");
    assertThat(api.get("/api/v1/audit").text()).doesNotContain("hunter2");
    assertThat(served.logged()).doesNotContain("hunter2");
    served.close();
    try (var files = Files.walk(folder)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
            .as(file.toString())
            .doesNotContain("hunter2");
      }
    }
    var key = served.workspace.directory().resolve("server/secret.key");
    assertThat(Files.getPosixFilePermissions(key)).hasSize(2);
  }

  @Test
  void theWorkspaceIsShownAndChanged() {
    var before = api.get("/api/v1/workspace").is(200).json();
    assertThat(before.string("name")).isEqualTo("team");
    var changed =
        api.send(
                "PATCH",
                "/api/v1/workspace",
                "{\"conda\": {\"source\": \"pypi\"}, \"defaultBases\": {\"cpu\":"
                    + " \"docker://example.com/base:1\"}}")
            .is(200)
            .json();
    assertThat(changed.object("conda").string("source")).isEqualTo("pypi");
    assertThat(changed.object("defaultBases").string("cpu")).contains("example.com/base:1");
    var back =
        api.send(
                "PATCH",
                "/api/v1/workspace",
                "application/merge-patch+json",
                "{\"conda\": null, \"defaultBases\": null}".getBytes(StandardCharsets.UTF_8))
            .is(200)
            .json();
    assertThat(JsonWriter.canonical(back)).isEqualTo(JsonWriter.canonical(before));
    api.send("PATCH", "/api/v1/workspace", "{\"name\": \"x\"}").refused(400, "json-field");
  }

  @Test
  void anUnregisteredDatasetIsFoundByItsVersionAlone() {
    for (var more : List.of("a", "b")) {
      api.send("POST", "/api/v1/datasets", dataset(more)).is(201);
    }
    served.as(Role.READER).send("DELETE", "/api/v1/datasets/d", "").refused(403, "forbidden");
    api.send("DELETE", "/api/v1/datasets/d", "").is(204);
    api.send("DELETE", "/api/v1/datasets/d", "").refused(404, "dataset-not-found");
    assertThat(api.get("/api/v1/datasets").is(200).json().objects("items")).isEmpty();
    api.get("/api/v1/datasets/d/versions/latest").refused(404, "dataset-not-found");
    var kept = api.get("/api/v1/datasets/d/versions/2").is(200).json();
    assertThat(kept.optionalBoolean("isRegistered")).contains(false);
    assertThat(kept.object("definition").objects("paths").getFirst().string("path")).isEqualTo("b");
    var next = api.send("POST", "/api/v1/datasets", dataset("b")).is(201).json();
    assertThat(next.string("id")).isEqualTo("d:3");
    assertThat(actions()).contains("dataset.unregister dataset d, versions: 2");
  }

  private static String dataset(String path) {
    return """
    {"name": "d", "createNewVersion": true,
     "definition": {"paths": [{"datastore": "workspaceblobstore", "path": "%s"}]}}
    """
        .formatted(path);
  }

  private List<String> actions() {
    return api.get("/api/v1/audit").is(200).json().objects("items").stream()
        .map(item -> item.string("action") + " " + item.string("subject"))
        .toList();
  }

  @Test
  void onlyAnExperimentWithoutRunsIsDeleted() {
    api.send("PUT", "/api/v1/experiments/empty", "{}").is(200);
    api.send("POST", "/api/v1/runs", "{\"experiment\": \"full\", \"kind\": \"interactive\"}")
        .is(201);
    api.send("DELETE", "/api/v1/experiments/full", "").refused(409, "experiment-not-empty");
    api.send("DELETE", "/api/v1/experiments/empty", "").is(204);
    api.send("DELETE", "/api/v1/experiments/empty", "").refused(404, "experiment-not-found");
    assertThat(api.get("/api/v1/experiments").is(200).json().objects("items"))
        .extracting(item -> item.string("name"))
        .containsExactly("full");
    assertThat(actions()).contains("experiment.delete experiment empty");
  }

  @Test
  void measurementsCountWhatWasAsked() {
    api.get("/api/v1").is(200);
    api.get("/health/ready").is(200);
    assertThat(api.get("/metrics").is(200).text())
        .contains("terroir_http_requests_total{operation=\"about\",status=\"200\"} 1.0");
    assertThat(served.logged().lines().map(line -> JsonObjectOf.text(line)))
        .anyMatch(line -> line.optionalString("operation").filter("about"::equals).isPresent());
  }

  /// Reads a line of the log.
  private static final class JsonObjectOf {
    static JsonObject text(String line) {
      return dev.terroir.foundation.json.JsonReader.parseObject(line, "log");
    }
  }
}
