package dev.terroir.server.http;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/// TLS by certificate files, read again when they change, so that renewing a certificate needs no
/// restart.
///
/// @since 0.1
public final class Tls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final Duration LOOK = Duration.ofSeconds(2);
  private static final String ALIAS = "terroir";

  private Tls() {}

  /// A context that shows a certificate.
  ///
  /// @param certificate PEM, the server's own first, then those that vouch for it
  /// @param key PEM of PKCS#8, not encrypted
  /// @throws ServerException code `tls-files`
  public static SSLContext context(Path certificate, Path key) {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {new CertificateFiles(certificate, key)}, null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new ServerException(
          Problem.of(ServerCode.TLS_FILES, "TLS cannot be set up").because(String.valueOf(e)), e);
    }
  }

  /// @param stamp of both files
  private record Material(X509Certificate[] chain, PrivateKey key, String stamp) {}

  private static Material read(Path certificate, Path key) {
    try {
      var stamp = stamp(certificate, key);
      var certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(certificate)))
              .toArray(X509Certificate[]::new);
      if (certificates.length == 0) {
        throw wrong("no certificate is in the file", certificate, null);
      }
      var algorithm = certificates[0].getPublicKey().getAlgorithm();
      return new Material(certificates, privateKey(key, algorithm), stamp);
    } catch (GeneralSecurityException e) {
      throw wrong("the certificate cannot be read", certificate, e);
    } catch (IOException e) {
      throw wrong("the file cannot be read: " + e, certificate, e);
    }
  }

  private static PrivateKey privateKey(Path file, String algorithm) throws IOException {
    var matcher = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
    if (!matcher.find()) {
      throw wrong("no key of PKCS#8 (`BEGIN PRIVATE KEY`) is in the file", file, null);
    }
    try {
      return KeyFactory.getInstance(algorithm)
          .generatePrivate(
              new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(matcher.group(1))));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw wrong("the key is not one of the certificate's kind, " + algorithm, file, e);
    }
  }

  private static ServerException wrong(String what, Path file, @Nullable Throwable cause) {
    return new ServerException(
        Problem.of(ServerCode.TLS_FILES, what)
            .at(Place.file(file))
            .hint(
                "`openssl pkcs8 -topk8 -nodes -in KEY -out FILE` turns another key into this form"),
        cause);
  }

  private static String stamp(Path certificate, Path key) throws IOException {
    FileTime first = Files.getLastModifiedTime(certificate);
    FileTime second = Files.getLastModifiedTime(key);
    return first + " " + second;
  }

  /// Shows what is in the files.
  private static final class CertificateFiles extends X509ExtendedKeyManager {
    private final Path certificate;
    private final Path key;
    private volatile Material material;
    private volatile long looked = System.nanoTime();

    CertificateFiles(Path certificate, Path key) {
      this.certificate = certificate;
      this.key = key;
      this.material = read(certificate, key);
    }

    private Material material() {
      if (System.nanoTime() - looked > LOOK.toNanos()) {
        looked = System.nanoTime();
        try {
          if (!stamp(certificate, key).equals(material.stamp())) {
            material = read(certificate, key);
          }
        } catch (IOException | ServerException e) {
          // Half of a renewal: the former certificate serves until both files are there.
        }
      }
      return material;
    }

    @Override
    public String chooseEngineServerAlias(
        String type, Principal @Nullable [] issuers, SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, Socket socket) {
      return ALIAS;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return material().chain();
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return material().key();
    }

    @Override
    public String[] getServerAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, Socket socket) {
      return null;
    }
  }
}
