package dev.terroir.server.runs;

import dev.terroir.server.ServerContext;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.runs.ExperimentRecords.ExperimentRecord;
import java.util.Map;

/// Experiments.
///
/// @since 0.1
public final class ExperimentResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public ExperimentResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listExperiments", Guarded.reader(this::list),
        "getExperiment", Guarded.reader(this::get),
        "putExperiment", Guarded.contributor(this::put),
        "deleteExperiment", Guarded.contributor(this::delete));
  }

  private Answer list(Request request) {
    return Pages.of(
        context.workspace().experiments().list(request.after().orElse(null), request.limit() + 1),
        request.limit(),
        ExperimentRecord::toJson,
        ExperimentRecord::name);
  }

  private Answer get(Request request) {
    return Answer.json(200, context.workspace().experiments().get(request.path("name")).toJson());
  }

  private Answer delete(Request request) {
    var name = request.path("name");
    context.workspace().experiments().delete(name);
    context.audit(request, "experiment.delete", "experiment " + name);
    return Answer.empty(204);
  }

  private Answer put(Request request) {
    var json = request.json();
    var experiment =
        context
            .workspace()
            .experiments()
            .put(request.path("name"), json.has("tags") ? json.stringMap("tags") : null);
    context.audit(request, "experiment.put", "experiment " + experiment.name());
    return Answer.json(200, experiment.toJson());
  }
}
