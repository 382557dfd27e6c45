package dev.terroir.server;

import dev.terroir.server.accounts.AuditResource;
import dev.terroir.server.accounts.SecretResource;
import dev.terroir.server.accounts.TokenResource;
import dev.terroir.server.contents.ContentResource;
import dev.terroir.server.environments.EnvironmentResource;
import dev.terroir.server.environments.WheelResource;
import dev.terroir.server.http.ApiDocument;
import dev.terroir.server.http.Resource;
import dev.terroir.server.work.JobResource;
import dev.terroir.server.work.WorkResource;
import java.util.List;
import java.util.Set;

/// All that the server offers, by hand.
final class Resources {
  /// Tags of the contract whose operations are there.
  static final Set<String> TAGS = 
      Set.of("server", "workspace", "environments", "work", "contents", "accounts");

  private Resources() {}

  /// The contract as far as it is served.
  static ApiDocument document() {
    return ApiDocument.read().only(TAGS);
  }

  static List<Resource> of(ServerContext context, ApiDocument document, String version) {
    return List.of(
        new ServerResource(context, document, version),
        new WorkspaceResource(context),
        new EnvironmentResource(context),
        new WheelResource(context),
        new WorkResource(context),
        new JobResource(context),
        new ContentResource(context),
        new TokenResource(context),
        new SecretResource(context),
        new AuditResource(context));
  }
}
