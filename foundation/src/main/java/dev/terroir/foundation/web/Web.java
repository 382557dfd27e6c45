package dev.terroir.foundation.web;

import dev.terroir.foundation.home.Settings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;

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

  private final HttpClient client;
  private final Proxies proxies;

  private Web(HttpClient client, Proxies proxies) {
    this.client = client;
    this.proxies = proxies;
  }

  /// As the settings ask.
  ///
  /// @throws dev.terroir.foundation.FoundationException code `bad-setting`, when a proxy or a
  ///   bundle cannot be used
  public static Web of(Settings settings) {
    return of(settings, List.of(), List.of());
  }

  /// The same for servers that the user has said more about.
  ///
  /// @param authorities that vouch for them, beside the usual ones
  /// @param identities shown to those that ask who calls
  public static Web of(
      Settings settings, List<X509Certificate> authorities, List<Pem.Identity> identities) {
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
            .proxy(new Selector(proxies))
            .sslContext(Authorities.of(settings, authorities).context(identities));
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
