package dev.terroir.server.work;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockFile;
import dev.terroir.server.ServerContext;
import dev.terroir.server.environments.EnvironmentResource;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Etags;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import dev.terroir.workspace.locks.ForeignLock;
import java.util.ArrayList;
import java.util.Map;

/// Locks that are there, and those that other tools made. What is resolved is so by a job of
/// [WorkResource].
///
/// @since 0.1
public final class LockResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public LockResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "getLock", Guarded.reader(this::get), "importLock", Guarded.contributor(this::importLock));
  }

  private Answer get(Request request) {
    var hash = request.path("hash");
    var platform = request.query("platform").map(Platform::parse).orElseGet(Platform::current);
    var python = request.query("python").orElse(null);
    var lock =
        context
            .workspace()
            .locks()
            .find(hash, platform, python)
            .orElseThrow(() ->
                new WorkspaceException(
                    Problem.of(
                            WorkspaceCode.LOCK_NOT_FOUND,
                            "the definition `"
                                + hash
                                + "` has no lock for "
                                + platform
                                + (python == null ? "" : " and Python " + python))
                        .hint("make one with `terroir environment lock`")));
    return Answer.json(200, LockFile.toJson(lock), Etags.of(lock.digest().prefixed()));
  }

  private Answer importLock(Request request) {
    var json = request.json();
    var warnings = new ArrayList<String>();
    // Without a directory: no file of this machine is named, or even looked for.
    var imported =
        context
            .workspace()
            .importLock(
                new ForeignLock(
                    json.string("text"),
                    json.optionalString("source").orElse("text"),
                    null,
                    json.string("name"),
                    json.optionalString("environment").orElse(null),
                    json.optionalString("platform").orElse(null),
                    json.optionalBoolean("update").orElse(false)),
                warnings::add);
    var environment = imported.environment();
    context.audit(
        request, "lock.import", environment.environment().name() + ":" + environment.version());
    var labels =
        context
            .workspace()
            .environments()
            .labels(environment.environment().name(), environment.version());
    return Answer.json(
        200,
        JsonObject.builder()
            .put("environment", EnvironmentResource.json(environment, labels))
            .put("isNew", environment.isNew())
            .put("lock", LockFile.toJson(imported.lock()))
            .put("warnings", JsonValue.JsonArray.ofStrings(warnings))
            .build());
  }
}
