package dev.terroir.foundation.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The certificate authorities that are trusted")
class AuthoritiesTest {
  @TempDir Path folder;
  private Path bundle;
  private X509Certificate[] chain;

  /// A server whose certificate is by itself.
  @BeforeEach
  void certify() throws Exception {
    bundle = certificate("team.example");
    try (var in = Files.newInputStream(bundle)) {
      chain =
          new X509Certificate[] {
            (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in)
          };
    }
  }

  private Path certificate(String name) throws Exception {
    var file = folder.resolve(name + ".pem");
    var store = folder.resolve(name).toString();
    keytool(store, "-genkeypair", "-dname", "CN=" + name, "-keyalg", "EC");
    keytool(store, "-exportcert", "-rfc", "-file", file.toString());
    return file;
  }

  private static void keytool(String store, String... words) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(words));
    command.addAll(List.of("-keystore", store, "-storepass", "changeit", "-alias", "server"));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  @Test
  void areThoseOfTheSystemToo() {
    var authorities =
        Authorities.of(
            Settings.of(Map.of()), List.of(), List.of(folder.resolve("not-there"), bundle));
    assertThatCode(() -> authorities.checkServerTrusted(chain, "EC")).doesNotThrowAnyException();
  }

  @Test
  void areThoseOfABundleAloneWhenOneIsSet() throws Exception {
    var other = certificate("other.example");
    var authorities =
        Authorities.of(
            Settings.of(Map.of("SSL_CERT_FILE", other.toString())), List.of(), List.of(bundle));
    assertThatThrownBy(() -> authorities.checkServerTrusted(chain, "EC"))
        .isInstanceOf(Distrust.class);
    var right =
        Authorities.of(
            Settings.of(Map.of("SSL_CERT_FILE", bundle.toString())), List.of(), List.of());
    assertThatCode(() -> right.checkServerTrusted(chain, "EC")).doesNotThrowAnyException();
  }

  @Test
  void areNamedInARefusal() throws Exception {
    var broken = Files.writeString(folder.resolve("broken.pem"), "no certificate");
    for (var system : List.of(List.<Path>of(), List.of(broken))) {
      var authorities = Authorities.of(Settings.of(Map.of()), List.of(), system);
      assertThatThrownBy(() -> authorities.checkServerTrusted(chain, "EC"))
          .isInstanceOf(Distrust.class)
          .hasMessageContaining("CN=team.example");
    }
  }
}
