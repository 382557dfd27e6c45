package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/// The executor of an `HttpServer` that waits only so long for the head of a request.
///
/// Engines that are told a registry may be without TLS greet it with TLS first. The JDK's server
/// takes that for the beginning of a request line and waits for its end, and the engine for an
/// answer, until the engine gives up after 30 s. Here the connection is closed before: the thread
/// that reads is interrupted, which closes its channel. Every program sends the line in one packet,
/// so that who waits within it has greeted, and is not kept from asking without TLS; the other
/// lines of a head have the whole time. How long the body may take is not its affair. Thread-safe.
///
/// @since 0.1
public final class HeaderDeadline implements Executor {
  /// How long the rest of a request line is waited for without TLS. Each pull and push of an engine
  /// waits so long before it begins.
  private static final Duration LINE = Duration.ofMillis(25);

  private final ExecutorService threads;
  private final Duration line;
  private final Duration patience;
  private final ThreadLocal<AtomicBoolean> waiting = new ThreadLocal<>();

  private HeaderDeadline(ExecutorService threads, Duration line, Duration patience) {
    this.threads = threads;
    this.line = line;
    this.patience = patience;
  }

  /// For a server without TLS, which ends greetings by TLS at once.
  ///
  /// @param threads one virtual thread for each task; closed by the caller
  /// @param patience from the first byte of a request to the end of its head
  public static HeaderDeadline withoutTls(ExecutorService threads, Duration patience) {
    return new HeaderDeadline(threads, patience.compareTo(LINE) < 0 ? patience : LINE, patience);
  }

  /// For a server with TLS.
  ///
  /// @param threads one virtual thread for each task; closed by the caller
  /// @param patience from the first byte of a greeting to the end of a request's head
  public static HeaderDeadline withTls(ExecutorService threads, Duration patience) {
    return new HeaderDeadline(threads, patience, patience);
  }

  @Override
  public void execute(Runnable exchange) {
    threads.execute(() -> {
      var isWaiting = new AtomicBoolean(true);
      Future<?> watch;
      try {
        watch = watch(Thread.currentThread(), isWaiting);
      } catch (RejectedExecutionException e) {
        // The server has ended, and its connections with it.
        return;
      }
      waiting.set(isWaiting);
      try {
        exchange.run();
      } finally {
        waiting.remove();
        isWaiting.set(false);
        watch.cancel(true);
      }
    });
  }

  private Future<?> watch(Thread reading, AtomicBoolean isWaiting) {
    return threads.submit(() -> {
      try {
        Thread.sleep(line);
        if (line.equals(patience) || !isWithinLine(reading)) {
          Thread.sleep(patience.minus(line));
        }
        // On a busy machine the thread may not have come to read yet; only one that waits for more
        // to come is late.
        while (isWaiting.get() && reading.getState() != Thread.State.WAITING) {
          Thread.sleep(patience);
        }
      } catch (InterruptedException e) {
        // The head came in time, or the server ends.
        return;
      }
      if (isWaiting.compareAndSet(true, false)) {
        reading.interrupt();
      }
    });
  }

  /// Whether a thread waits for the rest of a request line. The server tells nobody, but reads the
  /// line in the constructor of its request; a server that read it elsewhere would only be as
  /// patient as with every other line.
  private static boolean isWithinLine(Thread reading) {
    return reading.getState() == Thread.State.WAITING
        && Arrays.stream(reading.getStackTrace())
            .anyMatch(frame ->
                frame.getClassName().equals("sun.net.httpserver.Request")
                    && frame.getMethodName().equals("<init>"));
  }

  /// A handler of the server whose executor this is.
  public HttpHandler guarding(HttpHandler handler) {
    return exchange -> {
      var isWaiting = waiting.get();
      if (isWaiting != null && !isWaiting.compareAndSet(true, false)) {
        throw new IOException("the head of the request came too late");
      }
      handler.handle(exchange);
    };
  }
}
