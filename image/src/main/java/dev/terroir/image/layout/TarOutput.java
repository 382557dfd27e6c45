package dev.terroir.image.layout;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// Writes a tar file whose bytes depend on names and contents only: no owner, no time, fixed modes.
/// For one thread; closing it writes the end, and leaves the stream open.
final class TarOutput implements AutoCloseable {
  private static final int BLOCK = 512;

  /// Largest number that eleven octal digits hold.
  private static final long MAX_OCTAL = (1L << 33) - 1;

  private final OutputStream out;

  TarOutput(OutputStream out) {
    this.out = out;
  }

  void directory(String name) throws IOException {
    header(name + "/", 0, '5', 0755);
  }

  void file(String name, byte[] bytes) throws IOException {
    header(name, bytes.length, '0', 0644);
    out.write(bytes);
    pad(bytes.length);
  }

  void file(String name, long sizeBytes, InputStream in) throws IOException {
    header(name, sizeBytes, '0', 0644);
    var copied = in.transferTo(out);
    if (copied != sizeBytes) {
      throw new IOException(name + " has " + copied + " bytes, not " + sizeBytes);
    }
    pad(sizeBytes);
  }

  /// Names longer than the header's field and sizes above 8 GiB go into a pax header before it.
  private void header(String name, long size, char type, int mode) throws IOException {
    var bytes = name.getBytes(StandardCharsets.UTF_8);
    var pax = new StringBuilder();
    if (bytes.length > 100) {
      pax.append(paxRecord("path", name));
    }
    if (size > MAX_OCTAL) {
      pax.append(paxRecord("size", Long.toString(size)));
    }
    if (!pax.isEmpty()) {
      var records = pax.toString().getBytes(StandardCharsets.UTF_8);
      out.write(block("PaxHeader".getBytes(StandardCharsets.UTF_8), records.length, 'x', 0644));
      out.write(records);
      pad(records.length);
    }
    out.write(block(bytes, size > MAX_OCTAL ? 0 : size, type, mode));
  }

  private static String paxRecord(String key, String value) {
    int rest = (" " + key + "=" + value + "\n").getBytes(StandardCharsets.UTF_8).length;
    int length = rest + 1;
    while (Integer.toString(length).length() + rest != length) {
      length = Integer.toString(length).length() + rest;
    }
    return length + " " + key + "=" + value + "\n";
  }

  private static byte[] block(byte[] name, long size, char type, int mode) {
    var header = new byte[BLOCK];
    System.arraycopy(name, 0, header, 0, Math.min(100, name.length));
    octal(header, 100, 8, mode);
    octal(header, 108, 8, 0);
    octal(header, 116, 8, 0);
    octal(header, 124, 12, size);
    octal(header, 136, 12, 0);
    header[156] = (byte) type;
    var magic = "ustar\00000".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(magic, 0, header, 257, magic.length);
    java.util.Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (var b : header) {
      sum += b & 0xff;
    }
    octal(header, 148, 7, sum);
    header[155] = ' ';
    return header;
  }

  private static void octal(byte[] header, int offset, int width, long value) {
    long rest = value;
    for (int i = offset + width - 2; i >= offset; i--) {
      header[i] = (byte) ('0' + (rest & 7));
      rest >>>= 3;
    }
    header[offset + width - 1] = 0;
  }

  private void pad(long size) throws IOException {
    out.write(new byte[(int) ((BLOCK - size % BLOCK) % BLOCK)]);
  }

  @Override
  public void close() throws IOException {
    out.write(new byte[2 * BLOCK]);
    out.flush();
  }
}
