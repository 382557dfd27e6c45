package dev.terroir.server.runs;

import dev.terroir.compute.Run;
import dev.terroir.compute.RunChange;
import dev.terroir.compute.RunQueue;
import dev.terroir.compute.RunRequest;
import dev.terroir.compute.RunStatus;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.ServerContext;
import dev.terroir.server.environments.EnvironmentResource;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Etags;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.LogSource;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.runs.RunRecords;
import dev.terroir.workspace.runs.RunRecords.RunRecord;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runs.
///
/// @since 0.1
public final class RunResource implements Resource {
  private final ServerContext context;
  private final RunQueue queue;
  private final RunScope scope;

  /// @param queue prepares what is submitted
  public RunResource(ServerContext context, RunQueue queue) {
    this.context = context;
    this.queue = queue;
    this.scope = new RunScope(context.workspace().runs(), context.isOnDemand());
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listRuns", Guarded.reader(this::list),
        "submitRun", Guarded.contributor(this::submit),
        "getRun", Guarded.reader(this::get),
        "updateRun", Guarded.contributor(this::update),
        "cancelRun", Guarded.contributor(this::cancel),
        "getRunLog", Guarded.reader(this::log),
        "getRunEnvironment", Guarded.reader(this::environment));
  }

  private Run run(Request request) {
    return Run.get(context.workspace(), request.path("id"));
  }

  private Answer list(Request request) {
    var filter =
        new RunRecords.Filter(
            request.query("experiment").orElse(null),
            request.query("parent").orElse(null),
            request.flag("children"),
            request.query("status").orElse(null),
            request.queries("tag"),
            request.queries("property"),
            request.query("type").orElse(null));
    var runs =
        context.workspace().runs().list(filter, request.after().orElse(null), request.limit() + 1);
    return Pages.of(
        runs,
        request.limit(),
        record -> json(Run.get(context.workspace(), record.id())),
        RunRecord::id);
  }

  private JsonObject json(Run run) {
    return run.details(
        run.record(),
        name -> context.url().get() + "/api/v1/runs/" + encode(run.id()) + "/files/" + path(name));
  }

  private static String path(String name) {
    return String.join("/", List.of(name.split("/")).stream().map(RunResource::encode).toList());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private Answer submit(Request request) {
    var json = request.json();
    scope.check(request.caller(), json.optionalString("parent").orElse(null));
    var configuration = json.optionalObject("configuration").orElse(JsonObject.EMPTY);
    var wanted =
        new RunRequest(
            json.string("experiment"),
            json.optionalString("runId").orElse(null),
            json.optionalString("parent").orElse(null),
            json.optionalString("displayName").orElse(null),
            json.stringMap("tags"),
            json.stringMap("properties"),
            json.optionalString("snapshot").map(id -> id.replaceFirst("^sha256:", "")).orElse(null),
            configuration,
            environment(configuration));
    var isInteractive = json.optionalString("kind").orElse("script").equals("interactive");
    var run = isInteractive ? queue.startLogging(wanted) : queue.submit(wanted);
    context.audit(request, isInteractive ? "run.start" : "run.submit", "run " + run.id());
    return Answer.created(json(run), "/api/v1/runs/" + encode(run.id()));
  }

  private @Nullable Environment environment(JsonObject configuration) {
    var name = configuration.optionalString("environmentName");
    return name.isEmpty()
        ? null
        : context
            .workspace()
            .environments()
            .get(
                name.get(),
                configuration
                    .optionalString("environmentVersion")
                    .filter(version -> !version.equals("latest"))
                    .orElse(null),
                null)
            .environment();
  }

  private Answer get(Request request) {
    var json = json(run(request));
    return Answer.json(200, json, Etags.of(json));
  }

  private Answer update(Request request) {
    var run = run(request);
    request.checkIfMatch(Etags.of(json(run)));
    run.update(new RunChange(request.json()));
    context.audit(request, "run.update", "run " + run.id());
    return Answer.json(200, json(run));
  }

  private Answer cancel(Request request) {
    var run = run(request);
    run.requestCancel();
    context.audit(request, "run.cancel", "run " + run.id());
    return Answer.json(200, json(run));
  }

  private Answer log(Request request) {
    var run = run(request);
    return Answer.log(
        LogSource.of(run.log(), () -> run.status().isFinal(), () -> run.status().word()));
  }

  private Answer environment(Request request) {
    var run = run(request);
    JsonValue named = run.record().document().get("environment").orElse(JsonValue.NULL);
    var environments = context.workspace().environments();
    if (named instanceof JsonObject object) {
      var version = environments.get(object.string("name"), object.string("version"), null);
      return Answer.json(200, EnvironmentResource.json(version, List.of()));
    }
    throw new dev.terroir.workspace.WorkspaceException(
        dev.terroir.foundation.problem.Problem.of(
                dev.terroir.workspace.WorkspaceCode.ENVIRONMENT_NOT_FOUND,
                "run `" + run.id() + "` has no environment")
            .because(
                "it is "
                    + run.record().document().optionalString("runType").orElse(RunRecords.SCRIPT)
                    + ", "
                    + RunStatus.of(run.record().status()).word()));
  }
}
