package dev.terroir.image.build;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.Semaphore;

/// Lets some work go on at a time, of what waits the largest first: a large one that is begun last
/// is waited for while the other processors idle. Thread-safe.
final class LargestFirst {
  private final PriorityQueue<Waiting> waiting =
      new PriorityQueue<>(Comparator.comparingLong(Waiting::size).reversed());
  private int free;

  private record Waiting(long size, Semaphore turn) {}

  /// @param atOnce how much may go on
  LargestFirst(int atOnce) {
    this.free = atOnce;
  }

  /// Waits for its turn.
  ///
  /// @param size in any unit
  void acquire(long size) throws InterruptedException {
    var mine = new Waiting(size, new Semaphore(0));
    synchronized (waiting) {
      if (free > 0) {
        free--;
        return;
      }
      waiting.add(mine);
    }
    try {
      mine.turn().acquire();
    } catch (InterruptedException e) {
      synchronized (waiting) {
        if (!waiting.remove(mine)) {
          // It was given the turn at this very moment.
          release();
        }
      }
      throw e;
    }
  }

  /// Gives the turn to the largest that waits.
  void release() {
    synchronized (waiting) {
      var next = waiting.poll();
      if (next == null) {
        free++;
      } else {
        next.turn().release();
      }
    }
  }
}
