package dev.terroir.server.compute;

import dev.terroir.server.ServerContext;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.compute.ComputeTargets;
import dev.terroir.workspace.compute.ComputeTargets.ComputeTarget;
import java.util.Map;

/// Compute targets.
///
/// @since 0.1
public final class ComputeTargetResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public ComputeTargetResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listComputeTargets", Guarded.reader(this::list),
        "getComputeTarget", Guarded.reader(this::get),
        "putComputeTarget", Guarded.contributor(this::put),
        "deleteComputeTarget", Guarded.contributor(this::delete));
  }

  private ComputeTargets targets() {
    return context.workspace().computeTargets();
  }

  private Answer list(Request request) {
    return Pages.all(targets().list(), ComputeTarget::toJson);
  }

  private Answer get(Request request) {
    return Answer.json(200, targets().get(request.path("name")).toJson());
  }

  private Answer put(Request request) {
    var json = request.json();
    var target =
        targets()
            .put(
                request.path("name"),
                json.optionalString("type").orElse("AmlCompute"),
                json.optionalString("vmSize").orElse(null),
                json.optionalLong("minNodes").orElse(null),
                json.optionalLong("maxNodes").orElse(null));
    context.audit(request, "computetarget.put", "computetarget " + target.name());
    return Answer.json(200, target.toJson());
  }

  private Answer delete(Request request) {
    targets().delete(request.path("name"));
    context.audit(request, "computetarget.delete", "computetarget " + request.path("name"));
    return Answer.empty(204);
  }
}
