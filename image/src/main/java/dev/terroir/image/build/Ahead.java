package dev.terroir.image.build;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
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
  /// @throws TerroirException its failure
  T get() {
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case TerroirException known -> throw known;
        case RuntimeException bug -> throw bug;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "building the image was canceled"), e);
    }
  }

  /// Throws its failure, if it has failed by now.
  void check() {
    if (task.isDone() && !task.isCancelled() && task.state() == FutureTask.State.FAILED) {
      get();
    }
  }

  void cancel() {
    task.cancel(true);
  }

  /// Ends it, and waits until it has ended.
  @Override
  public void close() {
    cancel();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
