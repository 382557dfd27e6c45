package dev.terroir.image.layer;

import com.jcraft.jzlib.Deflater;
import com.jcraft.jzlib.GZIPException;
import com.jcraft.jzlib.JZlib;
import java.util.Arrays;
import java.util.zip.CRC32;

/// Writes members of a gzip stream whose bytes depend on the content alone: no time, no name, and
/// an encoder in Java.
///
/// Spec: RFC 1952. A gzip stream may have any number of members; its content is theirs, one after
/// another.
final class GzipMembers {
  /// Magic, deflate, no flags, no time, no hint of the level, no system.
  private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};

  private static final int TRAILER_SIZE = 8;
  private static final int MIN_WINDOW_BITS = 9;
  private static final int MAX_WINDOW_BITS = 15;

  private GzipMembers() {}

  /// What precedes a deflate stream. Not to be changed.
  static byte[] header() {
    return HEADER;
  }

  /// What follows a deflate stream.
  static byte[] trailer(long crc32, long sizeBytes) {
    var out = new byte[TRAILER_SIZE];
    put(out, 0, crc32);
    put(out, 4, sizeBytes);
    return out;
  }

  private static void put(byte[] out, int at, long value) {
    for (int i = 0; i < 4; i++) {
      out[at + i] = (byte) (value >>> (8 * i));
    }
  }

  /// A whole member.
  ///
  /// @param level 1 to 9
  static byte[] compress(byte[] content, int length, int level) {
    var crc = new CRC32();
    crc.update(content, 0, length);
    // A window no larger than the content: most members are a tar header, and a full-sized window
    // would have to be allocated for each.
    int bits =
        Math.clamp(
            Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, length - 1)),
            MIN_WINDOW_BITS,
            MAX_WINDOW_BITS);
    try {
      var deflater = new Deflater(level, bits, bits - 7, JZlib.W_NONE);
      var out = new byte[HEADER.length + length / 2 + 128];
      System.arraycopy(HEADER, 0, out, 0, HEADER.length);
      deflater.setInput(content, 0, length, false);
      deflater.setOutput(out, HEADER.length, out.length - HEADER.length);
      while (deflater.deflate(JZlib.Z_FINISH) != JZlib.Z_STREAM_END) {
        if (deflater.avail_out > 0) {
          throw new IllegalStateException("the encoder stopped: " + deflater.msg);
        }
        int used = deflater.next_out_index;
        out = Arrays.copyOf(out, out.length + length + 128);
        deflater.setOutput(out, used, out.length - used);
      }
      int end = deflater.next_out_index;
      deflater.end();
      out = Arrays.copyOf(out, end + TRAILER_SIZE);
      System.arraycopy(trailer(crc.getValue(), length), 0, out, end, TRAILER_SIZE);
      return out;
    } catch (GZIPException e) {
      throw new IllegalStateException("the encoder refuses its parameters", e);
    }
  }
}
