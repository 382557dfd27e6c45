package dev.terroir.prefix.pack;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Puts placeholders back into files, undoing what installing did to them.
final class Placeholders {
  private Placeholders() {}

  /// Every occurrence replaced, at whatever length.
  static byte[] text(byte[] bytes, byte[] prefix, byte[] placeholder) {
    var out = new Bytes(bytes.length + 1024);
    var at = 0;
    for (var found = indexOf(bytes, prefix, 0); found >= 0; found = indexOf(bytes, prefix, at)) {
      out.add(bytes, at, found);
      out.add(placeholder, 0, placeholder.length);
      at = found + prefix.length;
    }
    out.add(bytes, at, bytes.length);
    return out.toArray();
  }

  /// Every string that ends with NUL and holds the prefix gets the placeholder instead and loses
  /// the padding behind it.
  ///
  /// @return empty when there is no such padding, so that the file was not made by installing
  static Optional<byte[]> binary(byte[] bytes, byte[] prefix, byte[] placeholder) {
    var growth = placeholder.length - prefix.length;
    if (growth < 0) {
      return Optional.empty();
    }
    var out = new Bytes(bytes.length);
    var at = 0;
    for (var found = indexOf(bytes, prefix, 0); found >= 0; found = indexOf(bytes, prefix, at)) {
      var end = found;
      while (end < bytes.length && bytes[end] != 0) {
        end++;
      }
      out.add(bytes, at, found);
      var string = Arrays.copyOfRange(bytes, found, end);
      var restored = text(string, prefix, placeholder);
      out.add(restored, 0, restored.length);
      at = end + (restored.length - string.length);
      if (at > bytes.length || !isZero(bytes, end, at)) {
        return Optional.empty();
      }
    }
    out.add(bytes, at, bytes.length);
    return Optional.of(out.toArray());
  }

  /// Every occurrence of the prefix that is a whole path or the beginning of a longer one.
  static byte[] ownText(byte[] bytes, byte[] prefix, byte[] placeholder) {
    var out = new Bytes(bytes.length + 1024);
    var at = 0;
    var from = 0;
    for (var found = indexOf(bytes, prefix, 0); found >= 0; found = indexOf(bytes, prefix, from)) {
      from = found + prefix.length;
      if (from < bytes.length && isOfName(bytes[from])) {
        continue;
      }
      out.add(bytes, at, found);
      out.add(placeholder, 0, placeholder.length);
      at = from;
    }
    out.add(bytes, at, bytes.length);
    return out.toArray();
  }

  private static boolean isOfName(byte b) {
    return b >= '0' && b <= '9'
        || b >= 'A' && b <= 'Z'
        || b >= 'a' && b <= 'z'
        || b == '_'
        || b == '-'
        || b == '.';
  }

  private static boolean isZero(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] != 0) {
        return false;
      }
    }
    return true;
  }

  static boolean isText(byte[] bytes) {
    for (var b : bytes) {
      if (b == 0) {
        return false;
      }
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
      return true;
    } catch (java.nio.charset.CharacterCodingException e) {
      return false;
    }
  }

  static int indexOf(byte[] bytes, byte[] wanted, int from) {
    var last = bytes.length - wanted.length;
    for (int i = from; i <= last; i++) {
      if (bytes[i] == wanted[0]
          && Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    return -1;
  }

  /// Grows.
  private static final class Bytes {
    private final java.io.ByteArrayOutputStream out;

    Bytes(int size) {
      out = new java.io.ByteArrayOutputStream(size);
    }

    void add(byte[] bytes, int from, int to) {
      out.write(bytes, from, to - from);
    }

    byte[] toArray() {
      return out.toByteArray();
    }
  }
}
