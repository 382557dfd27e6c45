package dev.terroir.image.archive;

import com.jcraft.jzlib.Deflater;
import com.jcraft.jzlib.JZlib;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;

/// Writes zip archives field by field, so that each of them can lie. The same calls give the same
/// bytes everywhere.
public final class TestZip {
  /// A member whose every field may be changed.
  public static final class Entry {
    public byte[] name = new byte[0];
    public byte[] localName = new byte[0];
    public byte[] data = new byte[0];
    public byte[] extra = new byte[0];
    public byte[] localExtra = new byte[0];
    public byte[] descriptor = new byte[0];
    public int flags;
    public int localFlags;
    public int method;
    public int localMethod;
    public long crc;
    public long size;
    public long packedSize;
    public long localCrc;
    public long localSize;
    public long localPackedSize;
    public int mode = 0100644;
    public long offsetShift;
    public byte[] gapAfter = new byte[0];

    /// Sizes and CRC-32 come after the data.
    public Entry withDescriptor(boolean isSigned, boolean isWide) {
      flags |= 8;
      localFlags |= 8;
      localCrc = 0;
      localSize = 0;
      localPackedSize = 0;
      var out = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
      if (isSigned) {
        out.putInt(0x08074b50);
      }
      out.putInt((int) crc);
      if (isWide) {
        out.putLong(packedSize).putLong(size);
      } else {
        out.putInt((int) packedSize).putInt((int) size);
      }
      descriptor = Arrays.copyOf(out.array(), out.position());
      return this;
    }

    /// Sizes lie in zip64 fields.
    public Entry withZip64() {
      var fields =
          ByteBuffer.allocate(20)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putShort((short) 1)
              .putShort((short) 16)
              .putLong(size)
              .putLong(packedSize)
              .array();
      extra = fields;
      localExtra = fields;
      size = 0xffffffffL;
      packedSize = 0xffffffffL;
      localSize = size;
      localPackedSize = size;
      return this;
    }
  }

  private final List<Entry> entries = new ArrayList<>();
  private byte[] prefix = new byte[0];
  private byte[] comment = new byte[0];
  private byte[] suffix = new byte[0];
  private boolean isZip64;
  private int countShift;

