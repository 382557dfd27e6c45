package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.Tokens;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Where a server listens, with which certificate, and for how long")
class AddressTest {
  @TempDir Path folder;

  private LocalWorkspace workspace() {
    return Workspace.create(
        "team", folder.resolve("team"), true, Served.settings(folder), Progress.SILENT);
  }

  private void certificate(String name) {
    var made =
        new Command(
                List.of(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=" + name,
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                    "-keyout",
                    folder.resolve("key.pem").toString(),
                    "-out",
                    folder.resolve("cert.pem").toString()),
                Settings.system().variables(),
                null,
                Duration.ofSeconds(30))
            .run();
    assertThat(made.exitCode()).as(made.error()).isZero();
  }

  private String subject(String url, String token) throws Exception {
    var certificate =
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(Files.readAllBytes(folder.resolve("cert.pem"))));
    var store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    store.setCertificateEntry("server", certificate);
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    var context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    try (var http = HttpClient.newBuilder().sslContext(context).build()) {
      var response =
          http.send(
              HttpRequest.newBuilder(URI.create(url + "/api/v1"))
                  .header("Authorization", "Bearer " + token)
                  .build(),
              BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(200);
      var shown = response.sslSession().orElseThrow().getPeerCertificates()[0];
      return ((X509Certificate) shown).getSubjectX500Principal().getName();
    }
  }

  @Test
  void tlsShowsTheCertificateAndTheNextOneWhenItIsRenewed() throws Exception {
    certificate("first");
    try (var workspace = workspace();
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1", System.err)
                    .withTls(folder.resolve("cert.pem"), folder.resolve("key.pem")),
                Served.settings(folder))) {
      assertThat(server.url()).startsWith("https://");
      var token =
          new Tokens(workspace.database(), workspace.clock())
              .create("t", Role.READER, null, null)
              .secret();
      assertThat(subject(server.url(), token)).isEqualTo("CN=first");
      Thread.sleep(2100);
      certificate("second");
      assertThat(subject(server.url(), token)).isEqualTo("CN=second");
    }
  }

  @Test
  void withoutTlsItIsReachedFromHereAlone() throws Exception {
    try (var workspace = workspace()) {
      var open =
          ServerOptions.loopback("1", System.err).withAddress(new InetSocketAddress("0.0.0.0", 0));
      assertThatThrownBy(() -> TerroirServer.start(workspace, open, Served.settings(folder)))
          .isInstanceOfSatisfying(
              ServerException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ServerCode.INSECURE_ADDRESS));
      try (var server =
          TerroirServer.start(workspace, open.withInsecureHttp(), Served.settings(folder))) {
        assertThat(server.url()).startsWith("http://127.0.0.1:");
      }
    }
  }

  @Test
  void filesThatAreNoCertificateAreRefused() throws Exception {
    Files.writeString(folder.resolve("cert.pem"), "nothing");
    Files.writeString(folder.resolve("key.pem"), "nothing");
    try (var workspace = workspace()) {
      assertThatThrownBy(() ->
              TerroirServer.start(
                  workspace,
                  ServerOptions.loopback("1", System.err)
                      .withTls(folder.resolve("cert.pem"), folder.resolve("key.pem")),
                  Served.settings(folder)))
          .isInstanceOfSatisfying(
              ServerException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ServerCode.TLS_FILES));
    }
  }

  @Test
  void aServerOnDemandEndsWhenItIsIdleAndNothingIsAlive() throws Exception {
    try (var workspace = workspace();
        var server =
            TerroirServer.start(
                workspace,
                ServerOptions.loopback("1", System.err).withIdle(Duration.ofMillis(400)),
                Served.settings(folder))) {
      var isAlive = new java.util.concurrent.atomic.AtomicBoolean(true);
      server.context().activity().register(isAlive::get);
      Thread.sleep(1200);
      var files = new ServerFiles(workspace.directory());
      assertThat(files.read()).isPresent();
      isAlive.set(false);
      server.await();
      assertThat(files.read()).isEmpty();
      assertThat(files.token()).doesNotExist();
    }
  }
}
