package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.accounts.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Who may call what: every operation of the contract, every role")
class RolesTest {
  /// POSTs that only look.
  private static final Set<String> LOOKS =
      Set.of("judgeDefinition", "getImageDetails", "missingContents", "score");

  /// Whoever names a folder of the server's machine sees what is in it.
  private static final Set<String> OWNERS =
      Set.of("updateWorkspace", "putDatastore", "unregisterDatastore");

  @TempDir Path folder;
  private Served served;

  @BeforeEach
  void serve() {
    served = new Served(folder);
  }

  @AfterEach
  void end() {
    served.close();
  }

  private record Call(String id, String method, String path, Role role, boolean isOpen) {}

  private List<Call> calls() {
    var calls = new ArrayList<Call>();
    served
        .owner()
        .get("/api/v1/openapi.json")
        .is(200)
        .json()
        .object("paths")
        .members()
        .forEach((path, item) ->
            ((JsonObject) item)
                .members()
                .forEach((method, value) -> {
                  if (value instanceof JsonObject operation) {
                    calls.add(call(path, method, operation));
                  }
                }));
    return calls;
  }

  private static Call call(String path, String method, JsonObject operation) {
    var id = operation.string("operationId");
    var tag = operation.strings("tags").getFirst();
    Role role;
    if (tag.equals("accounts") || OWNERS.contains(id)) {
      role = Role.OWNER;
    } else if (id.equals("getServiceKeys")) {
      role = Role.CONTRIBUTOR;
    } else {
      role = method.equals("get") || LOOKS.contains(id) ? Role.READER : Role.CONTRIBUTOR;
    }
    var digest = "sha256:" + "0".repeat(64);
    var filled = path.replace("{digest}", digest);
    filled = filled.startsWith("/api/v1/snapshots/") ? "/api/v1/snapshots/" + digest : filled;
    return new Call(
        id,
        method.toUpperCase(Locale.ROOT),
        filled.replaceAll("\\{[a-z]+}", "nothing"),
        role,
        operation.has("security"));
  }

  @Test
  void noOperationIsReachedWithoutATokenButHealth() {
    for (var call : calls()) {
      var reply = new ApiClient(served.server.url(), "").send(call.method(), call.path(), "{}");
      if (call.isOpen()) {
        assertThat(call.path()).startsWith("/health/");
        reply.is(200);
      } else {
        reply.refused(401, "unauthenticated");
        assertThat(reply.header("WWW-Authenticate")).matches("(Bearer|Basic) realm=\"terroir\"");
      }
    }
  }

  @Test
  void everyRoleMayDoWhatItIsForAndNoMore() {
    for (var call : calls()) {
      for (var role : Role.values()) {
        var reply = served.as(role).send(call.method(), call.path(), "{}");
        if (call.isOpen() || role.includes(call.role())) {
          assertThat(reply.status()).as(call + " as " + role).isNotIn(401, 403);
        } else {
          reply.refused(403, "forbidden");
        }
      }
    }
  }

  @Test
  void aNewTokensSecretIsNotKeptToBeRepeated() {
    var key = served.owner().with("Idempotency-Key", "once");
    var asked = "{\"name\": \"t\", \"role\": \"reader\"}";
    var first = key.send("POST", "/api/v1/tokens", asked).is(201).json().string("secret");
    var second = key.send("POST", "/api/v1/tokens", asked).is(201).json().string("secret");
    assertThat(second).isNotEqualTo(first);
    assertThat(
            served
                .workspace
                .database()
                .query("SELECT answer FROM idempotency", row -> row.getString(1)))
        .isEmpty();
  }

  @Test
  void theContractAndTheResourcesAgree() {
    assertThat(calls()).hasSizeGreaterThan(30);
  }
}
