package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.accounts.Role;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Locks over HTTP, and what is said about models")
class LocksTest {
  @TempDir Path folder;
  private Served served;
  private ApiClient api;

  @BeforeEach
  void serve() {
    served = new Served(folder, Limits.DEFAULT, "");
    api = served.owner();
  }

  @AfterEach
  void end() {
    served.close();
  }

  private static JsonObject.Builder imported(String text) {
    return JsonObject.builder()
        .put("name", "demo")
        .put("text", text)
        .put("source", "list.txt")
        .put("platform", "linux-64");
  }

  private ApiClient.Reply importing(JsonObject body) {
    return api.send("POST", "/api/v1/locks/import", body.toString());
  }

  @Test
  void aKeptLockIsLookedUpAndNothingIsBegun() {
    var nothing = "/api/v1/locks/" + "0".repeat(32);
    api.get(nothing).refused(404, "lock-not-found");
    api.get("/api/v1/locks/nothing").is(400);
    api.get(nothing + "?platform=vax").refused(400, "unknown-platform");
    api.get(nothing + "?python=../../x").is(400);
    assertThat(api.get("/api/v1/jobs").is(200).json().objects("items")).isEmpty();
    var lock = importing(imported(Definitions.EXPLICIT).build()).is(200).json().object("lock");
    var path = "/api/v1/locks/" + lock.string("definitionHash");
    var reader = served.as(Role.READER);
    var found = reader.get(path + "?platform=linux/amd64").is(200);
    assertThat(found.json()).isEqualTo(lock);
    reader.with("If-None-Match", found.header("ETag")).get(path + "?platform=linux/amd64").is(304);
    reader.get(path + "?platform=linux/arm64").refused(404, "lock-not-found");
    reader.get(path + "?platform=linux/amd64&python=3.9").refused(404, "lock-not-found");
  }

  @Test
  void anotherToolsLockIsTakenWithItsDefinition() {
    var first = importing(imported(Definitions.EXPLICIT).build()).is(200).json();
    assertThat(first.object("environment").string("hash"))
        .isEqualTo(first.object("lock").string("definitionHash"));
    assertThat(first.optionalBoolean("isNew")).contains(true);
    var again = importing(imported(Definitions.EXPLICIT).build()).is(200).json();
    assertThat(again.object("environment").string("version")).isEqualTo("1");
    assertThat(again.optionalBoolean("isNew")).contains(false);
    var other = Definitions.EXPLICIT.replace("#" + "a".repeat(64), "#" + "b".repeat(64));
    importing(imported(other).build()).refused(409, "lock-taken");
    var replaced = importing(imported(other).put("update", true).build()).is(200).json();
    assertThat(replaced.object("lock").string("digest"))
        .isNotEqualTo(first.object("lock").string("digest"));
    served
        .as(Role.READER)
        .send("POST", "/api/v1/locks/import", imported(other).build().toString())
        .refused(403, "forbidden");
  }

  /// Not even whether they are there is told.
  @Test
  void filesOfTheServersMachineAreNotTakenIntoALock() {
    for (var place : new String[] {"file:///etc", "/etc"}) {
      var text = "@EXPLICIT\n" + place + "/linux-64/a-1-0.conda#" + "a".repeat(64) + "\n";
      var refused = importing(imported(text).build());
      assertThat(refused.text()).doesNotContain("is no file");
      refused.refused(400, "lock-not-importable");
      assertThat(refused.json().strings("where")).singleElement().asString().startsWith("list.txt");
    }
  }

  @Test
  void propertiesOfAModelAreAddedAndNeverChanged() {
    var digest = "sha256:" + dev.terroir.foundation.digest.Sha256.of("weights").hex();
    api.put(
            "/api/v1/contents/" + digest,
            "weights".getBytes(java.nio.charset.StandardCharsets.UTF_8))
        .is(204);
    api.send(
            "POST",
            "/api/v1/models",
            "{\"name\": \"m\", \"properties\": {\"a\": \"1\"}, \"files\": [{\"path\": \"w\","
                + " \"size\": 7, \"digest\": \""
                + digest
                + "\"}]}")
        .is(201);
    var model = "/api/v1/models/m/versions/1";
    var added = api.send("PATCH", model, "{\"properties\": {\"b\": \"2\"}}").is(200).json();
    assertThat(added.stringMap("properties")).containsEntry("a", "1").containsEntry("b", "2");
    api.send("PATCH", model, "{\"properties\": {\"a\": \"1\"}}").is(200);
    api.send("PATCH", model, "{\"properties\": {\"a\": \"other\"}, \"description\": \"d\"}")
        .refused(400, "model-refused");
    var after = api.get(model).is(200).json();
    assertThat(after.stringMap("properties")).containsEntry("a", "1").containsEntry("b", "2");
    assertThat(after.optionalString("description")).isEmpty();
  }
}
