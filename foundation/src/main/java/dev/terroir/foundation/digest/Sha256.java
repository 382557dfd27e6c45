package dev.terroir.foundation.digest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// A SHA-256 digest.
///
/// @param hex 64 lower-case hexadecimal digits
/// @since 0.1
public record Sha256(String hex) {
  private static final Pattern VALID = Pattern.compile("[0-9a-f]{64}");

  /// @throws IllegalArgumentException unless `hex` is 64 lower-case hexadecimal digits
  public Sha256 {
    if (!VALID.matcher(hex).matches()) {
      throw new IllegalArgumentException("not a SHA-256 in lower-case hex: `" + hex + "`");
    }
  }

  /// The digest of bytes.
  public static Sha256 of(byte[] bytes) {
    return finish(engine(), bytes);
  }

  /// The digest of a text's UTF-8 bytes.
  public static Sha256 of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /// The digest of a file's bytes, streamed.
  public static Sha256 of(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return of(in);
    }
  }

  /// The digest of all bytes up to the end of the stream, which is left open.
  public static Sha256 of(InputStream in) throws IOException {
    var engine = engine();
    var buffer = new byte[1 << 16];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      engine.update(buffer, 0, read);
    }
    return finish(engine, new byte[0]);
  }

  /// A fresh engine, for callers that hash while they copy.
  public static MessageDigest engine() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /// Ends the work of an engine from [#engine()].
  public static Sha256 finish(MessageDigest engine) {
    return finish(engine, new byte[0]);
  }

  private static Sha256 finish(MessageDigest engine, byte[] last) {
    return new Sha256(HexFormat.of().formatHex(engine.digest(last)));
  }

  /// `sha256:` and the digits, as OCI descriptors and lock files write it.
  public String prefixed() {
    return "sha256:" + hex;
  }

  @Override
  public String toString() {
    return hex;
  }
}
