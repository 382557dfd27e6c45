package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.TokenRegistry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tokens of a workspace on a server, for its owners. Thread-safe.
///
/// @since 0.1
public final class RemoteTokens implements TokenRegistry {
  private static final String TOKENS = "/tokens";

  private final RestClient client;

  RemoteTokens(RestClient client) {
    this.client = client;
  }

  @Override
  public JsonObject create(String name, Role role, @Nullable Duration lifetime) {
    var body = JsonObject.builder().put("name", name).put("role", role.id());
    if (lifetime != null) {
      body.put("expiresInSeconds", lifetime.toSeconds());
    }
    // Its answer is not kept to be repeated, so that no secret is: sent again, it makes another.
    return client.post(TOKENS, body.build()).json();
  }

  @Override
  public List<JsonObject> list() {
    return client.get(TOKENS).json().objects("items");
  }

  @Override
  public boolean revoke(String id) {
    try {
      client.delete(TOKENS + "/" + RestClient.part(id));
      return true;
    } catch (TerroirException e) {
      if (e.problem().code().id().equals("token-not-found")) {
        return false;
      }
      throw e;
    }
  }
}
