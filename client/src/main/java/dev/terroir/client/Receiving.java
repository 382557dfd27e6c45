package dev.terroir.client;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One file on its way from a server. Where the connection is cut, the rest is asked for, if the
/// server still has the same file. For one thread.
///
/// Spec: RFC 9110, sections 13.1.5 (If-Range) and 14 (Range Requests).
final class Receiving {
  /// Cuts in a row between which nothing came.
  private static final int MAX_CUTS = 5;

  private final RestClient client;
  private final String path;
  private final Path target;
  private final byte[] buffer = new byte[1 << 16];
  private long received;
  private @Nullable String etag;

  /// @param path of it below `/api/v1`
  /// @param target what it is called here, for messages
  Receiving(RestClient client, String path, Path target) {
    this.client = client;
    this.path = path;
    this.target = target;
  }

  /// Writes all of it.
  ///
  /// @param size that it must have, or -1
  void into(OutputStream out, long size) throws IOException {
    var expected = size;
    for (int cuts = 0; ; cuts++) {
      var before = received;
      @Nullable IOException cut;
      try (var answer = client.open(path, "application/octet-stream", rest())) {
        if (received > 0 && answer.header("Content-Range") == null) {
          throw new ClientException(
              Problem.of(
                      ClientCode.SERVER_UNREACHABLE, "the file was changed while it was received")
                  .at(Place.file(target))
                  .hint("try again"));
        }
        etag = answer.header("ETag");
        var length = answer.header("Content-Length");
        expected = length == null ? expected : received + Long.parseLong(length);
        cut = copy(answer, out);
      }
      if (cut == null && (expected < 0 || received == expected)) {
        return;
      }
      if (received > before) {
        cuts = 0;
      }
      if (etag == null || cuts >= MAX_CUTS) {
        throw new ClientException(
            Problem.of(
                    ClientCode.SERVER_UNREACHABLE,
                    "the server sent " + received + " bytes of " + expected)
                .at(Place.file(target))
                .because(
                    cut == null ? "the connection was closed" : String.valueOf(cut.getMessage()))
                .hint("try again"));
      }
    }
  }

  private Map<String, String> rest() {
    return received == 0 || etag == null
        ? Map.of()
        : Map.of("Range", "bytes=" + received + "-", "If-Range", etag);
  }

  /// @return what cut it off, or null; what cannot be written here is thrown
  private @Nullable IOException copy(RestClient.StreamedAnswer answer, OutputStream out)
      throws IOException {
    while (true) {
      int count;
      try {
        count = answer.read(buffer);
      } catch (IOException e) {
        return e;
      }
      if (count < 0) {
        return null;
      }
      out.write(buffer, 0, count);
      received += count;
    }
  }
}
