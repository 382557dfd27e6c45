package dev.terroir.server.contents;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Limits;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.util.Map;

/// Files that come in pieces.
///
/// @since 0.1
public final class UploadResource implements Resource {
  private final Uploads uploads;
  private final Limits limits;

  /// @param limits of the server
  public UploadResource(Uploads uploads, Limits limits) {
    this.uploads = uploads;
    this.limits = limits;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "getUpload", Guarded.reader(this::get),
        "putUpload", Guarded.contributor(this::put),
        "deleteUpload", Guarded.contributor(this::delete));
  }

  private static Answer received(long bytes) {
    return Answer.json(200, JsonObject.builder().put("received", bytes).build());
  }

  private Answer get(Request request) {
    return received(uploads.received(request, request.path("digest")));
  }

  private Answer put(Request request) {
    return received(
        uploads.append(
            request,
            request.path("digest"),
            request.query("offset").map(Long::parseLong).orElse(0L),
            limits.uploadBytes()));
  }

  private Answer delete(Request request) {
    uploads.delete(request, request.path("digest"));
    return Answer.empty(204);
  }
}
