package dev.terroir.server;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.terroir.compute.RunQueue;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.ServedConnections;
import dev.terroir.image.serve.HeaderDeadline;
import dev.terroir.server.accounts.Authentication;
import dev.terroir.server.accounts.Secrets;
import dev.terroir.server.http.AccessLog;
import dev.terroir.server.http.Endpoint;
import dev.terroir.server.http.Measurements;
import dev.terroir.server.http.ProblemDetails;
import dev.terroir.server.http.Tls;
import dev.terroir.server.jobs.Jobs;
import dev.terroir.server.registry.WorkspaceImageRegistry;
import dev.terroir.server.runs.RunScope;
import dev.terroir.server.runs.ServerRunCredentials;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.AuditLog;
import dev.terroir.workspace.accounts.RepeatedRequests;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.SecretRecords;
import dev.terroir.workspace.accounts.Tokens;
import dev.terroir.workspace.jobs.JobRecords;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A workspace's server. Everything is wired here. Thread-safe.
///
/// @since 0.1
public final class TerroirServer implements AutoCloseable {
  /// The name of the token in `server/token`.
  private static final String LOCAL_TOKEN = "this machine";

  private static final Duration DRAIN = Duration.ofSeconds(30);

  /// From the first byte of a request to the end of its head, without TLS; slow networks lose a
  /// packet or two in it.
  private static final Duration HEAD = Duration.ofSeconds(2);

  /// The same with TLS, its greeting included; no engine waits for anything here.
  private static final Duration HEAD_IN_TLS = Duration.ofSeconds(20);

  /// What is left for jobs when requests have ended; repeatable ones go on at the next start.
  private static final Duration DRAIN_JOBS = Duration.ofSeconds(2);

