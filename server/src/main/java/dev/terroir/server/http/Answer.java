package dev.terroir.server.http;

import dev.terroir.foundation.json.JsonValue;
import dev.terroir.workspace.jobs.Job;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an operation answers; written by [Endpoint].
///
/// @since 0.1
public sealed interface Answer {
  /// A document.
  ///
  /// @param etag of the resource, quoted, or null
  /// @param headers more of them
  record Json(int status, JsonValue body, @Nullable String etag, Map<String, String> headers)
      implements Answer {}

  /// No content.
  record Empty(int status) implements Answer {}

  /// Text, such as measurements.
  record Text(int status, String contentType, String text) implements Answer {}

  /// A file; ranges are honoured.
  ///
  /// @param etag of its content, quoted, or null
  record File(Path path, String contentType, @Nullable String etag) implements Answer {}

  /// A log, as text or as events.
  record Log(LogSource source) implements Answer {}

  /// What another server answers, handed on.
  ///
  /// @param headers as they are
  /// @param body writes it
  record Stream(int status, Map<String, List<String>> headers, Body body) implements Answer {}

  /// Writes a body.
  @FunctionalInterface
  interface Body {
    /// @param out to write to; closed by the caller
    void writeTo(OutputStream out) throws IOException;
  }

  /// A document.
  static Answer json(int status, JsonValue body) {
    return new Json(status, body, null, Map.of());
  }

  /// A document of a resource that has an `ETag`.
  ///
  /// @param etag quoted, as [Etags] make it
  static Answer json(int status, JsonValue body, String etag) {
    return new Json(status, body, etag, Map.of());
  }

  /// A new resource.
  ///
  /// @param location its path
  static Answer created(JsonValue body, String location) {
    return new Json(201, body, null, Map.of("Location", location));
  }

  /// No content.
  static Answer empty(int status) {
    return new Empty(status);
  }

  /// A file, whose ranges may be asked for.
  static Answer file(Path path) {
    return new File(path, "application/octet-stream", null);
  }

  /// A log: as text from an offset, or as events that follow it.
  static Answer log(LogSource source) {
    return new Log(source);
  }

  /// Work that goes on.
  static Answer accepted(Job job) {
    return new Json(202, job.toJson(), null, Map.of("Location", "/api/v1/jobs/" + job.id()));
  }
}
