package dev.terroir.foundation.web;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// The certificate authorities that are trusted: those of the user's bundle, else Java's. They are
/// read when the first server has to be trusted: some 140 certificates take 0.2 s, which a program
/// that talks to none over TLS need not spend. Thread-safe.
final class Authorities extends X509ExtendedTrustManager {
  private static final List<String> BUNDLES =
      List.of("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");

  private static final String BEGIN = "-----BEGIN ";

  private final String variable;
  private final @Nullable Path bundle;
  private @Nullable X509ExtendedTrustManager read;

  private Authorities(String variable, @Nullable Path bundle) {
    this.variable = variable;
    this.bundle = bundle;
  }

  /// As the settings ask.
  ///
  /// @throws FoundationException code `bad-setting`, when the bundle is no readable file of
  ///   certificates
  static Authorities of(Settings settings) {
    for (var name : BUNDLES) {
      var file = settings.get(name);
      if (file.isPresent()) {
        var bundle = Path.of(file.get());
        check(name, bundle);
        return new Authorities(name, bundle);
      }
    }
    return new Authorities("", null);
  }

  private static void check(String variable, Path bundle) {
    try {
      if (!new String(Files.readAllBytes(bundle), StandardCharsets.ISO_8859_1).contains(BEGIN)) {
        throw unusable(variable, bundle, "it holds no certificate", null);
      }
    } catch (IOException e) {
      throw unusable(variable, bundle, "no such readable file", e);
    }
  }

  private static FoundationException unusable(
      String variable, Path bundle, String why, @Nullable Exception cause) {
    return new FoundationException(
        Problem.of(
                FoundationCode.BAD_SETTING,
                "the certificate authorities that are set cannot be read")
            .at(Place.of("variable `" + variable + "`, " + bundle))
            .because(why)
            .hint("set it to a file of certificates in PEM format, or unset it"),
        cause);
  }

  /// For TLS with servers that these authorities vouch for.
  SSLContext context() {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {this}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no TLS", e);
    }
  }

  private synchronized X509ExtendedTrustManager read() throws CertificateException {
    var known = read;
    if (known != null) {
      return known;
    }
    try {
      var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(bundle == null ? null : store(bundle));
      for (var manager : managers.getTrustManagers()) {
        if (manager instanceof X509ExtendedTrustManager found) {
          read = found;
          return found;
        }
      }
      throw new CertificateException("this Java trusts no certificates");
    } catch (IOException | GeneralSecurityException e) {
      throw new CertificateException(
          bundle == null
              ? "Java's certificate authorities cannot be read: " + e.getMessage()
              : "the certificate authorities of `"
                  + variable
                  + "` ("
                  + bundle
                  + ") cannot be read: "
                  + e.getMessage(),
          e);
    }
  }

  private static KeyStore store(Path bundle) throws IOException, GeneralSecurityException {
    try (var in = Files.newInputStream(bundle)) {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry(String.valueOf(store.size()), certificate);
      }
      return store;
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    read().checkServerTrusted(chain, authType, engine);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    read().checkServerTrusted(chain, authType, socket);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    read().checkServerTrusted(chain, authType);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    read().checkClientTrusted(chain, authType, engine);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    read().checkClientTrusted(chain, authType, socket);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    read().checkClientTrusted(chain, authType);
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    // Only servers ask for these.
    return new X509Certificate[0];
  }
}
