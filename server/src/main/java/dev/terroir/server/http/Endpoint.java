package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.accounts.RepeatedRequests;
import dev.terroir.workspace.database.Leases;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Answers requests: finds the operation, asks who calls, holds the request to the contract, and
/// writes what the operation answers, or a problem detail. Thread-safe.
///
/// @since 0.1
public final class Endpoint implements HttpHandler {
  private static final Pattern SOUND_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Duration WATCH = Duration.ofMillis(250);

  /// The registry, which judges its requests itself.
  public interface Registry {
    /// What a request below `/v2/` is counted as.
    String operation(String method, String path);

    /// Answers a request below `/v2/` of somebody who showed a token.
    void handle(HttpExchange exchange, Caller caller, String requestId) throws IOException;
  }

  private final ApiDocument document;
  private final Routes routes;
  private final Authenticator authenticator;
  private final Scope scope;
  private final RequestReader reader;
  private final AnswerWriter writer;
  private final Repeats repeats;
  private final Measurements measurements;
  private final AccessLog log;
  private final String version;
  private final Limits limits;
  private final Registry registry;
  private final SecureRandom random = new SecureRandom();
  private final Set<Watched> watched = ConcurrentHashMap.newKeySet();
  private final AtomicInteger active = new AtomicInteger();
  private volatile boolean isStopping;
  private volatile long lastRequest = System.nanoTime();

  /// A request that is being answered.
  private record Watched(HttpExchange exchange, Thread thread, ReceivedBody body, String id) {}

  /// @param resources together they answer every operation of the document
  /// @param scope what callers may do beyond their roles
  /// @param leases of a workspace that several servers have; null when this one is alone
  /// @param registry what answers below `/v2/`
  public Endpoint(
      ApiDocument document,
      java.util.List<Resource> resources,
      Authenticator authenticator,
      Scope scope,
      RepeatedRequests repeated,
      @Nullable Leases leases,
      Measurements measurements,
      AccessLog log,
      Limits limits,
      String version,
      Registry registry) {
    this.document = document;
    this.routes = new Routes(document, resources);
    this.authenticator = authenticator;
    this.scope = scope;
    this.reader = new RequestReader(document);
    this.writer = new AnswerWriter(new EventStream(() -> isStopping));
    this.repeats = new Repeats(repeated, leases);
    this.measurements = measurements;
    this.log = log;
    this.limits = limits;
    this.version = version;
    this.registry = registry;
  }

  /// Ends what follows logs, and refuses what comes from now on.
  public void stop() {
    isStopping = true;
  }

  /// How long nobody has called, and nobody is being answered.
  public Duration idle() {
    return active.get() == 0 ? Duration.ofNanos(System.nanoTime() - lastRequest) : Duration.ZERO;
  }

  /// Requests that are being answered.
  public int inFlight() {
    return active.get();
  }

  /// What is known of a request, as far as it was judged.
  private static final class Seen {
    String operation = "none";
    Caller caller = Caller.ANONYMOUS;
    int status = 500;
    @Nullable ReceivedBody body;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    var begun = System.nanoTime();
    lastRequest = begun;
    active.incrementAndGet();
    measurements.begun();
    var id = requestId(exchange);
    var seen = new Seen();
    exchange.getResponseHeaders().set("X-Request-Id", id);
    exchange.getResponseHeaders().set("Terroir-Server", version);
    Watched watch = null;
    try (exchange) {
      try {
        var match = judge(exchange, seen, id);
        if (match != null) {
          var body = reader.body(exchange, match.route().operation(), limits);
          seen.body = body;
          watch = new Watched(exchange, Thread.currentThread(), body, id);
          watched.add(watch);
          var request = reader.read(exchange, match, seen.caller, id, body, limits);
          var answer = repeats.answer(request, exchange, match.route().guarded());
          seen.status = writer.write(exchange, answer);
        }
      } catch (TerroirException e) {
        var body = seen.body;
        if (body != null) {
          body.discard();
        }
        seen.status = refuse(exchange, e, id);
      } catch (IOException e) {
        // Whoever asked has gone.
        seen.status = 499;
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        log.failed(id, e);
        seen.status = refuse(exchange, unexpected(), id);
      }
    } finally {
      if (watch != null) {
        watched.remove(watch);
      }
      lastRequest = System.nanoTime();
      active.decrementAndGet();
      end(exchange, id, seen, begun);
    }
  }

  private void end(HttpExchange exchange, String id, Seen seen, long begun) {
    var time = Duration.ofNanos(System.nanoTime() - begun);
    measurements.answered(seen.operation, seen.status, time);
    var body = seen.body;
    var received = body == null ? 0 : body.received();
    measurements.received(received);
    if (!Set.of("live", "ready", "metrics").contains(seen.operation)) {
      log.answered(
          id,
          exchange.getRemoteAddress().getAddress().getHostAddress(),
          seen.caller,
          exchange.getRequestMethod(),
          exchange.getRequestURI().getRawPath(),
          seen.operation,
          seen.status,
          time.toMillis(),
          received);
    }
  }

