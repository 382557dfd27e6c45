package dev.terroir.image.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.home.Settings;
import dev.terroir.image.oci.ImageReference;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Registries behind the user's proxy")
class RegistryProxyTest {
  @Test
  void aRegistryElsewhereIsReachedThroughTheProxyAndOneHereDirectly() throws Exception {
    var asked = new CopyOnWriteArrayList<String>();
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          asked.add(
              exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Proxy-Authorization"));
          var body = "{\"name\":\"team/app\",\"tags\":[\"1\"]}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    var here = "127.0.0.1:" + server.getAddress().getPort();
    var settings = Settings.of(Map.of("HTTP_PROXY", "http://user:word@" + here));
    var options =
        RegistryOptions.of(CredentialSource.none()).withInsecure(Set.of("registry.invalid:5000"));
    try (var registries = new Registries(options, settings, null)) {
      assertThat(registries.tags(ImageReference.parse("registry.invalid:5000/team/app")))
          .isEqualTo(List.of("1"));
      assertThat(registries.tags(ImageReference.parse(here + "/team/app"))).containsExactly("1");
    } finally {
      server.stop(0);
    }
    assertThat(asked)
        .containsExactly(
            "http://registry.invalid:5000/v2/team/app/tags/list?n=1000 Basic dXNlcjp3b3Jk",
            "/v2/team/app/tags/list?n=1000 null");
  }
}
