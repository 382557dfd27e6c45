package dev.terroir.image.build;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Something that is worked out in a thread of its own before it is asked for. Thread-safe.
///
/// @param <T> what it is
final class Ahead<T> implements AutoCloseable {
  private final FutureTask<T> task;
  private final Thread thread;

  /// Begins at once.
  Ahead(Callable<T> work) {
    this.task = new FutureTask<>(work);
    // A thread of the system's: it computes as long as those that make layers, and is to get its
    // share of the processors beside them.
    this.thread = Thread.ofPlatform().name("terroir-ahead").daemon().start(task);
  }

  /// Waits for it.
  ///
  /// @throws RuntimeException its failure
  T get() {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw failure(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "building the image was canceled"), e);
    }
  }

  /// What work in another thread failed with, to be thrown in this one.
  static RuntimeException failure(ExecutionException e) {
    return switch (e.getCause()) {
      case RuntimeException known -> known;
      case Error error -> throw error;
      case null, default -> new IllegalStateException(e.getCause());
    };
  }

  /// Throws its failure, if it has failed by now.
  void check() {
    if (task.state() == FutureTask.State.FAILED) {
      get();
    }
  }

  /// Ends it, and waits until it has ended.
  @Override
  public void close() {
    task.cancel(true);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
