package dev.terroir.foundation.file;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// An exclusive lock between processes (and threads of one process) on a file's name. The operating
/// system lets go of it when its holder dies, however that happens. The file stays.
///
/// @since 0.1
public final class ProcessLock implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(20);

  /// What threads of this process hold. POSIX lets go of a process's locks on a file whenever the
  /// process closes any descriptor of it, so a thread that finds the file locked by another thread
  /// must not even have opened it.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;
  private final FileLock lock;

  private ProcessLock(Path file, FileChannel channel, FileLock lock) {
    this.file = file;
    this.channel = channel;
    this.lock = lock;
  }

  /// Waits until the lock is free and takes it.
  ///
  /// @param file the lock's own file, made with its directories when missing
  /// @param patience how long to wait
  /// @throws FoundationException with `lock-timeout` when somebody else holds it longer, `canceled`
  ///   when interrupted
  public static ProcessLock acquire(Path file, Duration patience) {
    var deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      var taken = tryAcquire(file);
      if (taken != null) {
        return taken;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new FoundationException(
            Problem.of(FoundationCode.CANCELED, "waiting for another process was canceled"));
      }
      if (System.nanoTime() > deadline) {
        throw new FoundationException(
            Problem.of(
                    FoundationCode.LOCK_TIMEOUT,
                    "another process has been doing the same work for over "
                        + patience.toSeconds()
                        + " s")
                .at(Place.file(file))
                .hint("wait for it to end, or end it, and try again"));
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  /// Takes the lock if it is free at this moment, else returns null.
  public static @Nullable ProcessLock tryAcquire(Path file) {
    try {
      var absolute = file.toAbsolutePath();
      var parent = absolute.getParent();
      if (parent == null) {
        throw new NoSuchFileException(file.toString());
      }
      Files.createDirectories(parent);
      var real = parent.toRealPath().resolve(absolute.getFileName());
      return HELD.add(real) ? lock(real) : null;
    } catch (IOException e) {
      throw FoundationException.ofFile("the lock file cannot be used", file, e);
    }
  }

  private static @Nullable ProcessLock lock(Path file) throws IOException {
    FileChannel channel = null;
    FileLock lock = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock = channel.tryLock();
      return lock == null ? null : new ProcessLock(file, channel, lock);
    } finally {
      if (lock == null) {
        try {
          if (channel != null) {
            channel.close();
          }
        } finally {
          HELD.remove(file);
        }
      }
    }
  }

  @Override
  public void close() {
    try (channel) {
      lock.release();
    } catch (IOException e) {
      // The operating system releases it with the channel or the process.
    } finally {
      HELD.remove(file);
    }
  }
}
