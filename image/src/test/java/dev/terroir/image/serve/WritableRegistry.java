package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpServer;
import dev.terroir.image.layout.OciLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A registry over a layout on loopback that everybody may write to; also a program, so that it can
/// be killed.
public final class WritableRegistry implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private WritableRegistry(RegistryProtocol protocol, Access access) {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 64);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var deadline = HeaderDeadline.withoutTls(threads, Duration.ofMillis(100));
    server.setExecutor(deadline);
    server.createContext("/v2", deadline.guarding(exchange -> protocol.handle(exchange, access)));
    server.start();
  }

  public static WritableRegistry over(Path layout) {
    return of(new RegistryProtocol(store(layout)), Access.DELETE);
  }

  static WritableRegistry of(RegistryProtocol protocol, Access access) {
    return new WritableRegistry(protocol, access);
  }

  static LayoutStore store(Path layout) {
    return new LayoutStore(new OciLayout(layout), Clock.systemUTC());
  }

  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /// Serves until it is killed, and prints where.
  public static void main(String[] arguments) {
    System.out.println(over(Path.of(arguments[0])).address());
  }
}
