package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Distrust;
import dev.terroir.foundation.web.Web;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/// One HTTP client with a clock of its own on everything: the JDK's time limit of a request ends
/// with the headers of the answer (JDK-8208693), so a server that stops in the middle of a body
/// would hold the caller for ever. Thread-safe.
final class Transport implements AutoCloseable {
  private final Web web;
  private final Duration stall;

  Transport(Web web, Duration stall) {
    this.web = web;
    this.stall = stall;
  }

  /// Starts a request, with what the user's proxy wants to see.
  HttpRequest.Builder request(URI uri) {
    return web.request(uri);
  }

  /// Nothing moved for too long.
  static final class StalledException extends IOException {
    StalledException(Duration stall) {
      super("nothing came for " + stall.toMillis() / 1000.0 + " s");
    }
  }

  static FoundationException canceled(InterruptedException cause) {
    return new FoundationException(
        Problem.of(FoundationCode.CANCELED, "the transfer was canceled"), cause);
  }

  /// Sends a request.
  ///
  /// @param moved grows while the body of the request is sent
  HttpResponse<InputStream> send(HttpRequest request, AtomicLong moved) throws IOException {
    var future = web.client().sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
    var step = Math.clamp(stall.toMillis() / 4, 10, 1000);
    var last = moved.get();
    var since = System.nanoTime();
    while (true) {
      try {
        return future.get(step, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        var now = System.nanoTime();
        if (moved.get() != last) {
          last = moved.get();
          since = now;
        } else if (now - since > stall.toNanos()) {
          future.cancel(true);
          throw new StalledException(stall);
        }
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          // A new one, so that the trace shows who waited.
          case IOException cause -> throw new IOException(describe(cause), cause);
          case java.io.UncheckedIOException cause -> throw new IOException(cause.getCause());
          case RuntimeException cause -> throw cause;
          case null, default -> throw new IOException("the request failed", e);
        }
      } catch (InterruptedException e) {
        future.cancel(true);
        Thread.currentThread().interrupt();
        throw canceled(e);
      }
    }
  }

  private static String describe(IOException e) {
    var distrust = Distrust.in(e);
    if (distrust.isPresent()) {
      return String.valueOf(distrust.get().getMessage());
    }
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return switch (deepest) {
      case java.nio.channels.UnresolvedAddressException _ -> "its name is not known";
      case java.net.UnknownHostException _ -> "its name is not known";
      case java.net.http.HttpConnectTimeoutException _ -> "it does not answer";
      case java.net.ConnectException _ -> "nothing answers there";
      case java.nio.channels.ClosedChannelException _ ->
          e instanceof java.net.ConnectException
              ? "nothing answers there"
              : "the connection was cut";
      case java.io.EOFException _ -> "the connection was cut";
      default ->
          switch (e) {
            case java.net.ConnectException _ -> "nothing answers there";
            case java.net.http.HttpTimeoutException _ -> "it does not answer";
            default -> {
              var message = deepest.getMessage();
              yield message == null ? deepest.getClass().getSimpleName() : message;
            }
          };
    };
  }

  /// The body of an answer, each read of it with the clock running.
  InputStream guarded(InputStream body) {
    return new Guard(body);
  }

  private final class Guard extends FilterInputStream {
    private final Thread watch;
    private volatile long readingSince;
    private volatile boolean isStalled;

    Guard(InputStream in) {
      super(in);
      // Ends when the stream is closed, which every user of one does.
      watch = Thread.ofVirtual().start(this::watch);
    }

    private void watch() {
      try {
        while (true) {
          Thread.sleep(Math.clamp(stall.toMillis() / 4, 10, 1000));
          var since = readingSince;
          if (since != 0 && System.nanoTime() - since > stall.toNanos()) {
            isStalled = true;
            in.close();
            return;
          }
        }
      } catch (InterruptedException | IOException e) {
        // Closed: nothing is left to watch.
      }
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      readingSince = System.nanoTime() | 1;
      try {
        var read = in.read(bytes, offset, length);
        if (isStalled) {
          throw new StalledException(stall);
        }
        return read;
      } catch (IOException e) {
        throw isStalled ? new StalledException(stall) : e;
      } finally {
        readingSince = 0;
      }
    }

    @Override
    public void close() throws IOException {
      watch.interrupt();
      super.close();
    }
  }

  @Override
  public void close() {
    web.close();
  }
}
