package dev.terroir.image.layer;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The headers of a layer's tar archive. Everything that is not the path, the size and the kind is
/// fixed, so a folder's header is the same bytes in every layer.
///
/// Spec: POSIX.1-2017 `pax`, "ustar Interchange Format" and "pax Extended Header"; the extended
/// header is written only for what ustar cannot hold.
final class TarHeaders {
  static final int BLOCK = 512;

  /// Time of everything in a layer: 1980-01-02 00:00:00 UTC, the first whole day that zip archives
  /// can hold in every time zone, as tools in the image may pack what they find.
  static final long TIME_SECONDS = 315_619_200;

  private static final int NAME_SIZE = 100;
  private static final int PREFIX_SIZE = 155;

  /// The largest number of 11 octal digits.
  private static final long MAX_SIZE = 0_77777777777L;

  private TarHeaders() {}

  /// The header of a file.
  static byte[] file(String path, long sizeBytes, boolean isExecutable) {
    return file(path, sizeBytes, isExecutable ? 0755 : 0644);
  }

  /// The header of a file.
  ///
  /// @param mode permission bits
  static byte[] file(String path, long sizeBytes, int mode) {
    return header(path, "", sizeBytes, mode, '0');
  }

  /// The header of a folder.
  static byte[] folder(String path) {
    return header(path + "/", "", 0, 0755, '5');
  }

  /// The header of a symbolic link.
  static byte[] link(String path, String target) {
    return header(path, target, 0, 0777, '2');
  }

  /// The header of another name of a file that came before in the same layer.
  ///
  /// @param target its path, relative to `/`
  static byte[] hardLink(String path, String target, int mode) {
    return header(path, target, 0, mode, '1');
  }

  /// Zeros up to the next block.
  static int padding(long sizeBytes) {
    return (int) (-sizeBytes & (BLOCK - 1));
  }

  private static byte[] header(String path, String target, long size, int mode, char type) {
    int split = isAscii(path) ? split(path) : -1;
    boolean isLong = !isAscii(target) || target.length() > NAME_SIZE;
    if (split >= 0 && size <= MAX_SIZE && !isLong) {
      var block = new byte[BLOCK];
      fill(block, 0, path.substring(0, split), path.substring(split), target, size, mode, type);
      return block;
    }
    var records = new StringBuilder();
    if (split < 0) {
      records.append(paxRecord("path", path));
    }
    if (isLong) {
      records.append(paxRecord("linkpath", target));
    }
    if (size > MAX_SIZE) {
      records.append(paxRecord("size", Long.toString(size)));
    }
    var extended = records.toString().getBytes(StandardCharsets.UTF_8);
    var blocks = new byte[2 * BLOCK + extended.length + padding(extended.length)];
    var shortened = shortened(path);
    fill(blocks, 0, "", "PaxHeaders/" + shortened, "", extended.length, 0644, 'x');
    System.arraycopy(extended, 0, blocks, BLOCK, extended.length);
    var plain = split < 0 ? shortened : path;
    int at = split < 0 ? 0 : split;
    fill(
        blocks,
        blocks.length - BLOCK,
        plain.substring(0, at),
        plain.substring(at),
        isLong ? shortened(target) : target,
        Math.min(size, MAX_SIZE),
        mode,
        type);
    return blocks;
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  /// How much of an ASCII path goes to the prefix field with the `/` that follows it, which is
  /// written nowhere; -1 when it does not fit.
  private static int split(String path) {
    if (path.length() <= NAME_SIZE) {
      return 0;
    }
    if (path.length() > PREFIX_SIZE + 1 + NAME_SIZE) {
      return -1;
    }
    int slash = path.indexOf('/', path.length() - NAME_SIZE - 1);
    return slash > 0 && slash <= PREFIX_SIZE && slash < path.length() - 1 ? slash + 1 : -1;
  }

  /// Stands in the ustar fields for a path that only the extended header holds.
  private static String shortened(String path) {
    var plain = path.replaceAll("[^ -~]", "_");
    var end = plain.substring(Math.max(0, plain.length() - (NAME_SIZE - "PaxHeaders/".length())));
    return end.startsWith("/") ? end.substring(1) : end;
  }

  /// `"%d %s=%s\n"`, where the number is the length of all of it.
  private static String paxRecord(String key, String value) {
    int rest = key.length() + value.getBytes(StandardCharsets.UTF_8).length + 3;
    int length = rest + Integer.toString(rest).length();
    length = rest + Integer.toString(length).length();
    return length + " " + key + "=" + value + "\n";
  }

  private static void fill(
      byte[] out,
      int at,
      String prefix,
      String name,
      String target,
      long size,
      int mode,
      char type) {
    ascii(out, at, name);
    octal(out, at + 100, 7, mode);
    octal(out, at + 108, 7, 0);
    octal(out, at + 116, 7, 0);
    octal(out, at + 124, 11, size);
    octal(out, at + 136, 11, TIME_SECONDS);
    out[at + 156] = (byte) type;
    ascii(out, at + 157, target);
    ascii(out, at + 257, "ustar\0" + "00");
    octal(out, at + 329, 7, 0);
    octal(out, at + 337, 7, 0);
    if (!prefix.isEmpty()) {
      ascii(out, at + 345, prefix.substring(0, prefix.length() - 1));
    }
    checksum(out, at);
  }

  private static void checksum(byte[] out, int at) {
    java.util.Arrays.fill(out, at + 148, at + 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += Byte.toUnsignedInt(out[at + i]);
    }
    octal(out, at + 148, 6, sum);
    out[at + 154] = 0;
  }

  private static void ascii(byte[] out, int at, String text) {
    var bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, out, at, bytes.length);
  }

  private static void octal(byte[] out, int at, int digits, long value) {
    ascii(out, at, String.format(Locale.ROOT, "%0" + digits + "o", value));
  }
}
