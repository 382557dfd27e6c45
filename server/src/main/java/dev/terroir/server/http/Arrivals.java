package dev.terroir.server.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/// Requests whose heads are on their way. The JDK's server reads a head in the thread that will
/// answer, so that a thread which is long without a request waits for a caller who dribbles: it is
/// interrupted, which closes its connection. Thread-safe.
final class Arrivals {
  /// A head is some hundred bytes; whoever takes longer for it has no request to make.
  private static final Duration LONGEST = Duration.ofSeconds(20);

  private final Map<Thread, Long> waiting = new ConcurrentHashMap<>();
  private final long patience;

  /// @param stall how long a body may come without a byte
  Arrivals(Duration stall) {
    this.patience = Math.min(LONGEST.toNanos(), stall.toNanos());
  }

  /// Gives each request to a thread of another executor, each time a new one.
  Executor over(Executor threads) {
    return request ->
        threads.execute(() -> {
          waiting.put(Thread.currentThread(), System.nanoTime());
          try {
            request.run();
          } finally {
            waiting.remove(Thread.currentThread());
          }
        });
  }

  /// The head of this thread's request is there.
  void arrived() {
    waiting.remove(Thread.currentThread());
  }

  /// Ends the waiting for heads that take too long.
  void cutOff(long now) {
    waiting.forEach((thread, begun) -> {
      if (now - begun > patience && waiting.remove(thread, begun)) {
        thread.interrupt();
      }
    });
  }
}
