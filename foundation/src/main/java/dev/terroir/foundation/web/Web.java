package dev.terroir.foundation.web;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/// HTTP with the proxies and the certificate authorities that the user's settings name. It follows
/// no redirect, so that the caller decides what crosses to another host. Immutable and thread-safe;
/// one serves a whole program.
///
/// The certificate authorities are those of the first of `PIP_CERT`, `SSL_CERT_FILE`,
/// `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE` that is set, in place of Java's own.
///
/// @since 0.1
public final class Web implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);

  private static final List<String> BUNDLES =
      List.of("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");

  private final HttpClient client;
  private final Proxies proxies;

  private Web(HttpClient client, Proxies proxies) {
    this.client = client;
    this.proxies = proxies;
  }

  /// As the settings ask.
  ///
  /// @throws FoundationException code `bad-setting`, when a proxy or a bundle cannot be used
  public static Web of(Settings settings) {
    var proxies = Proxies.of(settings);
    // Java leaves out a password for a tunnel unless told otherwise before its first client is
    // made; the other tools send it, and it goes to the proxy that the user names only.
    if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
    var builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(new Selector(proxies));
    var trust = trust(settings);
    if (trust != null) {
      builder.sslContext(trust);
    }
    return new Web(builder.build(), proxies);
  }

  /// The client; add to its requests what [#request] adds.
  public HttpClient client() {
    return client;
  }

  /// Starts a request, with what its proxy wants to see.
  public HttpRequest.Builder request(URI uri) {
    var request = HttpRequest.newBuilder(uri).header("User-Agent", "terroir");
    proxies
        .find(uri)
        .map(Proxies.Proxy::authorization)
        .ifPresent(value -> request.header("Proxy-Authorization", value));
    return request;
  }

  @Override
  public void close() {
    client.shutdownNow();
  }

  private static @Nullable SSLContext trust(Settings settings) {
    for (var name : BUNDLES) {
      var file = settings.get(name);
      if (file.isPresent()) {
        return trust(name, Path.of(file.get()));
      }
    }
    return null;
  }

  private static SSLContext trust(String variable, Path bundle) {
    try (var in = Files.newInputStream(bundle)) {
      var store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry(String.valueOf(store.size()), certificate);
      }
      if (store.size() == 0) {
        throw new CertificateException("it holds no certificate");
      }
      var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(store);
      var context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new FoundationException(
          Problem.of(
                  FoundationCode.BAD_SETTING,
                  "the certificate authorities that are set cannot be read")
              .at(Place.of("variable `" + variable + "`, " + bundle))
              .because(e instanceof IOException ? "no such readable file" : "" + e.getMessage())
              .hint("set it to a file of certificates in PEM format, or unset it"),
          e);
    }
  }

  private static final class Selector extends ProxySelector {
    private final Proxies proxies;

    Selector(Proxies proxies) {
      this.proxies = proxies;
    }

    @Override
    public List<Proxy> select(URI uri) {
      return List.of(
          proxies
              .find(uri)
              .map(proxy ->
                  new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.host(), proxy.port())))
              .orElse(Proxy.NO_PROXY));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
      // The request itself fails with the same.
    }
  }
}
