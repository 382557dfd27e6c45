package dev.terroir.samples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Serves a folder on loopback as a conda channel, or as a server of several. Thread-safe; closing
/// ends it.
///
/// @since 0.1
public final class CondaServer implements AutoCloseable {
  private final Path directory;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();
  private final Map<String, Misbehaviour> misbehaviours = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> misbehaved = new ConcurrentHashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<String> userAgents = new ArrayList<>();
  private volatile @Nullable String authorization;
  private volatile @Nullable String pathToken;

  private CondaServer(Path directory) throws IOException {
    this.directory = directory;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  /// Serves a folder; its paths are the server's.
  public static CondaServer serving(Path directory) throws IOException {
    return new CondaServer(directory);
  }

  /// Answers 401 from now on without this user and password (RFC 7617).
  public CondaServer withBasic(String user, String password) {
    var plain = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    authorization = "Basic " + Base64.getEncoder().encodeToString(plain);
    return this;
  }

  /// Answers 401 from now on without this token (RFC 6750).
  public CondaServer withBearer(String token) {
    authorization = "Bearer " + token;
    return this;
  }

  /// Answers 403 from now on unless paths begin with `/t/TOKEN/`, as hosted channels have it.
  public CondaServer withPathToken(String token) {
    pathToken = token;
    return this;
  }

  /// Its address without credentials and without a slash at the end.
  public URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /// The address of a channel below it, without credentials.
  public URI url(String channel) {
    return URI.create(url() + "/" + channel);
  }

  /// Does something wrong for a path from now on.
  ///
  /// @param path below the server without a slash at the beginning, such as
  ///   `linux-64/repodata.json`; `*` for every path that has none of its own
  public CondaServer misbehave(String path, Misbehaviour misbehaviour) {
    misbehaved.remove(path);
    misbehaviours.put(path, misbehaviour);
    return this;
  }

  /// Behaves again.
  public CondaServer behave() {
    misbehaviours.clear();
    misbehaved.clear();
    return this;
  }

  /// How often each path was asked for, without a token's; authorised or not.
  public Map<String, Integer> requests() {
    var copy = new TreeMap<String, Integer>();
    counts.forEach((path, count) -> copy.put(path, count.get()));
    return copy;
  }

  /// How often paths with an ending were asked for.
  public int requests(String ending) {
    return requests().entrySet().stream()
        .filter(entry -> entry.getKey().endsWith(ending))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /// Counts from zero again.
  public CondaServer forget() {
    counts.clear();
    return this;
  }

  /// The user agents that asked, in order, each once.
  public List<String> userAgents() {
    synchronized (userAgents) {
      return List.copyOf(userAgents);
    }
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
    threads.close();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getPath().substring(1);
      var token = pathToken;
      var isTokened = token != null && path.startsWith("t/" + token + "/");
      if (isTokened && token != null) {
        path = path.substring(token.length() + 3);
      }
      counts.computeIfAbsent(path, _ -> new AtomicInteger()).incrementAndGet();
      var agent = exchange.getRequestHeaders().getFirst("User-Agent");
      synchronized (userAgents) {
        if (agent != null && !userAgents.contains(agent)) {
          userAgents.add(agent);
        }
      }
      if (authorization != null
          && !authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange
            .getResponseHeaders()
            .set("WWW-Authenticate", authorization.replaceAll(" .*", "") + " realm=\"samples\"");
        exchange.sendResponseHeaders(401, -1);
      } else if (token != null && !isTokened) {
        exchange.sendResponseHeaders(403, -1);
      } else {
        answer(exchange, path, misbehaviour(path));
      }
    }
  }

  private @Nullable Misbehaviour misbehaviour(String path) {
    var key = misbehaviours.containsKey(path) ? path : "*";
    var found = misbehaviours.get(key);
    var count = misbehaved.computeIfAbsent(path, _ -> new AtomicInteger()).incrementAndGet();
    return switch (found) {
      case null -> null;
      case Misbehaviour.After(var requests, var then) -> count > requests ? then : null;
      case Misbehaviour.Until(var requests, var first) -> count <= requests ? first : null;
      case Misbehaviour.Hang _,
          Misbehaviour.Status _,
          Misbehaviour.Truncated _,
          Misbehaviour.Body _,
          Misbehaviour.Corrupted _ ->
          found;
    };
  }

  private void answer(HttpExchange exchange, String path, @Nullable Misbehaviour wrong)
      throws IOException {
    var file = directory.resolve(path).normalize();
    var isThere = file.startsWith(directory) && Files.isRegularFile(file);
    switch (wrong) {
      case Misbehaviour.Hang _ -> {
        try {
          closing.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      case Misbehaviour.Status(var status) -> exchange.sendResponseHeaders(status, -1);
      case Misbehaviour.Body(var bytes) -> send(exchange, bytes, bytes.length);
      case Misbehaviour.Truncated(var length) -> {
        var bytes = Files.readAllBytes(file);
        send(
            exchange, java.util.Arrays.copyOf(bytes, Math.min(length, bytes.length)), bytes.length);
      }
      case Misbehaviour.Corrupted _ -> {
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        send(exchange, bytes, bytes.length);
      }
      case null, default -> {
        if (isThere) {
          var bytes = Files.readAllBytes(file);
          send(exchange, bytes, bytes.length);
        } else {
          exchange.sendResponseHeaders(404, -1);
        }
      }
    }
  }

  private static void send(HttpExchange exchange, byte[] bytes, int promised) throws IOException {
    var tag = "\"" + Sha256.of(bytes).hex() + "\"";
    exchange.getResponseHeaders().set("ETag", tag);
    exchange.getResponseHeaders().set("Cache-Control", "no-cache");
    if (tag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
      exchange.sendResponseHeaders(304, -1);
    } else if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(promised));
      exchange.sendResponseHeaders(200, -1);
    } else if (promised == 0) {
      exchange.sendResponseHeaders(200, -1);
    } else {
      exchange.sendResponseHeaders(200, promised);
      exchange.getResponseBody().write(bytes);
      exchange.getResponseBody().flush();
    }
  }
}
