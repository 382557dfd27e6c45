package dev.terroir.image.serve;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/// The bytes of a file that nobody changes, on their way to a client.
///
/// The JDK's server takes bytes of the heap only, and copies them twice before the system copies
/// them once more. Read from a channel they are copied twice before that; from memory that the file
/// is mapped to, once.
final class SentFile {
  /// What stays in a core's nearest caches on its way through those copies.
  private static final int BUFFER = 1 << 15;

  /// What is mapped at once, so that a large file does not look like memory that the server needs.
  private static final long WINDOW = 64 << 20;

  private SentFile() {}

  /// Sends a part of a file.
  ///
  /// @throws IOException when the file has become shorter, its disk fails, or the client is gone
  static void send(FileChannel file, long from, long count, OutputStream out) throws IOException {
    var buffer = new byte[(int) Math.min(BUFFER, count)];
    for (long sent = 0; sent < count; ) {
      var window = Math.min(WINDOW, count - sent);
      if (file.size() < from + sent + window) {
        // Mapped all the same, it would be made longer or end the reading at a signal.
        throw new IOException("a blob became shorter while it was read");
      }
      try (var arena = Arena.ofConfined()) {
        send(file.map(MapMode.READ_ONLY, from + sent, window, arena), buffer, out);
      }
      sent += window;
    }
  }

  private static void send(MemorySegment bytes, byte[] buffer, OutputStream out)
      throws IOException {
    for (long at = 0; at < bytes.byteSize(); ) {
      var length = (int) Math.min(buffer.length, bytes.byteSize() - at);
      try {
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, buffer, 0, length);
      } catch (InternalError e) {
        // So the JVM tells that there is no page: the file was cut, or its disk cannot be read.
        throw new IOException("a blob could not be read to its end", e);
      }
      out.write(buffer, 0, length);
      at += length;
    }
  }
}
