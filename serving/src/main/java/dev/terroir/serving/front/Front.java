package dev.terroir.serving.front;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.ServedConnections;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Owns a service's address and hands requests to the present scoring process. Thread-safe.
///
/// While there is no process that answers, requests wait a little for the next one.
///
/// @since 0.1
public final class Front implements AutoCloseable {
  /// The largest body of a request.
  public static final long MAX_BODY_BYTES = 100L << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final Set<String> NOT_FORWARDED =
      Set.of(
          "connection",
          "keep-alive",
          "transfer-encoding",
          "te",
          "trailer",
          "upgrade",
          "host",
          "content-length",
          "expect",
          "http2-settings");

  /// A scoring process that requests may be sent to.
  ///
  /// @param port on loopback
  /// @param inFlight requests that it is answering
  public record Backend(int port, AtomicInteger inFlight) {
    /// A fresh one.
    public static Backend of(int port) {
      return new Backend(port, new AtomicInteger());
    }
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Supplier<List<String>> keys;
  private final Object change = new Object();
  private @Nullable Backend backend;

  private Front(HttpServer server, Supplier<List<String>> keys) {
    this.server = server;
    this.keys = keys;
  }

  /// Listens on loopback.
  ///
  /// @param port or 0 for any free one
  /// @param keys the keys that are accepted; empty when none is asked for
  /// @throws ServingException code `port-taken`
  public static Front open(int port, Supplier<List<String>> keys) {
    try {
      var server =
          HttpServer.create(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
              ServedConnections.BACKLOG);
      var front = new Front(server, keys);
      server.createContext("/", front::answer);
      server.setExecutor(front.threads);
      server.start();
      return front;
    } catch (BindException e) {
      throw new ServingException(
          Problem.of(ServingCode.PORT_TAKEN, "port " + port + " is in use by another program")
              .hint("choose another with --port, or leave it out to have a free one"),
          e);
    } catch (IOException e) {
      throw new ServingException(
          Problem.of(ServingCode.PORT_TAKEN, "port " + port + " cannot be listened on")
              .because(String.valueOf(e.getMessage())),
          e);
    }
  }

  /// Where it listens.
  public int port() {
    return server.getAddress().getPort();
  }

  /// Sends requests to another process from now on, or to none.
  ///
  /// @return the former one, which may still be answering
  public @Nullable Backend swap(@Nullable Backend next) {
    synchronized (change) {
      var former = backend;
      backend = next;
      change.notifyAll();
      return former;
    }
  }

  private @Nullable Backend take() throws InterruptedException {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (change) {
      while (backend == null) {
        var left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return null;
        }
        change.wait(left);
      }
      backend.inFlight().incrementAndGet();
      return backend;
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getRawPath();
      if (path.equals("/") && isGet(exchange)) {
        health(exchange);
        return;
      }
      if (!isAllowed(exchange)) {
        error(exchange, 401, "the service asks for one of its keys: `Authorization: Bearer KEY`");
        return;
      }
      var body = exchange.getRequestBody().readNBytes((int) MAX_BODY_BYTES + 1);
      if (body.length > MAX_BODY_BYTES) {
        error(exchange, 413, "a request may have at most " + MAX_BODY_BYTES + " bytes");
        return;
      }
      forward(exchange, body);
    }
  }

  private void health(HttpExchange exchange) throws IOException {
    boolean healthy;
    synchronized (change) {
      healthy = backend != null;
    }
    var text = (healthy ? "Healthy" : "Unhealthy").getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(healthy ? 200 : 503, text.length);
    exchange.getResponseBody().write(text);
  }

  private boolean isAllowed(HttpExchange exchange) {
    var accepted = keys.get();
    if (accepted.isEmpty()) {
      return true;
    }
    var header = exchange.getRequestHeaders().getFirst("Authorization");
    var given = header == null ? "" : header.replaceFirst("(?i)^Bearer\\s+", "");
    var allowed = false;
    for (var key : accepted) {
      allowed |=
          MessageDigest.isEqual(
              key.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }
    return allowed;
  }

  private void forward(HttpExchange exchange, byte[] body) throws IOException {
    try {
      // A process that dies before it answers is followed by its successor; one more try covers
      // that.
      for (int attempt = 0; attempt < 2; attempt++) {
        var to = take();
        if (to == null) {
          break;
        }
        BackendCall.Answer answer;
        try {
          answer =
              BackendCall.send(
                  to.port(),
                  exchange.getRequestMethod(),
                  target(exchange),
                  headers(exchange),
                  body);
        } catch (java.net.ConnectException e) {
          // Nothing was sent, so nothing can happen twice.
          Thread.sleep(200);
          continue;
        } catch (IOException e) {
          error(exchange, 502, "the scoring process ended before it answered");
          return;
        } finally {
          to.inFlight().decrementAndGet();
        }
        deliver(exchange, answer);
        return;
      }
      exchange.getResponseHeaders().set("Retry-After", "2");
      error(exchange, 503, "the scoring process is being started");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      error(exchange, 503, "the service is being stopped");
    }
  }

  private static String target(HttpExchange exchange) {
    var target = exchange.getRequestURI();
    return target.getRawQuery() == null
        ? target.getRawPath()
        : target.getRawPath() + "?" + target.getRawQuery();
  }

  private static Map<String, List<String>> headers(HttpExchange exchange) {
    var headers = new LinkedHashMap<String, List<String>>();
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          if (!NOT_FORWARDED.contains(name.toLowerCase(Locale.ROOT))) {
            headers.put(name, values);
          }
        });
    return headers;
  }

  private static void deliver(HttpExchange exchange, BackendCall.Answer answer) throws IOException {
    answer
        .headers()
        .forEach((name, values) -> {
          if (!NOT_FORWARDED.contains(name) && !name.equals("date")) {
            exchange.getResponseHeaders().put(name, values);
          }
        });
    var body = answer.body();
    var head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(answer.status(), head || body.length == 0 ? -1 : body.length);
    if (!head && body.length > 0) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private static void error(HttpExchange exchange, int status, String message) throws IOException {
    var text =
        JsonWriter.compact(JsonObject.builder().put("message", message).build())
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, text.length);
    exchange.getResponseBody().write(text);
  }

  private static boolean isGet(HttpExchange exchange) {
    return exchange.getRequestMethod().equals("GET") || exchange.getRequestMethod().equals("HEAD");
  }

  @Override
  public void close() {
    server.stop(1);
    threads.shutdownNow();
  }
}
