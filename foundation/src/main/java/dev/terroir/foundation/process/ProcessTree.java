package dev.terroir.foundation.process;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// A process and all that descends from it.
///
/// @since 0.1
public final class ProcessTree {
  private ProcessTree() {}

  /// Asks the process and its descendants to end (SIGTERM), waits, and ends the rest (SIGKILL).
  ///
  /// @param grace how long they may take
  public static void end(ProcessHandle root, Duration grace) {
    List<ProcessHandle> all = Stream.concat(root.descendants(), Stream.of(root)).toList();
    all.forEach(ProcessHandle::destroy);
    var deadline = System.nanoTime() + grace.toNanos();
    for (var process : all) {
      awaitUntil(process, deadline);
    }
    // Children born in the meantime are found again from those that still live.
    all.stream()
        .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process)))
        .distinct()
        .forEach(ProcessHandle::destroyForcibly);
  }

  private static void awaitUntil(ProcessHandle process, long deadline) {
    try {
      process.onExit().get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      // Ended by force below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
