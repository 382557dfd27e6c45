package dev.terroir.image.conda;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Writes the environment's folder into a file in the place of the folder that its package was
/// built in, as conda does: in UTF-8 and in the wide encodings.
///
/// In a binary file every C string that holds the placeholder is rewritten and filled up with NUL,
/// so that everything else stays where it is; the new folder may not be longer. In a text file the
/// length changes, and a first line `#!` that has become longer than Linux reads is rewritten.
///
/// Spec: conda-build, "Making packages relocatable"; conda's `portability` says the details.
///
/// @since 0.1
public final class PrefixReplacement {
  /// Linux has read no more of a script's first line for most of its life.
  static final int MAX_SHEBANG_BYTES = 127;

  private static final List<Charset> ENCODINGS =
      List.of(
          StandardCharsets.UTF_8,
          StandardCharsets.UTF_16LE,
          StandardCharsets.UTF_16BE,
          StandardCharsets.UTF_32LE,
          StandardCharsets.UTF_32BE);

  /// The program may hold escaped blanks; the rest of the line are its options.
  private static final Pattern SHEBANG =
      Pattern.compile("#! *(/(?:\\\\ |[^ \\n\\r\\t])*)([^\\n]*)");

  private PrefixReplacement() {}

  /// How a file is rewritten.
  public enum Mode {
    /// The length may change.
    TEXT,
    /// The length stays.
    BINARY;

    /// The word of `paths.json`.
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// Reads the word.
    public static Optional<Mode> parse(String word) {
      return Arrays.stream(values()).filter(mode -> mode.word().equals(word)).findFirst();
    }
  }

  /// The new folder is longer than what it replaces, in a file whose length must stay.
  ///
  /// @since 0.1
  public static final class NoRoom extends Exception {
    NoRoom(String placeholder, String prefix) {
      super(
          "the folder "
              + prefix
              + " is longer than the "
              + placeholder.length()
              + " characters that it has room for");
    }
  }

  /// The content as installing leaves it: the placeholder replaced, and of a text file the first
  /// line made short enough.
  ///
  /// @throws NoRoom in binary mode only
  public static byte[] apply(byte[] content, Mode mode, String placeholder, String prefix)
      throws NoRoom {
    var replaced = replace(content, mode, placeholder, prefix);
    return mode == Mode.TEXT ? shortened(replaced) : replaced;
  }

  /// The content with the placeholder replaced.
  static byte[] replace(byte[] content, Mode mode, String placeholder, String prefix)
      throws NoRoom {
    if (placeholder.isEmpty()) {
      return content;
    }
    return switch (mode) {
      case BINARY -> binary(content, placeholder, prefix);
      case TEXT -> text(content, placeholder, prefix);
    };
  }

  private static byte[] binary(byte[] content, String placeholder, String prefix) throws NoRoom {
    var result = content;
    boolean isCopied = false;
    for (var encoding : ENCODINGS) {
      var old = placeholder.getBytes(encoding);
      var replacement = prefix.getBytes(encoding);
      int unit = "\0".getBytes(encoding).length;
      int from = 0;
      for (int at = indexOf(result, old, from, result.length);
          at >= 0;
          at = indexOf(result, old, from, result.length)) {
        int end = zeros(result, at + old.length, unit);
        if (end < 0) {
          // Without its NUL it is no C string.
          break;
        }
        if (replacement.length > old.length) {
          throw new NoRoom(placeholder, prefix);
        }
        if (!isCopied) {
          result = content.clone();
          isCopied = true;
        }
        rewrite(result, at, end, old, replacement);
        from = end;
      }
    }
    return result;
  }

  /// Rewrites one C string in its place.
  private static void rewrite(byte[] content, int start, int end, byte[] old, byte[] replacement) {
    int out = start;
    int in = start;
    for (int at = start; at >= 0; at = indexOf(content, old, in, end)) {
      System.arraycopy(content, in, content, out, at - in);
      out += at - in;
      System.arraycopy(replacement, 0, content, out, replacement.length);
      out += replacement.length;
      in = at + old.length;
    }
    System.arraycopy(content, in, content, out, end - in);
    out += end - in;
    Arrays.fill(content, out, end, (byte) 0);
  }

  private static byte[] text(byte[] content, String placeholder, String prefix) {
    var result = content;
    for (var encoding : ENCODINGS) {
      var old = placeholder.getBytes(encoding);
      var replacement = prefix.getBytes(encoding);
      int at = indexOf(result, old, 0, result.length);
      if (at < 0) {
        continue;
      }
      var out = new ByteArrayOutputStream(result.length);
      // A blank would end the name of the program.
      int end = prefix.contains(" ") && startsAsScript(result) ? lineEnd(result) : -1;
      int firstLine = end < result.length ? end : -1;
      var escaped = prefix.replace(" ", "\\ ").getBytes(encoding);
      int in = 0;
      for (; at >= 0; at = indexOf(result, old, in, result.length)) {
        out.write(result, in, at - in);
        out.writeBytes(at < firstLine ? escaped : replacement);
        in = at + old.length;
      }
      out.write(result, in, result.length - in);
      result = out.toByteArray();
    }
    return result;
  }

  /// The content with a first line `#!` that Linux reads whole, and whose program has no blank.
  static byte[] shortened(byte[] content) {
    int end = startsAsScript(content) ? lineEnd(content) : 0;
    var line = new String(content, 0, end, StandardCharsets.ISO_8859_1);
    var matcher = SHEBANG.matcher(line);
    if (!matcher.matches() || (end <= MAX_SHEBANG_BYTES && !matcher.group(1).contains(" "))) {
      return content;
    }
    var program = matcher.group(1);
    var first =
        ("#!/usr/bin/env " + program.substring(program.lastIndexOf('/') + 1) + matcher.group(2))
            .getBytes(StandardCharsets.ISO_8859_1);
    var changed = Arrays.copyOf(first, first.length + content.length - end);
    System.arraycopy(content, end, changed, first.length, content.length - end);
    return changed;
  }

  private static boolean startsAsScript(byte[] content) {
    return content.length > 2 && content[0] == '#' && content[1] == '!';
  }

  private static int lineEnd(byte[] content) {
    int end = 0;
    while (end < content.length && content[end] != '\n') {
      end++;
    }
    return end;
  }

  /// Where the first zero of an encoding begins; -1 when there is none.
  private static int zeros(byte[] content, int from, int unit) {
    int run = 0;
    for (int i = from; i < content.length; i++) {
      run = content[i] == 0 ? run + 1 : 0;
      if (run == unit) {
        return i - unit + 1;
      }
    }
    return -1;
  }

  private static int indexOf(byte[] content, byte[] wanted, int from, int to) {
    int last = to - wanted.length;
    byte first = wanted[0];
    for (int i = from; i <= last; i++) {
      if (content[i] == first
          && Arrays.equals(content, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    return -1;
  }
}
