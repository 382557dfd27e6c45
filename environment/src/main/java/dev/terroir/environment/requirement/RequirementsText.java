package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// The text of a requirements file: UTF-8, or UTF-16 when a byte order mark says so.
///
/// pip falls back to the encoding of the place it runs at; here that would make one file mean two
/// things, so it is refused.
final class RequirementsText {
  /// Size of a file, in bytes; the largest real ones, with hashes, have a few hundred kB.
  static final int MAX_BYTES = 4 << 20;

  private RequirementsText() {}

  static String read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw refused(
            "the file is larger than " + MAX_BYTES + " bytes", Place.file(file), "split it");
      }
      return decode(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw FoundationException.ofFile(file.getFileName() + " cannot be read", file, e);
    }
  }

  /// @param source what it is read from, for messages
  static String decode(byte[] bytes, String source) {
    var mark = bytes.length < 2 ? 0 : (bytes[0] & 0xff) << 8 | (bytes[1] & 0xff);
    Charset charset =
        switch (mark) {
          case 0xfffe -> StandardCharsets.UTF_16LE;
          case 0xfeff -> StandardCharsets.UTF_16BE;
          default -> StandardCharsets.UTF_8;
        };
    var in = ByteBuffer.wrap(bytes);
    var out = CharBuffer.allocate(bytes.length + 1);
    var decoder = charset.newDecoder();
    var result = decoder.decode(in, out, true);
    out.flip();
    if (result.isError()) {
      var before = out.toString();
      var line = 1 + (int) before.chars().filter(c -> c == '\n').count();
      throw refused(
          "the file is not " + charset + " text",
          Place.position(source, line, before.length() - before.lastIndexOf('\n')),
          "save it as UTF-8");
    }
    return out.toString();
  }

  private static EnvironmentException refused(String what, Place place, String hint) {
    return new EnvironmentException(
        Problem.of(EnvironmentCode.REQUIREMENT_SYNTAX, what).at(place).hint(hint));
  }
}
