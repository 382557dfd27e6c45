package dev.terroir.image.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the bytes of the few interesting files of an image say. Immutable.
///
/// Spec: System V ABI, "ELF Header" (`e_ident`, `e_machine`).
///
/// @param text of a small text file, or null
/// @param machine the architecture of an ELF file as OCI names it, or null
/// @param glibc the version that a C library says of itself, or null
/// @param pythons version numbers in an interpreter or its library that can be Python's own
record FileFacts(
    @Nullable String text, @Nullable String machine, @Nullable String glibc, List<String> pythons) {
  private static final int MAX_TEXT = 1 << 16;

  /// The largest interpreters, with everything linked in, have about 100 MB.
  private static final int MAX_BINARY = 192 << 20;

  private static final Pattern TEXTS = Pattern.compile("os-release|pyvenv\\.cfg");
  private static final Pattern C_LIBRARIES = Pattern.compile("libc\\.so\\.6|libc-2\\.[0-9]+\\.so");
  private static final Pattern PYTHONS =
      Pattern.compile("python([0-9](\\.[0-9]+)?)?|libpython[0-9]\\.[0-9]+m?\\.so(\\.[0-9.]+)?");

  private static final Pattern GLIBC =
      Pattern.compile("GNU C Library[^\\n\\x00]{0,200}? version (2\\.[0-9]+)");
  private static final Pattern GLIBC_SYMBOLS = Pattern.compile("GLIBC_2\\.([0-9]{1,3})\\x00");
  private static final Pattern PYTHON_VERSION =
      Pattern.compile("\\x00((?:2|3)\\.[0-9]{1,2}\\.[0-9]{1,3}(?:(?:a|b|rc)[0-9]+)?\\+?)(?=\\x00)");

  FileFacts {
    pythons = List.copyOf(pythons);
  }

  /// Whether a file of that name is worth a look.
  static boolean isWanted(String name) {
    return TEXTS.matcher(name).matches()
        || C_LIBRARIES.matcher(name).matches()
        || PYTHONS.matcher(name).matches();
  }

  /// Reads what a file says.
  ///
  /// @param name without folders
  /// @param in its bytes, left open
  /// @param sizeBytes as its archive says
  static @Nullable FileFacts read(String name, InputStream in, long sizeBytes) throws IOException {
    if (TEXTS.matcher(name).matches()) {
      var text = new String(in.readNBytes(MAX_TEXT), StandardCharsets.UTF_8);
      return new FileFacts(text, null, null, List.of());
    }
    if (sizeBytes > MAX_BINARY) {
      return null;
    }
    var bytes = in.readNBytes(MAX_BINARY);
    var machine = machine(bytes);
    if (machine.isEmpty()) {
      return null;
    }
    var text = new String(bytes, StandardCharsets.ISO_8859_1);
    return C_LIBRARIES.matcher(name).matches()
        ? new FileFacts(null, machine.get(), glibc(text), List.of())
        : new FileFacts(null, machine.get(), null, pythons(text));
  }

  private static Optional<String> machine(byte[] bytes) {
    if (bytes.length < 20
        || bytes[0] != 0x7f
        || bytes[1] != 'E'
        || bytes[2] != 'L'
        || bytes[3] != 'F') {
      return Optional.empty();
    }
    var order = bytes[5] == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    return Optional.of(
        switch (ByteBuffer.wrap(bytes).order(order).getShort(18) & 0xffff) {
          case 3 -> "386";
          case 21 -> order == ByteOrder.BIG_ENDIAN ? "ppc64" : "ppc64le";
          case 22 -> "s390x";
          case 40 -> "arm";
          case 62 -> "amd64";
          case 183 -> "arm64";
          case 243 -> "riscv64";
          default -> "unknown";
        });
  }

  /// The version in the sentence that glibc prints of itself, else the newest symbol version.
  private static @Nullable String glibc(String text) {
    var sentence = GLIBC.matcher(text);
    if (sentence.find()) {
      return sentence.group(1);
    }
    var newest = -1;
    var symbols = GLIBC_SYMBOLS.matcher(text);
    while (symbols.find()) {
      newest = Math.max(newest, Integer.parseInt(symbols.group(1)));
    }
    return newest < 0 ? null : "2." + newest;
  }

  private static List<String> pythons(String text) {
    var found = new TreeSet<String>();
    var matcher = PYTHON_VERSION.matcher(text);
    while (matcher.find() && found.size() < 50) {
      found.add(matcher.group(1));
    }
    return List.copyOf(found);
  }
}
