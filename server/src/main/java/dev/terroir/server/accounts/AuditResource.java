package dev.terroir.server.accounts;

import dev.terroir.server.ServerContext;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.util.Map;

/// The audit log.
///
/// @since 0.1
public final class AuditResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public AuditResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of("listAudit", Guarded.owner(this::list));
  }

  private Answer list(Request request) {
    return Pages.of(
        context.audit().list(request.after().orElse(null), request.limit() + 1),
        request.limit(),
        entry -> entry.toJson(),
        entry -> entry.id());
  }
}