  /// Finds the operation and who calls it.
  ///
  /// @return null when the registry has answered
  private Routes.@Nullable Match judge(HttpExchange exchange, Seen seen, String id)
      throws IOException {
    var path = exchange.getRequestURI().getRawPath();
    if (isStopping) {
      throw new ServerException(
          Problem.of(ServerCode.SERVER_STOPPING, "the server is about to end"),
          JsonObject.EMPTY,
          Map.of("Retry-After", "5", "Connection", "close"),
          null);
    }
    var isRegistry = isRegistry(exchange);
    var method = exchange.getRequestMethod().equals("HEAD") ? "GET" : exchange.getRequestMethod();
    if (isRegistry) {
      seen.operation = registry.operation(exchange.getRequestMethod(), path);
    }
    Routes.Match match = null;
    ServerException unknown = null;
    if (!isRegistry) {
      try {
        match = routes.find(method, path);
        seen.operation = match.route().operation().id();
      } catch (ServerException e) {
        unknown = e;
      }
    }
    if (match == null || match.route().operation().needsToken()) {
      // Programs that fetch wheels know no other way to show a token.
      seen.caller = caller(exchange, isRegistry || path.startsWith("/api/v1/wheels/"));
    }
    if (unknown != null) {
      throw unknown;
    }
    if (match == null) {
      if (!method.equals("GET")) {
        scope.check(
            seen.caller,
            "push to the registry",
            Guarded.contributor(_ -> Answer.empty(204)),
            Map.of());
      }
      pass(exchange, seen, id);
      return null;
    }
    var role = match.route().guarded().role();
    if (match.route().operation().needsToken() && !seen.caller.role().includes(role)) {
      throw ServerException.of(
          ServerCode.FORBIDDEN,
          "`"
              + seen.operation
              + "` needs the role "
              + role.id()
              + "; the token `"
              + seen.caller.name()
              + "` has the role "
              + seen.caller.role().id(),
          "an owner makes tokens with `terroir token create --role " + role.id() + "`");
    }
    scope.check(seen.caller, match.route().operation().id(), match.route().guarded(), match.path());
    return match;
  }

  private static boolean isRegistry(HttpExchange exchange) {
    var path = exchange.getRequestURI().getRawPath();
    return path.equals("/v2") || path.startsWith("/v2/");
  }

  /// Lets the registry answer; how fast the body must come is as for every other.
  private void pass(HttpExchange exchange, Seen seen, String id) throws IOException {
    var body = ReceivedBody.watched(exchange.getRequestBody(), limits);
    seen.body = body;
    exchange.setStreams(body, null);
    var watch = new Watched(exchange, Thread.currentThread(), body, id);
    watched.add(watch);
    try {
      registry.handle(exchange, seen.caller, id);
      seen.status = exchange.getResponseCode();
    } finally {
      watched.remove(watch);
    }
  }

  private Caller caller(HttpExchange exchange, boolean isBasicAllowed) {
    try {
      return authenticator.authenticate(
          Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
          isBasicAllowed,
          exchange.getRemoteAddress().getAddress());
    } catch (ServerException e) {
      measurements.refused();
      throw e;
    }
  }

  private int refuse(HttpExchange exchange, TerroirException failure, String id) {
    var status = ProblemDetails.status(failure.problem().code());
    if (status >= 500 && !(failure instanceof ServerException)) {
      log.failed(id, failure);
    }
    if (failure instanceof ServerException own) {
      own.headers().forEach(exchange.getResponseHeaders()::set);
    }
    if (failure.problem().code() == WorkspaceCode.DATABASE_UNREACHABLE) {
      // It is found again by itself; clients ask again after a while.
      exchange.getResponseHeaders().set("Retry-After", "5");
    }
    try {
      if (exchange.getResponseCode() >= 0) {
        // It has begun to be answered: to cut it off is all that is left.
        return exchange.getResponseCode();
      }
      if (status == 413 || status == 408) {
        exchange.getResponseHeaders().set("Connection", "close");
      }
      if (isRegistry(exchange)) {
        return RegistryErrors.write(exchange, status, failure);
      }
      return writer.problem(exchange, status, ProblemDetails.of(failure, id));
    } catch (IOException e) {
      return status;
    }
  }

  private static ServerException unexpected() {
    return ServerException.of(
        ServerCode.SERVER_ERROR,
        "Terroir met something that it does not expect",
        "please report it with the lines of the server's log that have the request's id");
  }

  private String requestId(HttpExchange exchange) {
    var given = exchange.getRequestHeaders().getFirst("X-Request-Id");
    if (given != null && SOUND_ID.matcher(given).matches()) {
      return given;
    }
    var bytes = new byte[8];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /// Cuts off bodies that come too slowly, until the thread is interrupted.
  public void watch() {
    try {
      while (true) {
        Thread.sleep(WATCH);
        var now = System.nanoTime();
        for (var request : watched) {
          if (request.body().isStalled(now) && watched.remove(request)) {
            cutOff(request);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Answers in the place of the thread that waits for the body, then ends its waiting.
  private void cutOff(Watched request) {
    var exchange = request.exchange();
    try {
      refuse(
          exchange,
          ServerException.of(
              ServerCode.BODY_STALLED,
              "the body came too slowly: "
                  + request.body().received()
                  + " bytes, then nothing for "
                  + limits.stall().toSeconds()
                  + " s, or less than "
                  + limits.slowestBytesPerSecond()
                  + " bytes a second"),
          request.id());
      exchange.getResponseBody().flush();
    } catch (IOException e) {
      // The caller has gone too.
    } finally {
      request.thread().interrupt();
    }
  }

  /// The contract.
  public ApiDocument document() {
    return document;
  }
}
