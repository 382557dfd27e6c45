package dev.terroir.server.work;

import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Etags;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.LogSource;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.jobs.Job;
import java.util.Map;

/// Jobs of all kinds.
///
/// @since 0.1
public final class JobResource implements Resource {
  private final ServerContext context;

  /// @param context of the server
  public JobResource(ServerContext context) {
    this.context = context;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "listJobs", Guarded.reader(this::list),
        "getJob", Guarded.reader(this::get),
        "getJobLog", Guarded.reader(this::log),
        "cancelJob", Guarded.contributor(this::cancel));
  }

  private Answer list(Request request) {
    var jobs =
        context
            .jobs()
            .records()
            .list(
                request.query("kind").orElse(null),
                request.query("status").flatMap(Job.Status::of).orElse(null),
                request.after().orElse(null),
                request.limit() + 1);
    return Pages.of(jobs, request.limit(), Job::toJson, Job::id);
  }

  private Job find(String id) {
    return context
        .jobs()
        .find(id)
        .orElseThrow(() ->
            ServerException.of(
                ServerCode.JOB_NOT_FOUND,
                "no job has the id `" + id + "`",
                "`GET /api/v1/jobs` lists them"));
  }

  private Answer get(Request request) {
    var json = find(request.path("id")).toJson();
    return Answer.json(200, json, Etags.of(json));
  }

  private Answer log(Request request) {
    var id = find(request.path("id")).id();
    return Answer.log(
        LogSource.of(
            context.jobs().log(id),
            () -> find(id).status().isFinal(),
            () -> find(id).status().word()));
  }

  private Answer cancel(Request request) {
    var job = find(request.path("id"));
    if (!job.status().isFinal()) {
      context.audit(request, "job.cancel", job.kind() + " " + job.id());
    }
    return Answer.json(200, context.jobs().cancel(job.id()).orElse(job).toJson());
  }
}
