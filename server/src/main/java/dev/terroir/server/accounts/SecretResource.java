package dev.terroir.server.accounts;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.util.Map;

/// The secret store, as far as callers may see it: names.
///
/// @since 0.1
public final class SecretResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public SecretResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listSecrets", Guarded.owner(_ -> list()),
        "putSecret", Guarded.owner(this::put),
        "deleteSecret", Guarded.owner(this::delete));
  }

  private Answer list() {
    return Pages.all(
        context.secrets().list(),
        secret ->
            JsonObject.builder()
                .put("name", secret.name())
                .put("updatedAt", secret.updatedAt())
                .build());
  }

  private Answer put(Request request) {
    context.secrets().put(request.path("name"), request.json().string("value"));
    context.audit(request, "secret.put", request.path("name"));
    return Answer.empty(204);
  }

  private Answer delete(Request request) {
    var name = request.path("name");
    if (!context.secrets().delete(name)) {
      throw ServerException.of(ServerCode.SECRET_NOT_FOUND, "no secret `" + name + "` is kept");
    }
    context.audit(request, "secret.delete", name);
    return Answer.empty(204);
  }
}
