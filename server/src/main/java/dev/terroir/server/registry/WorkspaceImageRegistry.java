package dev.terroir.server.registry;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.serve.Access;
import dev.terroir.image.serve.LayoutStore;
import dev.terroir.image.serve.RegistryProtocol;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerContext;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Caller;
import dev.terroir.server.http.Endpoint;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.images.WorkspaceRegistry;
import java.io.IOException;
import java.util.regex.Pattern;

/// The workspace's own registry: readers pull, contributors push, owners delete. Where the
/// workspace's images are in an outside registry, every name is answered by where that is.
/// Thread-safe.
///
/// @since 0.1
public final class WorkspaceImageRegistry implements Endpoint.Registry {
  private static final Pattern PART = Pattern.compile("/v2/(.+)/(manifests|blobs)/([^/]+)");

  private final ServerContext context;
  private final EnvironmentImages images;
  private final RegistryProtocol protocol;

  /// @param limits say how large a blob may be
  public WorkspaceImageRegistry(ServerContext context, Limits limits) {
    this.context = context;
    var environments = new EnvironmentRepositories(context.workspace());
    this.images = new EnvironmentImages(context, environments);
    var layout = new OciLayout(context.workspace().directory().resolve("registry"));
    this.protocol =
        new RegistryProtocol(
            new EnvironmentStore(
                new LayoutStore(layout, context.clock()), environments, images, this::audit),
            images,
            limits.uploadBytes());
  }

  private void audit(String action, String subject) {
    var asker = EnvironmentImages.ASKER.get();
    context.audit().add(asker.caller().actor(), action, subject, asker.requestId());
  }

  /// Lets no pull wait any longer for a build.
  public void stop() {
    images.stop();
  }

  @Override
  public String operation(String method, String path) {
    var verb =
        switch (method) {
          case "GET", "HEAD" -> "Pull";
          case "DELETE" -> "Delete";
          default -> "Push";
        };
    if (path.contains("/blobs/uploads")) {
      return "registryPushBlob";
    }
    var part = PART.matcher(path);
    if (part.matches()) {
      return "registry" + verb + (part.group(2).equals("blobs") ? "Blob" : "Manifest");
    }
    if (path.contains("/referrers/")) {
      return "registryListReferrers";
    }
    return path.endsWith("/tags/list") ? "registryListTags" : "registry";
  }

  @Override
  public void handle(HttpExchange exchange, Caller caller, String requestId) throws IOException {
    var path = exchange.getRequestURI().getPath();
    var method = exchange.getRequestMethod();
    if (path.length() > "/v2/".length()) {
      checkIsHere();
    }
    var isReading = method.equals("GET") || method.equals("HEAD");
    if (!isReading && path.startsWith("/v2/" + EnvironmentRepositories.LEAD)) {
      throw ServerException.of(
          ServerCode.FORBIDDEN,
          "the images of environments are built here, not pushed or deleted",
          "push to another repository, such as `team/app`");
    }
    ScopedValue.where(EnvironmentImages.ASKER, new EnvironmentImages.Asker(caller, requestId))
        .call(() -> {
          protocol.handle(exchange, access(caller));
          return caller;
        });
  }

  private void checkIsHere() {
    if (context.workspace().images().registry() instanceof WorkspaceRegistry.Outside outside) {
      throw ServerException.of(
          ServerCode.IMAGES_ELSEWHERE,
          "the images of this workspace are in the registry `" + outside.prefix() + "`",
          "`terroir environment image` names an environment's image there");
    }
  }

  private static Access access(Caller caller) {
    return switch (caller.role()) {
      case READER -> Access.READ;
      case CONTRIBUTOR -> Access.WRITE;
      case OWNER -> Access.DELETE;
    };
  }
}
