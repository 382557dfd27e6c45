package dev.terroir.server.http;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Pem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
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
  private static final Duration LOOK = Duration.ofSeconds(2);
  private static final String ALIAS = "terroir";

  private Tls() {}

  /// A context that shows a certificate.
  ///
  /// @param certificate PEM, the server's own first, then those that vouch for it
  /// @param key PEM, not encrypted
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
  private record Material(Pem.Identity identity, String stamp) {}

  private static Material read(Path certificate, Path key) {
    try {
      var stamp = stamp(certificate, key);
      return new Material(Pem.identity(certificate, key), stamp);
    } catch (Pem.UnusableException e) {
      throw new ServerException(
          Problem.of(ServerCode.TLS_FILES, String.valueOf(e.getMessage()))
              .at(Place.file(e.file()))
              .hint(
                  "give the certificate and its key as PEM, the key not encrypted: `openssl pkcs8"
                      + " -topk8 -nodes -in KEY -out FILE` takes the password off"),
          e);
    } catch (IOException e) {
      throw new ServerException(
          Problem.of(ServerCode.TLS_FILES, "the file cannot be read: " + e)
              .at(Place.file(certificate)),
          e);
    }
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
      return material().identity().chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return material().identity().key();
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
