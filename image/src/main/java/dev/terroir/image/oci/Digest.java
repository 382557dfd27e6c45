package dev.terroir.image.oci;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// The digest of a blob, checked for form, so that it can safely become a file name. Immutable.
///
/// Spec: OCI image specification, "Digests": `algorithm ":" encoded`. The registered algorithms
/// `sha256` and `sha512` have 64 and 128 lower-case hexadecimal digits; `sha384`, which the common
/// libraries take too, has 96.
///
/// @param algorithm `sha256`, `sha384` or `sha512`
/// @param encoded lower-case hexadecimal digits
/// @since 0.1
public record Digest(String algorithm, String encoded) {
  private static final Pattern VALID =
      Pattern.compile("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}");

  /// ```
  /// digest              ::= algorithm ":" encoded
  /// algorithm           ::= algorithm-component (algorithm-separator algorithm-component)*
  /// algorithm-component ::= [a-z0-9]+
  /// algorithm-separator ::= [+._-]
  /// encoded             ::= [a-zA-Z0-9=_-]+
  /// ```
  private static final Pattern GRAMMAR =
      Pattern.compile("[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+");

  private static final Pattern KNOWN_ALGORITHM = Pattern.compile("sha(?:256|384|512):.*");

  /// @throws ImageException unless it has the form of an algorithm that can be checked
  public Digest {
    if (!VALID.matcher(algorithm + ":" + encoded).matches()) {
      throw new ImageException(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  "`" + algorithm + ":" + encoded + "` is no digest of a registered algorithm")
              .at(Place.field("digest"))
              .hint("use `sha256:` and 64 lower-case hexadecimal digits"));
    }
  }

  /// Reads `algorithm:encoded`.
  ///
  /// @throws ImageException code `invalid-oci-document`
  public static Digest parse(String text) {
    var colon = text.indexOf(':');
    return new Digest(text.substring(0, Math.max(0, colon)), text.substring(colon + 1));
  }

  /// Whether a text follows the grammar of digests; one of an algorithm that is not known here does
  /// too, although nobody here can check it.
  public static boolean isWellFormed(String text) {
    return KNOWN_ALGORITHM.matcher(text).matches()
        ? VALID.matcher(text).matches()
        : GRAMMAR.matcher(text).matches();
  }

  /// The digest that a SHA-256 is.
  public static Digest of(Sha256 sha256) {
    return new Digest("sha256", sha256.hex());
  }

  /// The SHA-256 of bytes.
  public static Digest of(byte[] bytes) {
    return of(Sha256.of(bytes));
  }

  /// Whether these are the bytes that it names.
  public boolean matches(byte[] bytes) {
    return HexFormat.of().formatHex(engine().digest(bytes)).equals(encoded);
  }

  /// A fresh engine of its algorithm, for who hashes while copying.
  public MessageDigest engine() {
    try {
      return MessageDigest.getInstance("SHA-" + algorithm.substring(3));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-2", e);
    }
  }

  /// The digest of the same algorithm that an engine from [#engine()] has come to.
  public Digest finish(MessageDigest engine) {
    return new Digest(algorithm, HexFormat.of().formatHex(engine.digest()));
  }

  @Override
  public String toString() {
    return algorithm + ":" + encoded;
  }
}
