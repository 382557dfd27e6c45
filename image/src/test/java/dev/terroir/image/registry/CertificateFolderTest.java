package dev.terroir.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.web.Pem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.samples.PrivateAuthority;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Certificates of one registry (containers-certs.d(5))")
class CertificateFolderTest {
  private static final String NAMES = "IP:127.0.0.1,DNS:localhost";

  @TempDir Path folder;

  private PrivateAuthority authority;
  private HttpsServer server;

  @BeforeEach
  void make() {
    authority = new PrivateAuthority(folder.resolve("ca"), "team");
  }

  @AfterEach
  void end() {
    if (server != null) {
      server.stop(0);
    }
  }

  /// A registry that lists tags.
  ///
  /// @param asks whether it asks who calls
  private String serve(PrivateAuthority.Issued issued, boolean asks) throws Exception {
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    var identity = Pem.identity(issued.certificate(), issued.key());
    store.setKeyEntry(
        "own", identity.key(), new char[0], identity.chain().toArray(X509Certificate[]::new));
    store.setCertificateEntry("authority", Pem.certificates(authority.certificate()).getFirst());
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters own = context.getDefaultSSLParameters();
            own.setNeedClientAuth(asks);
            parameters.setSSLParameters(own);
          }
        });
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            var text = "{\"name\":\"app\",\"tags\":[\"1\"]}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
          }
        });
    server.start();
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private List<String> tags(String address) {
    var settings = Settings.of(Map.of("XDG_CONFIG_HOME", folder.resolve("config").toString()));
    var options =
        RegistryOptions.of(CredentialSource.none())
            .withPatience(2, java.time.Duration.ofSeconds(10), _ -> {});
    try (var registries = new Registries(options, settings, null)) {
      return registries.tags(ImageReference.parse(address + "/app:1"));
    }
  }

  private ImageException refusal(String address) {
    try {
      throw new AssertionError("trusted: " + tags(address));
    } catch (ImageException e) {
      assertThat(e.problem().code()).isEqualTo(ImageCode.REGISTRY_UNREACHABLE);
      return e;
    }
  }

  private Path put(String address, String name, Path file) throws Exception {
    var place = folder.resolve("config/containers/certs.d").resolve(address).resolve(name);
    Files.createDirectories(place.getParent());
    return Files.copy(file, place);
  }

  @Test
  void anAuthorityIsTrustedForItsRegistryAlone() throws Exception {
    var address = serve(authority.issue("registry", NAMES), false);
    put("other.example:5000", "ca.crt", authority.certificate());
    var refused = refusal(address).problem();
    assertThat(refused.why().toString()).contains("CN=team", "nobody here vouches for");
    assertThat(refused.hints().toString())
        .contains("certs.d/" + address + "/ca.crt", "SSL_CERT_FILE");
    put(address, "ca.crt", authority.certificate());
    assertThat(tags(address)).containsExactly("1");
  }

  @Test
  void whoCallsIsShownWhereItIsAskedWhateverTheFormOfTheKey() throws Exception {
    var address = serve(authority.issue("registry", NAMES), true);
    put(address, "ca.crt", authority.certificate());
    assertThat(refusal(address).problem().hints().toString()).contains("client.cert");
    for (var issued :
        List.of(
            authority.issue("me", "DNS:me"),
            authority.issue("me", "DNS:me").withOldKey(),
            authority.issueRsa("me-rsa", "DNS:me").withOldKey())) {
      var certificate = put(address, "client.cert", issued.certificate());
      var key = put(address, "client.key", issued.key());
      assertThat(tags(address)).containsExactly("1");
      Files.delete(certificate);
      Files.delete(key);
    }
  }

  @Test
  void aCertificateForAnotherHostOrOfThePastIsToldAsThat() throws Exception {
    var address = serve(authority.issue("elsewhere", "DNS:team.example"), false);
    put(address, "ca.crt", authority.certificate());
    var elsewhere = refusal(address).problem();
    assertThat(elsewhere.why().toString()).contains("is for `team.example`");
    assertThat(elsewhere.hints().toString()).doesNotContain("SSL_CERT_FILE");
    server.stop(0);
    var ended = serve(authority.issueExpired("ended", NAMES), false);
    put(ended, "ca.crt", authority.certificate());
    var expired = refusal(ended).problem();
    assertThat(expired.why().toString()).contains("its certificate ended on 20");
    assertThat(expired.hints().toString()).contains("renewed");
  }

  @Test
  void filesThatDoNotServeAreNamed() throws Exception {
    var address = "r.example:5000";
    var me = authority.issue("me", "DNS:me");
    var other = authority.issue("you", "DNS:you");
    var certificate = put(address, "client.cert", me.certificate());
    assertThatThrownBy(() -> tags(address))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e ->
                assertThat(e.problem().render()).contains("[bad-setting]", "no file `client.key`"));
    put(address, "client.key", other.key());
    assertThatThrownBy(() -> tags(address))
        .isInstanceOfSatisfying(
            FoundationException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("not that of the certificate", certificate.toString()));
    Files.delete(certificate);
    assertThatThrownBy(() -> tags(address)).hasMessageContaining("certificates of the registry");
    Files.delete(certificate.resolveSibling("client.key"));
    Files.writeString(certificate.resolveSibling("ca.crt"), "nothing");
    assertThatThrownBy(() -> tags(address))
        .isInstanceOfSatisfying(
            FoundationException.class, e -> assertThat(e.problem().render()).contains("ca.crt"));
  }
}
