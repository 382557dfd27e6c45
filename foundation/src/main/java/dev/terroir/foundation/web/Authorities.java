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
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
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

  private final List<X509Certificate> more;

  private Authorities(String variable, @Nullable Path bundle, List<X509Certificate> more) {
    this.variable = variable;
    this.bundle = bundle;
    this.more = List.copyOf(more);
  }

  /// As the settings ask.
  ///
  /// @param more authorities beside those
  /// @throws FoundationException code `bad-setting`, when the bundle is no readable file of
  ///   certificates
  static Authorities of(Settings settings, List<X509Certificate> more) {
    for (var name : BUNDLES) {
      var file = settings.get(name);
      if (file.isPresent()) {
        var bundle = Path.of(file.get());
        check(name, bundle);
        return new Authorities(name, bundle, more);
      }
    }
    return new Authorities("", null, more);
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
  ///
  /// @param identities of the client, shown to servers that ask for one
  SSLContext context(List<Pem.Identity> identities) {
    try {
      var context = SSLContext.getInstance("TLS");
      context.init(keys(identities), new TrustManager[] {this}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no TLS", e);
    }
  }

  private static KeyManager @Nullable [] keys(List<Pem.Identity> identities)
      throws GeneralSecurityException {
    if (identities.isEmpty()) {
      return null;
    }
    try {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      var password = new char[0];
      for (var identity : identities) {
        store.setKeyEntry(
            String.valueOf(store.size()),
            identity.key(),
            password,
            identity.chain().toArray(X509Certificate[]::new));
      }
      var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, password);
      return managers.getKeyManagers();
    } catch (IOException e) {
      throw new IllegalStateException("a store that is empty is read from nowhere", e);
    }
  }

  private synchronized X509ExtendedTrustManager read() throws CertificateException {
    var known = read;
    if (known != null) {
      return known;
    }
    try {
      var usual = manager(bundle == null ? null : store(bundle));
      var found = usual;
      if (!more.isEmpty()) {
        var store = empty();
        add(store, List.of(usual.getAcceptedIssuers()));
        add(store, more);
        found = manager(store);
      }
      read = found;
      return found;
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
      var store = empty();
      add(store, CertificateFactory.getInstance("X.509").generateCertificates(in));
      return store;
    }
  }

  private static KeyStore empty() throws IOException, GeneralSecurityException {
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    return store;
  }

  private static void add(KeyStore store, Collection<? extends Certificate> certificates)
      throws GeneralSecurityException {
    for (var certificate : certificates) {
      store.setCertificateEntry(String.valueOf(store.size()), certificate);
    }
  }

  /// @param store of authorities, or null for Java's
  private static X509ExtendedTrustManager manager(@Nullable KeyStore store)
      throws GeneralSecurityException {
    var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    for (var manager : managers.getTrustManagers()) {
      if (manager instanceof X509ExtendedTrustManager found) {
        return found;
      }
    }
    throw new CertificateException("this Java trusts no certificates");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    var authorities = read();
    try {
      authorities.checkServerTrusted(chain, authType, engine);
    } catch (CertificateException e) {
      throw Distrust.of(chain, e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    var authorities = read();
    try {
      authorities.checkServerTrusted(chain, authType, socket);
    } catch (CertificateException e) {
      throw Distrust.of(chain, e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    var authorities = read();
    try {
      authorities.checkServerTrusted(chain, authType);
    } catch (CertificateException e) {
      throw Distrust.of(chain, e);
    }
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
