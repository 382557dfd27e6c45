package dev.terroir.server.http;

import java.time.Duration;

/// What the server takes. Immutable.
///
/// @param jsonBytes of a document
/// @param uploadBytes of a file
/// @param stall how long a body may come without a byte
/// @param slowestBytesPerSecond how fast a body must come at least, once it comes for as long as
///   `stall`
/// @since 0.1
public record Limits(long jsonBytes, long uploadBytes, Duration stall, long slowestBytesPerSecond) {
  /// 16 MiB of JSON, files of 10 GiB, a minute without a byte, 1 kB/s.
  public static final Limits DEFAULT =
      new Limits(16L << 20, 10L << 30, Duration.ofSeconds(60), 1000);

  /// The same with another limit of files.
  public Limits withUploadBytes(long bytes) {
    return new Limits(jsonBytes, bytes, stall, slowestBytesPerSecond);
  }

  /// The same with another patience.
  public Limits withStall(Duration time) {
    return new Limits(jsonBytes, uploadBytes, time, slowestBytesPerSecond);
  }
}
