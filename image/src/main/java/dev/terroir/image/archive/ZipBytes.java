package dev.terroir.image.archive;

import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/// The bytes of a zip archive, wherever it asks for them.
///
/// @param source how messages name the archive
record ZipBytes(String source, FileChannel channel, long size) {
  ZipBytes(String source, FileChannel channel) throws IOException {
    this(source, channel, channel.size());
  }

  /// Reads all of a range.
  void fill(long position, byte[] bytes, int length) throws IOException {
    var buffer = ByteBuffer.wrap(bytes, 0, length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw refused(null, "it ends at byte " + (position + buffer.position()));
      }
    }
  }

  /// A range, which must lie inside, for reading numbers as zip writes them.
  ByteBuffer slice(long position, int length) throws IOException {
    if (position < 0 || position + length > size) {
      throw refused(null, "it says that there are bytes at " + position + ", outside of itself");
    }
    var bytes = new byte[length];
    fill(position, bytes, length);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  ImageException refused(@Nullable String member, String why) {
    return ArchiveRefusal.of(source, member, why);
  }
}
