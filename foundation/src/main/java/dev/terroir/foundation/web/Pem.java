package dev.terroir.foundation.web;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/// Certificates and keys in PEM files.
///
/// Spec: RFC 7468; keys in PKCS#8 (RFC 5958), PKCS#1 (RFC 8017, appendix A.1.2) or SEC 1 (RFC
/// 5915), not encrypted.
///
/// @since 0.1
public final class Pem {
  private static final Pattern KEY =
      Pattern.compile(
          "-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

  private static final byte[] PROBE = "terroir".getBytes(StandardCharsets.US_ASCII);

  private Pem() {}

  /// Why a file does not serve; the message says it without the file's name.
  public static final class UnusableException extends Exception {
    private final Path file;

    UnusableException(Path file, String why, Exception cause) {
      super(why, cause);
      this.file = file;
    }

    UnusableException(Path file, String why) {
      super(why);
      this.file = file;
    }

    /// The file.
    public Path file() {
      return file;
    }
  }

  /// Who one is: a certificate, those that vouch for it, and its key. Immutable.
  ///
  /// @param chain the own certificate first
  /// @param key of the own certificate
  public record Identity(List<X509Certificate> chain, PrivateKey key) {
    /// Copies the list.
    public Identity {
      chain = List.copyOf(chain);
    }

    @Override
    public String toString() {
      return "identity of `" + chain.getFirst().getSubjectX500Principal() + "`";
    }
  }

  /// All certificates of a file, in its order.
  ///
  /// @throws UnusableException when it holds none or cannot be read
  public static List<X509Certificate> certificates(Path file) throws UnusableException {
    try {
      var found =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (found.isEmpty()) {
        throw new UnusableException(file, "no certificate is in the file");
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw new UnusableException(file, "the certificate cannot be read", e);
    } catch (IOException e) {
      throw new UnusableException(file, "the file cannot be read: " + e, e);
    }
  }

  /// A certificate with its key.
  ///
  /// @throws UnusableException also when the key is that of another certificate
  public static Identity identity(Path certificate, Path key) throws UnusableException {
    var chain = certificates(certificate);
    var own = chain.getFirst().getPublicKey();
    var secret = key(key, own);
    if (!isPair(own, secret)) {
      throw new UnusableException(key, "the key is not that of the certificate " + certificate);
    }
    return new Identity(chain, secret);
  }

  private static PrivateKey key(Path file, PublicKey own) throws UnusableException {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UnusableException(file, "the file cannot be read: " + e, e);
    }
    var matcher = KEY.matcher(text);
    if (!matcher.find()) {
      throw new UnusableException(
          file,
          text.contains("ENCRYPTED")
              ? "the key in the file is encrypted"
              : "no key in PEM format (`BEGIN PRIVATE KEY`) is in the file");
    }
    try {
      var bytes = Base64.getMimeDecoder().decode(matcher.group(2));
      var isPkcs8 = matcher.group(1).equals("PRIVATE KEY");
      return KeyFactory.getInstance(own.getAlgorithm())
          .generatePrivate(new PKCS8EncodedKeySpec(isPkcs8 ? bytes : pkcs8(bytes, own)));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new UnusableException(
          file, "the key is not one of the certificate's kind, " + own.getAlgorithm(), e);
    }
  }

  /// Wraps a key of an older form as `OneAsymmetricKey` (RFC 5958, section 2): version, algorithm,
  /// the key as an octet string. Its algorithm is that of the public key.
  private static byte[] pkcs8(byte[] key, PublicKey own) {
    var info = own.getEncoded();
    // SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, … }
    var algorithm = headSize(info, 0);
    var end = algorithm + headSize(info, algorithm) + contentSize(info, algorithm);
    var content = new ByteArrayOutputStream();
    content.writeBytes(new byte[] {2, 1, 0});
    content.writeBytes(Arrays.copyOfRange(info, algorithm, end));
    content.writeBytes(der(4, key));
    return der(0x30, content.toByteArray());
  }

  private static int headSize(byte[] der, int at) {
    return (der[at + 1] & 0x80) == 0 ? 2 : 2 + (der[at + 1] & 0x7f);
  }

  private static int contentSize(byte[] der, int at) {
    if ((der[at + 1] & 0x80) == 0) {
      return der[at + 1];
    }
    var size = 0;
    for (int i = 0; i < (der[at + 1] & 0x7f); i++) {
      size = size << 8 | der[at + 2 + i] & 0xff;
    }
    return size;
  }

  private static byte[] der(int tag, byte[] content) {
    var out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else {
      out.write(0x82);
      out.write(content.length >> 8);
      out.write(content.length);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static boolean isPair(PublicKey own, PrivateKey key) {
    var algorithm =
        switch (own.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> own.getAlgorithm();
        };
    try {
      var signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      var signed = signature.sign();
      signature.initVerify(own);
      signature.update(PROBE);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
