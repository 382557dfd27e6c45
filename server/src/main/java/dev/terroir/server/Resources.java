package dev.terroir.server;

import dev.terroir.compute.RunQueue;
import dev.terroir.server.accounts.AuditResource;
import dev.terroir.server.accounts.SecretResource;
import dev.terroir.server.accounts.TokenResource;
import dev.terroir.server.compute.ComputeTargetResource;
import dev.terroir.server.contents.ContentResource;
import dev.terroir.server.contents.UploadResource;
import dev.terroir.server.contents.Uploads;
import dev.terroir.server.data.DatasetResource;
import dev.terroir.server.data.DatastoreResource;
import dev.terroir.server.environments.EnvironmentResource;
import dev.terroir.server.environments.WheelResource;
import dev.terroir.server.http.ApiDocument;
import dev.terroir.server.http.Limits;
import dev.terroir.server.http.Resource;
import dev.terroir.server.models.ModelResource;
import dev.terroir.server.runs.ExperimentResource;
import dev.terroir.server.runs.RunFileResource;
import dev.terroir.server.runs.RunResource;
import dev.terroir.server.services.ServiceResource;
import dev.terroir.server.work.JobResource;
import dev.terroir.server.work.LockResource;
import dev.terroir.server.work.WorkResource;
import java.util.List;
import java.util.Set;

/// All that the server offers, by hand.
final class Resources {
  /// Tags of the contract whose operations are there.
  static final Set<String> TAGS =
      Set.of(
          "server",
          "workspace",
          "environments",
          "work",
          "contents",
          "accounts",
          "runs",
          "models",
          "services",
          "data",
          "compute");

  private Resources() {}

  /// The contract as far as it is served.
  static ApiDocument document() {
    return ApiDocument.read().only(TAGS);
  }

  static List<Resource> of(
      ServerContext context, ApiDocument document, String version, RunQueue runs, Limits limits) {
    var uploads = new Uploads(context.workspace().directory(), context.clock());
    return List.of(
        new ServerResource(context, document, version),
        new WorkspaceResource(context),
        new EnvironmentResource(context),
        new WheelResource(context),
        new WorkResource(context),
        new LockResource(context),
        new JobResource(context),
        new ContentResource(context, uploads),
        new UploadResource(uploads, limits),
        new TokenResource(context),
        new SecretResource(context),
        new AuditResource(context),
        new ExperimentResource(context),
        new RunResource(context, runs),
        new RunFileResource(context, uploads),
        new ModelResource(context),
        new ServiceResource(context),
        new DatastoreResource(context, uploads),
        new DatasetResource(context),
        new ComputeTargetResource(context));
  }
}