  /// Adds a deflated file.
  public TestZip file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8), _ -> {});
  }

  /// Adds a deflated file and changes it.
  public TestZip file(String name, byte[] content, Consumer<Entry> change) {
    return add(name, content, deflate(content), 8, change);
  }

  /// Adds a stored file and changes it.
  public TestZip stored(String name, byte[] content, Consumer<Entry> change) {
    return add(name, content, content, 0, change);
  }

  /// Adds a folder.
  public TestZip folder(String name) {
    return add(name + "/", new byte[0], new byte[0], 0, entry -> entry.mode = 040755);
  }

  private TestZip add(
      String name, byte[] content, byte[] data, int method, Consumer<Entry> change) {
    var entry = new Entry();
    entry.name = name.getBytes(StandardCharsets.UTF_8);
    entry.localName = entry.name;
    entry.data = data;
    entry.flags = name.chars().allMatch(c -> c < 128) ? 0 : 1 << 11;
    entry.localFlags = entry.flags;
    entry.method = method;
    entry.localMethod = method;
    var crc = new CRC32();
    crc.update(content);
    entry.crc = crc.getValue();
    entry.localCrc = entry.crc;
    entry.size = content.length;
    entry.localSize = entry.size;
    entry.packedSize = data.length;
    entry.localPackedSize = entry.packedSize;
    change.accept(entry);
    entries.add(entry);
    return this;
  }

  /// Bytes before the first member; offsets count from behind them when `isShifted` is false.
  public TestZip prefix(byte[] bytes) {
    prefix = bytes;
    return this;
  }

  public TestZip comment(byte[] bytes) {
    comment = bytes;
    return this;
  }

  public TestZip suffix(byte[] bytes) {
    suffix = bytes;
    return this;
  }

  /// Writes zip64 end records.
  public TestZip zip64() {
    isZip64 = true;
    return this;
  }

  /// Makes the end record count other members than there are.
  public TestZip countShift(int shift) {
    countShift = shift;
    return this;
  }

  /// The archive.
  public byte[] bytes() {
    var out = new ByteArrayOutputStream();
    out.writeBytes(prefix);
    var offsets = new ArrayList<Long>();
    for (var entry : entries) {
      offsets.add((long) out.size());
      out.writeBytes(
          ByteBuffer.allocate(30)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(0x04034b50)
              .putShort((short) 20)
              .putShort((short) entry.localFlags)
              .putShort((short) entry.localMethod)
              .putInt(0x00210000)
              .putInt((int) entry.localCrc)
              .putInt((int) entry.localPackedSize)
              .putInt((int) entry.localSize)
              .putShort((short) entry.localName.length)
              .putShort((short) entry.localExtra.length)
              .array());
      out.writeBytes(entry.localName);
      out.writeBytes(entry.localExtra);
      out.writeBytes(entry.data);
      out.writeBytes(entry.descriptor);
      out.writeBytes(entry.gapAfter);
    }
    long directory = out.size();
    for (int i = 0; i < entries.size(); i++) {
      var entry = entries.get(i);
      out.writeBytes(
          ByteBuffer.allocate(46)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(0x02014b50)
              .putShort((short) (3 << 8 | 20))
              .putShort((short) 20)
              .putShort((short) entry.flags)
              .putShort((short) entry.method)
              .putInt(0x00210000)
              .putInt((int) entry.crc)
              .putInt((int) entry.packedSize)
              .putInt((int) entry.size)
              .putShort((short) entry.name.length)
              .putShort((short) entry.extra.length)
              .putShort((short) 0)
              .putShort((short) 0)
              .putShort((short) 0)
              .putInt(entry.mode << 16)
              .putInt((int) (offsets.get(i) + entry.offsetShift))
              .array());
      out.writeBytes(entry.name);
      out.writeBytes(entry.extra);
    }
    long end = out.size();
    int count = entries.size() + countShift;
    if (isZip64) {
      out.writeBytes(
          ByteBuffer.allocate(76)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(0x06064b50)
              .putLong(44)
              .putShort((short) 45)
              .putShort((short) 45)
              .putInt(0)
              .putInt(0)
              .putLong(count)
              .putLong(count)
              .putLong(end - directory)
              .putLong(directory)
              .putInt(0x07064b50)
              .putInt(0)
              .putLong(end)
              .putInt(1)
              .array());
    }
    out.writeBytes(
        ByteBuffer.allocate(22)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0x06054b50)
            .putInt(0)
            .putShort((short) (isZip64 ? 0xffff : count))
            .putShort((short) (isZip64 ? 0xffff : count))
            .putInt((int) (isZip64 ? 0xffffffffL : end - directory))
            .putInt((int) (isZip64 ? 0xffffffffL : directory))
            .putShort((short) comment.length)
            .array());
    out.writeBytes(comment);
    out.writeBytes(suffix);
    return out.toByteArray();
  }

  /// Writes the archive.
  public Path write(Path file) {
    try {
      Files.createDirectories(file.resolveSibling("."));
      return Files.write(file, bytes());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// A raw deflate stream that is the same on every machine.
  public static byte[] deflate(byte[] content) {
    try {
      var deflater = new Deflater(6, 15, 8, JZlib.W_NONE);
      var out = new byte[content.length + content.length / 100 + 100];
      deflater.setInput(content, 0, content.length, false);
      deflater.setOutput(out);
      if (deflater.deflate(JZlib.Z_FINISH) != JZlib.Z_STREAM_END) {
        throw new IllegalStateException("too small a buffer");
      }
      return Arrays.copyOf(out, deflater.next_out_index);
    } catch (com.jcraft.jzlib.GZIPException e) {
      throw new IllegalStateException(e);
    }
  }
}
