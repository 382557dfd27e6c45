package dev.terroir.image.oci;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.regex.Pattern;

/// The digest of a blob, checked for form, so that it can safely become a file name. Immutable.
///
/// Spec: OCI image specification, "Digests": `algorithm ":" encoded`, where the registered
/// algorithms `sha256` and `sha512` have 64 and 128 lower-case hexadecimal digits.
///
/// @param algorithm `sha256` or `sha512`
/// @param encoded lower-case hexadecimal digits
/// @since 0.1
public record Digest(String algorithm, String encoded) {
  private static final Pattern VALID =
      Pattern.compile("(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})");

  /// @throws ImageException unless it has the form of a registered algorithm
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

  /// The digest that a SHA-256 is.
  public static Digest of(Sha256 sha256) {
    return new Digest("sha256", sha256.hex());
  }

  @Override
  public String toString() {
    return algorithm + ":" + encoded;
  }
}
