package dev.terroir.server.data;

import dev.terroir.server.ServerContext;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.data.Datasets.Dataset;
import java.util.Map;

/// Datasets.
///
/// @since 0.1
public final class DatasetResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public DatasetResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listDatasets", Guarded.reader(this::list),
        "registerDataset", Guarded.contributor(this::register).brief(),
        "getDataset", Guarded.reader(this::get),
        "unregisterDataset", Guarded.contributor(this::unregister));
  }

  private Answer list(Request request) {
    var after = request.after();
    var all = context.workspace().datasets().list(request.query("name").orElse(null));
    var rest =
        after.isEmpty()
            ? all
            : all.stream().dropWhile(it -> !it.id().equals(after.get())).skip(1).toList();
    return Pages.of(rest, request.limit(), Dataset::toJson, Dataset::id);
  }

  private Answer register(Request request) {
    var json = request.json();
    var dataset =
        context
            .workspace()
            .datasets()
            .register(
                json.string("name"),
                json.object("definition"),
                json.optionalString("description").orElse(null),
                json.stringMap("tags"),
                json.optionalBoolean("createNewVersion").orElse(false));
    context.audit(request, "dataset.register", "dataset " + dataset.id());
    return Answer.created(
        dataset.toJson(), "/api/v1/datasets/" + dataset.name() + "/versions/" + dataset.version());
  }

  private Answer unregister(Request request) {
    var name = request.path("name");
    var versions = context.workspace().datasets().unregister(name);
    context.audit(request, "dataset.unregister", "dataset " + name + ", versions: " + versions);
    return Answer.empty(204);
  }

  private Answer get(Request request) {
    var name = request.path("name");
    var version = request.path("version");
    if (!version.equals("latest") && !version.matches("[0-9]{1,9}")) {
      throw new WorkspaceException(
          dev.terroir.foundation.problem.Problem.of(
              WorkspaceCode.DATASET_NOT_FOUND,
              "no dataset `" + name + ":" + version + "` is registered"));
    }
    var dataset =
        context
            .workspace()
            .datasets()
            .get(name, version.equals("latest") ? null : Long.valueOf(version));
    return Answer.json(200, dataset.toJson());
  }
}
