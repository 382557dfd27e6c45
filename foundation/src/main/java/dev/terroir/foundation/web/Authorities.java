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
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// The certificate authorities that are trusted: those of the user's bundle, else Java's and, where
/// none of them will do, those of the operating system, to which companies add their own. They are
/// read when the first server has to be trusted: some 140 certificates take 0.2 s, which a program
/// that talks to none over TLS need not spend. Thread-safe.
final class Authorities extends X509ExtendedTrustManager {
  private static final List<String> BUNDLES =
      List.of("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");

  /// Where systems keep theirs: Debian and its like, Red Hat and its like, the BSDs and macOS.
  private static final List<Path> SYSTEM =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
          Path.of("/etc/ssl/ca-bundle.pem"),
          Path.of("/etc/ssl/cert.pem"));

  private static final String BEGIN = "-----BEGIN ";

  private final String variable;
  private final @Nullable Path bundle;
  private @Nullable X509ExtendedTrustManager read;

  private @Nullable Optional<X509ExtendedTrustManager> readOfSystem;

  private final List<X509Certificate> more;
  private final List<Path> system;

  private Authorities(
      String variable, @Nullable Path bundle, List<X509Certificate> more, List<Path> system) {
    this.variable = variable;
    this.bundle = bundle;
    this.more = List.copyOf(more);
    this.system = List.copyOf(system);
  }

  /// As the settings ask.
  ///
  /// @param more authorities beside those
  /// @throws FoundationException code `bad-setting`, when the bundle is no readable file of
  ///   certificates
  static Authorities of(Settings settings, List<X509Certificate> more) {
    return of(settings, more, SYSTEM);
  }

  /// @param system files of the operating system, of which the first that is there counts
  static Authorities of(Settings settings, List<X509Certificate> more, List<Path> system) {
    for (var name : BUNDLES) {
      var file = settings.get(name);
      if (file.isPresent()) {
        var bundle = Path.of(file.get());
        check(name, bundle);
        return new Authorities(name, bundle, more, List.of());
      }
    }
    return new Authorities("", null, more, system);
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

  /// The operating system's, if there are any that can be read.
  private synchronized Optional<X509ExtendedTrustManager> readOfSystem() {
    var known = readOfSystem;
    if (known == null) {
      known = Optional.empty();
      try {
        var file = system.stream().filter(Files::isReadable).findFirst();
        if (file.isPresent()) {
          known = Optional.of(manager(store(file.get())));
        }
      } catch (IOException | GeneralSecurityException e) {
        // A file that is none of certificates vouches for nobody.
      }
      readOfSystem = known;
    }
    return known;
  }

  /// A question about a chain of certificates, put to authorities.
  private interface Check {
    void by(X509ExtendedTrustManager authorities) throws CertificateException;
  }

  private void check(X509Certificate[] chain, Check check) throws CertificateException {
    var authorities = read();
    try {
      check.by(authorities);
    } catch (CertificateException e) {
      var distrust = Distrust.of(chain, e);
      var others =
          distrust.kind() == Distrust.Kind.AUTHORITY
              ? readOfSystem()
              : Optional.<X509ExtendedTrustManager>empty();
      if (others.isEmpty()) {
        throw distrust;
      }
      try {
        check.by(others.get());
      } catch (CertificateException again) {
        throw Distrust.of(chain, again);
      }
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
    check(chain, authorities -> authorities.checkServerTrusted(chain, authType, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain, authorities -> authorities.checkServerTrusted(chain, authType, socket));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain, authorities -> authorities.checkServerTrusted(chain, authType));
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
