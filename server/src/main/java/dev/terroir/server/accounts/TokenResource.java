package dev.terroir.server.accounts;

import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.accounts.Role;
import java.time.Duration;
import java.util.Map;

/// Tokens.
///
/// @since 0.1
public final class TokenResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public TokenResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listTokens", Guarded.owner(_ -> list()),
        "createToken", Guarded.owner(this::create).secret(),
        "revokeToken", Guarded.owner(this::revoke));
  }

  private Answer list() {
    return Pages.all(context.tokens().list(), token -> token.toJson());
  }

  private Answer create(Request request) {
    var json = request.json();
    var made =
        context
            .tokens()
            .create(
                json.string("name"),
                Role.of(json.string("role")).orElseThrow(),
                json.optionalLong("expiresInSeconds").map(Duration::ofSeconds).orElse(null),
                null);
    context.audit(request, "token.create", made.token().name() + " (" + made.token().id() + ")");
    return Answer.created(
        made.token().toJson().toBuilder().put("secret", made.secret()).build(),
        "/api/v1/tokens/" + made.token().id());
  }

  private Answer revoke(Request request) {
    var id = request.path("id");
    if (!context.tokens().revoke(id)) {
      throw ServerException.of(
          ServerCode.TOKEN_NOT_FOUND,
          "no token has the id `" + id + "`",
          "`terroir token list` shows their ids");
    }
    context.audit(request, "token.revoke", id);
    return Answer.empty(204);
  }
}
