package dev.terroir.workspace.images;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A build of an image that goes on in a thread of this process, as `ImageBuildDetails` of the
/// retired service. Thread-safe.
///
/// Requests for one definition at once, from any number of processes, are one build: the first does
/// the work, the others read its log and get its result where it is what they ask for. If it is
/// killed, or fails at what another wish or another moment may not meet, one of them goes on.
///
/// @since 0.1
final class WorkspaceBuild implements ImageBuild {
  private static final long POLL_MILLIS = 40;

  private final Path lock;
  private final Path folder;
  private final Clock clock;
  private final Progress progress;
  private final Asked asked;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<Status> status = new AtomicReference<>(Status.QUEUED);
  private final AtomicReference<@Nullable Recorded> image = new AtomicReference<>();
  private final AtomicReference<@Nullable TerroirException> failure = new AtomicReference<>();
  private final AtomicReference<@Nullable Path> log = new AtomicReference<>();
  private final Thread thread;
  private volatile boolean isCanceled;

  private WorkspaceBuild(
      ImageRecords records,
      String hash,
      Clock clock,
      Progress progress,
      Asked asked,
      Function<Progress, Recorded> work) {
    this.folder = records.directory(hash).resolve("builds");
    this.lock = folder.resolve("build.lock");
    this.clock = clock;
    this.progress = progress;
    this.asked = asked;
    this.thread = Thread.ofVirtual().name("image build " + hash).unstarted(() -> run(work));
  }

  /// What is asked for of a definition.
  ///
  /// @param wish the same text in every process that asks for the same: what cannot be done for one
  ///   of them cannot be done for the others
  /// @param isServedBy whether an image that somebody else built meanwhile will do
  record Asked(String wish, Predicate<Recorded> isServedBy) {}

  /// Starts a build.
  ///
  /// @param progress sees the log's lines as they come
  /// @param asked what is asked for: one definition may be on several platforms and bases, and in
  ///   several ways
  /// @param work does it, and remembers the image
  static WorkspaceBuild start(
      ImageRecords records,
      String hash,
      Clock clock,
      Progress progress,
      Asked asked,
      Function<Progress, Recorded> work) {
    var build = new WorkspaceBuild(records, hash, clock, progress, asked, work);
    build.thread.start();
    return build;
  }

  private void run(Function<Progress, Recorded> work) {
    try {
      image.set(workOrFollow(work));
      status.set(Status.SUCCEEDED);
    } catch (TerroirException e) {
      failure.set(
          isCanceled && e.problem().code() != FoundationCode.CANCELED
              ? new FoundationException(
                  Problem.of(FoundationCode.CANCELED, "building the image was canceled"), e)
              : e);
      status.set(isCancel(e) ? Status.CANCELED : Status.FAILED);
    } catch (RuntimeException e) {
      failure.set(
          new ImageException(
              Problem.of(ImageCode.IMAGE_BUILD_FAILED, "the image could not be built")
                  .because(String.valueOf(e)),
              e));
      status.set(Status.FAILED);
      throw e;
    } finally {
      ended.countDown();
    }
  }

  /// An interrupt may also show as a file or a program that was cut off.
  private boolean isCancel(TerroirException e) {
    return isCanceled || e.problem().code() == FoundationCode.CANCELED;
  }

  private Recorded workOrFollow(Function<Progress, Recorded> work) {
    var old = BuildFiles.current(folder).filter(BuildFiles.Attempt::isFinal);
    var free = ProcessLock.tryAcquire(lock);
    if (free != null) {
      try (var _ = free) {
        return work(work);
      }
    }
    status.set(Status.RUNNING);
    progress.line("another process builds this image already; this is its log");
    var followed = Optional.<BuildFiles.Attempt>empty();
    var shown = 0L;
    while (true) {
      if (Thread.currentThread().isInterrupted()) {
        throw new FoundationException(
            Problem.of(FoundationCode.CANCELED, "waiting for the image was canceled"));
      }
      free = ProcessLock.tryAcquire(lock);
      try (var held = free) {
        var attempt = BuildFiles.current(folder).filter(it -> !Optional.of(it).equals(old));
        if (attempt.isPresent()) {
          if (!attempt.equals(followed)) {
            followed = attempt;
            shown = 0;
          }
          log.set(attempt.get().log());
          shown = attempt.get().show(shown, progress::line);
        }
        if (held != null) {
          var result =
              attempt.flatMap(it -> BuildFiles.result(it, asked.wish())).filter(asked.isServedBy());
          return result.isPresent() ? result.get() : work(work);
        }
      }
      sleep();
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Recorded work(Function<Progress, Recorded> work) {
    status.set(Status.RUNNING);
    try (var files = BuildFiles.begin(folder, asked.wish(), clock)) {
      log.set(files.log());
      try {
        var result = work.apply(files.logged(progress));
        files.succeeded(result);
        return result;
      } catch (TerroirException e) {
        if (isCancel(e)) {
          // Whoever follows this build was not canceled, and does it.
          files.canceled();
        } else {
          files.failed(e.problem());
        }
        throw e;
      }
    }
  }

  @Override
  public Status status() {
    return status.get();
  }

  @Override
  public Optional<Path> log() {
    return Optional.ofNullable(log.get());
  }

  @Override
  public Optional<Problem> error() {
    return Optional.ofNullable(failure.get()).map(TerroirException::problem);
  }

  @Override
  public void cancel() {
    isCanceled = true;
    thread.interrupt();
  }

  @Override
  public Recorded waitForCompletion(Consumer<String> output) {
    var said = (Status) null;
    try {
      while (true) {
        var now = status.get();
        if (now != said) {
          output.accept("Image Build Status: " + now.word());
          said = now;
        }
        if (now.isFinal()) {
          break;
        }
        ended.await(POLL_MILLIS, java.util.concurrent.TimeUnit.MILLISECONDS);
      }
      ended.await();
    } catch (InterruptedException e) {
      cancel();
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "building the image was canceled"), e);
    }
    var wrong = failure.get();
    if (wrong != null) {
      throw wrong;
    }
    var result = image.get();
    if (result == null) {
      throw new IllegalStateException("a build that succeeded has an image");
    }
    return result;
  }
}
