package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.FoundationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.regex.Pattern;

/// A registry that can be read from, on an address that only this machine reaches. It answers from
/// the layouts as they are at that moment; requests that would write are refused. Thread-safe;
/// closing it ends it and its threads.
///
/// @since 0.1
public final class RegistryEndpoint implements AutoCloseable {
  private static final Pattern OWN_HOST =
      Pattern.compile("(?i)(?:localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])(?::[0-9]+)?");

  /// From the first byte of a request to the end of its head, which one machine sends at once.
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final RegistryProtocol protocol;

  private RegistryEndpoint(HttpServer server, RegistryProtocol protocol) {
    this.server = server;
    this.protocol = protocol;
  }

  /// Starts to serve on a free port.
  ///
  /// @param repositories what a repository's name, such as `azureml/azureml_1f0c`, stands for;
  ///   called from many threads
  public static RegistryEndpoint start(Function<String, Optional<ServedRepository>> repositories) {
    try {
      var server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 64);
      var endpoint =
          new RegistryEndpoint(server, new RegistryProtocol(new ServedRepositories(repositories)));
      var deadline = HeaderDeadline.withoutTls(endpoint.threads, PATIENCE);
      server.setExecutor(deadline);
      server.createContext("/", deadline.guarding(endpoint::handle));
      server.start();
      return endpoint;
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "no port of this machine can be listened on", Path.of("127.0.0.1"), e);
    }
  }

  /// Host and port, the first part of its images' references.
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    var host = exchange.getRequestHeaders().getFirst("Host");
    if (host == null || !OWN_HOST.matcher(host).matches()) {
      try (exchange) {
        // A page in a browser that has made its own name point here must not read images.
        RegistryRequest.refuse(
            exchange, new Refusal(403, "DENIED", "only this machine's own names are served"));
      }
      return;
    }
    protocol.handle(exchange, Access.READ);
  }
}
