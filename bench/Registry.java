import com.sun.net.httpserver.HttpServer;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.serve.Access;
import dev.terroir.image.serve.HeaderDeadline;
import dev.terroir.image.serve.LayoutStore;
import dev.terroir.image.serve.RegistryProtocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executors;

/// Serves a layout on loopback as the workspace's registry is served, and prints where; ends when
/// it is killed.
void main(String[] arguments) throws IOException {
  var layout = new OciLayout(Path.of(arguments[0]));
  var protocol = new RegistryProtocol(new LayoutStore(layout, Clock.systemUTC()));
  var deadline =
      HeaderDeadline.withoutTls(
          Executors.newVirtualThreadPerTaskExecutor(), Duration.ofMillis(100));
  var server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 64);
  server.setExecutor(deadline);
  server.createContext(
      "/v2", deadline.guarding(exchange -> protocol.handle(exchange, Access.DELETE)));
  server.start();
  System.out.println("127.0.0.1:" + server.getAddress().getPort());
}