  private final ServerContext context;
  private final RunQueue runs;
  private final Endpoint endpoint;
  private final WorkspaceImageRegistry registry;
  private final HttpServer http;
  private final ServerFiles files;
  private final @Nullable ProcessLock lock;
  private final AccessLog log;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicBoolean isClosed = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);

  /// Starts one.
  ///
  /// @param workspace closed by the caller, after the server
  /// @throws ServerException code `server-running`, `insecure-address`, `tls-files` or
  ///   `server-not-started`
  public static TerroirServer start(
      LocalWorkspace workspace, ServerOptions options, Settings settings) {
    refuseInsecure(options);
    var files = new ServerFiles(workspace.directory());
    var lock = files.tryLock();
    if (lock == null && !isShared(workspace)) {
      throw files.taken();
    }
    try {
      return new TerroirServer(workspace, options, settings, files, lock);
    } catch (RuntimeException e) {
      if (lock != null) {
        lock.close();
      }
      throw e;
    }
  }

  private static boolean isShared(LocalWorkspace workspace) {
    return workspace.details().database() != null;
  }

  private TerroirServer(
      LocalWorkspace workspace,
      ServerOptions options,
      Settings settings,
      ServerFiles files,
      @Nullable ProcessLock lock) {
    this.files = files;
    this.lock = lock;
    var clock = workspace.clock();
    var database = workspace.database();
    var tokens = new Tokens(database, clock);
    this.log = new AccessLog(options.log(), clock);
    this.http = listen(options);
    var url = url(options, http.getAddress());
    var measurements = new Measurements();
    var jobs =
        new Jobs(
            new JobRecords(database),
            workspace.leases(),
            files.directory().resolve("jobs"),
            clock,
            ProblemDetails::of,
            log::failed);
    this.context =
        new ServerContext(
            workspace,
            settings,
            clock,
            tokens,
            new AuditLog(database, clock),
            new Secrets(new SecretRecords(database, clock), secretKey(settings, files)),
            jobs,
            measurements,
            new Activity(),
            () -> url,
            options.idle() != null);
    measurements.gauge(
        "terroir_jobs",
        "Jobs that this server does.",
        "state",
        () -> Map.of("active", (long) jobs.active()));
    var runCredentials = new ServerRunCredentials(context);
    this.runs = new RunQueue(workspace, runCredentials, log::failed);
    context.activity().register(runs::isAlive);
    var document = Resources.document();
    var repeated = new RepeatedRequests(database, clock);
    this.registry = new WorkspaceImageRegistry(context, options.limits());
    this.endpoint =
        new Endpoint(
            document,
            Resources.of(context, document, options.version(), runs, options.limits()),
            new Authentication(tokens, clock),
            new RunScope(workspace.runs(), context.isOnDemand()),
            repeated,
            isShared(workspace) ? workspace.leases() : null,
            measurements,
            log,
            options.limits(),
            options.version(),
            registry);
    repeated.sweep();
    runCredentials.sweep();
    jobs.start(lock != null && !isShared(workspace));
    runs.start(lock != null && !isShared(workspace));
    if (lock != null) {
      files.write(url, tokens.replace(LOCAL_TOKEN, Role.OWNER).secret(), options.version());
    }
    var deadline =
        options.isTls()
            ? HeaderDeadline.withTls(threads, HEAD_IN_TLS)
            : HeaderDeadline.withoutTls(threads, HEAD);
    http.createContext("/", deadline.guarding(endpoint));
    http.setExecutor(deadline);
    http.start();
    threads.execute(endpoint::watch);
    var idle = options.idle();
    if (idle != null) {
      threads.execute(() -> endWhenIdle(idle));
    }
    log.says(
        "started", JsonObject.builder().put("url", url).put("version", options.version()).build());
  }

  private static Path secretKey(Settings settings, ServerFiles files) {
    return settings
        .get(Settings.TERROIR_SECRET_KEY_FILE)
        .map(Path::of)
        .orElse(files.directory().resolve("secret.key"));
  }

  private static void refuseInsecure(ServerOptions options) {
    var address = options.address();
    if (address.isUnresolved()) {
      throw ServerException.of(
          ServerCode.SERVER_NOT_STARTED,
          "the name `" + address.getHostString() + "` has no address on this machine");
    }
    if (!address.getAddress().isLoopbackAddress()
        && !options.isTls()
        && !options.isInsecureAllowed()) {
      throw ServerException.of(
          ServerCode.INSECURE_ADDRESS,
          "without TLS, `"
              + address.getHostString()
              + "` would let everybody on the way read"
              + " tokens",
          "give `--tls-certificate` and `--tls-key`, listen on 127.0.0.1 behind a proxy, or say"
              + " `--insecure-http` when the network is trusted");
    }
  }

  /// The limits that the JDK's server reads once, before its first use.
  private static void limitHttp() {
    ServedConnections.limit();
    System.setProperty("sun.net.httpserver.maxReqHeaders", "100");
    System.setProperty("sun.net.httpserver.maxReqHeaderSize", Integer.toString(64 << 10));
  }

  private static HttpServer listen(ServerOptions options) {
    limitHttp();
    var certificate = options.certificate();
    var key = options.key();
    try {
      if (certificate == null || key == null) {
        return HttpServer.create(options.address(), ServedConnections.BACKLOG);
      }
      var server = HttpsServer.create(options.address(), ServedConnections.BACKLOG);
      server.setHttpsConfigurator(new HttpsConfigurator(Tls.context(certificate, key)));
      return server;
    } catch (IOException e) {
      throw new ServerException(
          Problem.of(ServerCode.SERVER_NOT_STARTED, "the server cannot listen there")
              .at(Place.of(options.address().getHostString() + ":" + options.address().getPort()))
              .because(String.valueOf(e.getMessage()))
              .hint("choose another address with `--listen HOST:PORT`"),
          e);
    }
  }

  private static String url(ServerOptions options, InetSocketAddress bound) {
    var known = options.url();
    if (known != null) {
      return known.replaceFirst("/+$", "");
    }
    var host =
        options.address().getAddress().isAnyLocalAddress()
            ? "127.0.0.1"
            : options.address().getHostString();
    return (options.isTls() ? "https://" : "http://")
        + (host.contains(":") ? "[" + host + "]" : host)
        + ":"
        + bound.getPort();
  }

  private void endWhenIdle(Duration idle) {
    try {
      while (!isClosed.get()) {
        Thread.sleep(Math.min(1000, Math.max(50, idle.toMillis() / 4)));
        if (endpoint.idle().compareTo(idle) > 0
            && context.jobs().active() == 0
            && !context.activity().isAlive()) {
          log.says("idle", JsonObject.EMPTY);
          Thread.ofPlatform().start(this::close);
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Where callers reach it.
  public String url() {
    return context.url().get();
  }

  /// What its resources work with.
  public ServerContext context() {
    return context;
  }

  /// Waits until it has ended.
  public void await() throws InterruptedException {
    ended.await();
  }

  /// Takes no more connections, and waits until requests are answered. The JDK's server waits too
  /// long for callers who went before their answer, so that those being answered are counted here.
  private void stopHttp() {
    var stopping = Thread.ofPlatform().start(() -> http.stop((int) DRAIN.toSeconds()));
    try {
      var quiet = 0;
      while (stopping.isAlive() && quiet < 5) {
        Thread.sleep(20);
        quiet = endpoint.inFlight() == 0 ? quiet + 1 : 0;
      }
      stopping.interrupt();
      stopping.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Ends it: takes no more requests, finishes those that are being answered, ends logs that are
  /// followed, and stops jobs. Runs and services stay. Does nothing the second time but wait.
  @Override
  public void close() {
    if (!isClosed.compareAndSet(false, true)) {
      try {
        ended.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    try {
      if (lock != null) {
        files.remove();
      }
      endpoint.stop();
      registry.stop();
      stopHttp();
      runs.close();
      context.jobs().drain(DRAIN_JOBS);
      log.says("ended", JsonObject.EMPTY);
    } finally {
      threads.shutdownNow();
      if (lock != null) {
        lock.close();
      }
      ended.countDown();
    }
  }
}
