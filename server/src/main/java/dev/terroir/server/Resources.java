package dev.terroir.server;

import dev.terroir.server.http.ApiDocument;
import dev.terroir.server.http.Resource;
import java.util.List;
import java.util.Set;

/// All that the server offers, by hand.
final class Resources {
  /// Tags of the contract whose operations are there.
  static final Set<String> TAGS = Set.of("server");

  private Resources() {}

  /// The contract as far as it is served.
  static ApiDocument document() {
    return ApiDocument.read().only(TAGS);
  }

  static List<Resource> of(ServerContext context, ApiDocument document, String version) {
    return List.of(new ServerResource(context, document, version));
  }
}
