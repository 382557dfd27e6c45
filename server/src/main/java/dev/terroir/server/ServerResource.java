package dev.terroir.server;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.ApiDocument;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/// The server itself: health, measurements, what it is.
final class ServerResource implements Resource {
  private final ServerContext context;
  private final ApiDocument document;
  private final String version;

  ServerResource(ServerContext context, ApiDocument document, String version) {
    this.context = context;
    this.document = document;
    this.version = version;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "live", Guarded.reader(_ -> Answer.json(200, status("live"))),
        "ready", Guarded.reader(_ -> ready()),
        "metrics",
            Guarded.reader(_ ->
                new Answer.Text(
                    200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    context.measurements().text())),
        "about", Guarded.reader(this::about),
        "description", Guarded.reader(_ -> Answer.json(200, document.json())));
  }

  private static JsonObject status(String word) {
    return JsonObject.builder().put("status", word).build();
  }

  private Answer ready() {
    try {
      context.workspace().database().now();
      var probe = Files.createTempFile(context.directory(), ".ready", ".tmp");
      try {
        Files.write(probe, new byte[1]);
      } finally {
        Files.delete(probe);
      }
      return Answer.json(200, status("ready"));
    } catch (TerroirException e) {
      throw new ServerException(notReady(e.problem().what()), e);
    } catch (IOException e) {
      throw new ServerException(notReady("the disk cannot be written: " + e.getMessage()), e);
    }
  }

  private static Problem notReady(String why) {
    return Problem.of(ServerCode.SERVER_NOT_READY, "the server cannot do its work").because(why);
  }

  private Answer about(Request request) {
    return Answer.json(
        200,
        JsonObject.builder()
            .put("program", "terroir")
            .put("version", version)
            .put("api", List.of("v1"))
            .put("workspace", context.workspace().name())
            .put("role", request.caller().role().id())
            .put("token", request.caller().name())
            .build());
  }
}
