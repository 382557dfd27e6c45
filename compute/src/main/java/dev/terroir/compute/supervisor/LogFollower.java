package dev.terroir.compute.supervisor;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Streams a file that appears and grows, line by line.
///
/// @since 0.1
public final class LogFollower {
  private static final long POLL_MILLIS = 25;

  private LogFollower() {}

  /// Hands on every line of a log until its writer has ended and the rest is read. Interrupting the
  /// thread stops it.
  ///
  /// @param ended whether nothing more will be written
  public static void follow(Path log, Consumer<String> lines, BooleanSupplier ended) {
    var position = 0L;
    var partial = new ByteArrayOutputStream();
    var buffer = new byte[1 << 16];
    try {
      while (true) {
        var last = ended.getAsBoolean();
        if (Files.exists(log)) {
          try (var file = new RandomAccessFile(log.toFile(), "r")) {
            file.seek(position);
            for (var n = file.read(buffer); n > 0; n = file.read(buffer)) {
              position += n;
              split(buffer, n, partial, lines);
            }
          }
        }
        if (last) {
          if (partial.size() > 0) {
            lines.accept(partial.toString(StandardCharsets.UTF_8));
          }
          return;
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the log cannot be read", log, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(Problem.of(FoundationCode.CANCELED, "watching was stopped"), e);
    }
  }

  private static void split(
      byte[] bytes, int length, ByteArrayOutputStream partial, Consumer<String> lines) {
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n') {
        lines.accept(partial.toString(StandardCharsets.UTF_8));
        partial.reset();
      } else {
        partial.write(bytes[i]);
      }
    }
  }
}
