package dev.terroir.foundation.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName(
    "Certificate authorities (PIP_CERT, SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE)")
class WebTest {
  @TempDir Path folder;

  private void keytool(String... arguments) {
    var command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin/keytool").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "a", "-keystore", folder.resolve("keys").toString()));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", "changeit"));
    var result = new Command(command, Map.of(), null, Duration.ofMinutes(1)).run();
    assertThat(result.isSuccess()).as(result.output() + result.error()).isTrue();
  }

  @Test
  void aServerOfTheUsersOwnAuthorityIsTrustedWhereABundleSaysSo() throws Exception {
    keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "san=dns:localhost");
    var bundle = folder.resolve("bundle.pem");
    keytool("-exportcert", "-rfc", "-file", bundle.toString());
    var store = KeyStore.getInstance("PKCS12");
    try (var in = Files.newInputStream(folder.resolve("keys"))) {
      store.load(in, "changeit".toCharArray());
    }
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, "changeit".toCharArray());
    var context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(204, -1);
          }
        });
    server.start();
    try {
      var uri = URI.create("https://localhost:" + server.getAddress().getPort() + "/");
      for (var variable :
          List.of("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")) {
        assertThat(status(Map.of(variable, bundle.toString()), uri)).isEqualTo(204);
      }
      assertThatThrownBy(() -> status(Map.of(), uri)).isInstanceOf(SSLException.class);
    } finally {
      server.stop(0);
    }
  }

  private static int status(Map<String, String> variables, URI uri)
      throws IOException, InterruptedException {
    try (var web = Web.of(Settings.of(variables))) {
      return web.client().send(web.request(uri).build(), BodyHandlers.discarding()).statusCode();
    }
  }
}
