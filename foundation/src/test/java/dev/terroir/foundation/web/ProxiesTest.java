package dev.terroir.foundation.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.TerroirException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Which proxy an address goes through (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY)")
class ProxiesTest {
  private static String proxy(Map<String, String> variables, String uri) {
    return Proxies.of(Settings.of(variables))
        .find(URI.create(uri))
        .map(Proxies.Proxy::toString)
        .orElse("direct");
  }

  @Test
  void theSchemeOfTheAddressDecidesAndLowerCaseWins() {
    var variables =
        Map.of(
            "HTTPS_PROXY", "http://upper.example:1",
            "https_proxy", "http://lower.example:2",
            "HTTP_PROXY", "plain.example:3");
    assertThat(proxy(variables, "https://a.example/x")).isEqualTo("lower.example:2");
    assertThat(proxy(variables, "http://a.example/x")).isEqualTo("plain.example:3");
    assertThat(proxy(Map.of("ALL_PROXY", "http://all.example:4"), "https://a.example/"))
        .isEqualTo("all.example:4");
    assertThat(proxy(Map.of("HTTPS_PROXY", ""), "https://a.example/")).isEqualTo("direct");
  }

  @ParameterizedTest(name = "NO_PROXY={0}: {1} goes {2}")
  @CsvSource({
    "*, https://a.example/, direct",
    "a.example, https://a.example/, direct",
    "a.example, https://sub.a.example/, direct",
    ".a.example, https://sub.a.example/, direct",
    "*.a.example, https://sub.a.example/, direct",
    "a.example, https://nota.example/, p.example:80",
    "a.example:8443, https://a.example/, p.example:80",
    "a.example:8443, https://a.example:8443/, direct",
    "10.0.0.0/8, https://10.9.8.7/, direct",
    "10.0.0.0/8, https://11.9.8.7/, p.example:80",
    "10.0.0.0/99, https://10.9.8.7/, p.example:80",
    "127.0.0.1, https://127.0.0.1:4711/, direct",
    "fd00::/8, 'https://[fd00::1]/', direct",
  })
  void someAddressesAreReachedDirectly(String list, String uri, String way) {
    assertThat(
            proxy(Map.of("HTTPS_PROXY", "http://p.example", "NO_PROXY", "x.example, " + list), uri))
        .isEqualTo(way);
  }

  @Test
  void aPasswordGoesIntoAHeaderAndIntoNoText() {
    var proxies =
        Proxies.of(Settings.of(Map.of("HTTP_PROXY", "http://ada:s%40crt@p.example:8080")));
    var found = proxies.find(URI.create("http://a.example/")).orElseThrow();
    assertThat(found.authorization()).isEqualTo("Basic YWRhOnNAY3J0");
    assertThat(found.toString()).isEqualTo("p.example:8080");
  }

  @Test
  void aProxyThatCannotServeIsRefusedWithoutItsPassword() {
    for (var value : new String[] {"socks5://ada:hidden@p.example:1080", "http://a:hidden@ b"}) {
      assertThatThrownBy(() -> Proxies.of(Settings.of(Map.of("HTTPS_PROXY", value))))
          .isInstanceOfSatisfying(
              TerroirException.class,
              e -> {
                assertThat(e.problem().code().id()).isEqualTo("bad-setting");
                assertThat(e.problem().render()).contains("HTTPS_PROXY").doesNotContain("hidden");
                assertThat(e).hasNoCause();
              });
    }
  }

  @Test
  void aBundleThatHoldsNoCertificateIsRefused() {
    var none = Path.of(System.getProperty("java.io.tmpdir"), "no-such-bundle.pem").toString();
    assertThatThrownBy(() -> Web.of(Settings.of(Map.of("PIP_CERT", none))))
        .hasMessageContaining("certificate authorities");
  }
}
