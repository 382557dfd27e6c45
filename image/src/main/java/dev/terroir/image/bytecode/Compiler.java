package dev.terroir.image.bytecode;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Compiles Python modules in long-lived interpreters, several at a time. The same source, file
/// name and Python version give the same bytes in every order, process and pool.
///
/// Thread-safe. Interpreters start with the first module that needs them and end with [#close].
///
/// @since 0.1
public final class Compiler implements AutoCloseable {
  /// How long one module may take; the largest real ones take 10 s.
  private static final Duration MODULE_TIMEOUT = Duration.ofSeconds(120);

  /// Sources that wait or are being compiled, in KiB: more of them would only fill the memory.
  private static final int MAX_PENDING_KIB = 32 << 10;

  /// The largest answer that is believed, in bytes.
  private static final int MAX_ANSWER = 1 << 29;

  private final Function<String, Path> interpreters;
  private final int workers;
  private final Map<String, Pool> pools = new HashMap<>();
  private boolean isClosed;

  /// @param interpreters gives for a `major.minor` the interpreter that compiles; may throw an
  ///   [ImageException] when there is none
  /// @param workers how many interpreters run at a time for each version
  public Compiler(Function<String, Path> interpreters, int workers) {
    this.interpreters = interpreters;
    this.workers = Math.max(1, workers);
  }

  /// Compiles a module some time soon. Waits while very much is waiting.
  ///
  /// @param pythonVersion `major.minor`
  /// @param fileName what the code will say it was compiled from
  /// @param source the module's bytes; nobody may change them
  /// @param then called with the result, in the thread that waited for the interpreter
  /// @return what `then` returned; ends with an [ImageException] of code `byte-code` when there is
  ///   no usable interpreter. Cancel it when it is no longer wanted.
  public <T> Future<T> compile(
      String pythonVersion, String fileName, byte[] source, Function<ByteCode, T> then)
      throws InterruptedException {
    Pool pool;
    synchronized (pools) {
      if (isClosed) {
        throw new IllegalStateException("the compiler is closed");
      }
      pool = pools.computeIfAbsent(pythonVersion, Pool::new);
    }
    return pool.submit(fileName, source, then);
  }

  /// Starts an interpreter for modules that are about to come. That there is none is told with the
  /// first of them.
  public void prepare(String pythonVersion) throws InterruptedException {
    var _ = compile(pythonVersion, "nothing.py", new byte[0], result -> result);
  }

  /// Ends the interpreters. What still waits is canceled.
  @Override
  public void close() {
    List<Pool> all;
    synchronized (pools) {
      isClosed = true;
      all = new ArrayList<>(pools.values());
      pools.clear();
    }
    all.forEach(Pool::close);
  }

  private static ImageException unusable(String pythonVersion, Path python, String why) {
    return new ImageException(
        Problem.of(
                ImageCode.BYTE_CODE,
                "Python " + pythonVersion + " cannot compile the modules of the packages")
            .at(Place.file(python))
            .because(why)
            .hint("install a CPython " + pythonVersion + " and put it on PATH")
            .hint("build without byte-code: `--no-bytecode`"));
  }

  /// One module on its way.
  private record Job(String fileName, byte[] source, int kib, CompletableFuture<ByteCode> answer) {}

  /// The interpreters of one version with a thread each.
  private final class Pool {
    private final String pythonVersion;
    private final LinkedBlockingQueue<Job> queue = new LinkedBlockingQueue<>();
    private final Semaphore pending = new Semaphore(MAX_PENDING_KIB);
    private final List<Thread> threads = new ArrayList<>();
    private final List<Worker> running = new ArrayList<>();

    Pool(String pythonVersion) {
      this.pythonVersion = pythonVersion;
      for (int i = 0; i < workers; i++) {
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .name("byte-code-" + pythonVersion + "-" + i)
                .start(this::work));
      }
      threads.add(Thread.ofVirtual().start(this::watch));
    }

    <T> Future<T> submit(String fileName, byte[] source, Function<ByteCode, T> then)
        throws InterruptedException {
      int kib = Math.min(MAX_PENDING_KIB, 1 + (source.length >> 10));
      pending.acquire(kib);
      var answer = new CompletableFuture<ByteCode>();
      var result = answer.thenApply(then);
      result.whenComplete((_, _) -> answer.cancel(false));
      queue.add(new Job(fileName, source, kib, answer));
      return result;
    }

    private void work() {
      var worker = new Worker(pythonVersion);
      synchronized (running) {
        running.add(worker);
      }
      try {
        while (true) {
          var job = queue.take();
          try {
            if (!job.answer().isDone()) {
              job.answer().complete(worker.compile(job));
            }
          } catch (RuntimeException | Error e) {
            // Whoever waits for it learns of it, also where the memory is full.
            job.answer().completeExceptionally(e);
          } catch (InterruptedException e) {
            job.answer().cancel(false);
            throw e;
          } finally {
            pending.release(job.kib());
          }
        }
      } catch (InterruptedException e) {
        // Closed: what waits is canceled by close().
      } finally {
        worker.end();
      }
    }

    /// Ends interpreters that take too long; their threads notice.
    private void watch() {
      try {
        while (true) {
          Thread.sleep(1000);
          synchronized (running) {
            running.forEach(Worker::endIfOverdue);
          }
        }
      } catch (InterruptedException e) {
        // Closed.
      }
    }

    void close() {
      threads.forEach(Thread::interrupt);
      boolean isInterrupted = false;
      for (var thread : threads) {
        // A thread may be starting an interpreter at this moment, so it is not enough to end them
        // once.
        while (thread.isAlive()) {
          synchronized (running) {
            running.forEach(Worker::end);
          }
          try {
            thread.join(20);
          } catch (InterruptedException e) {
            isInterrupted = true;
          }
        }
      }
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
      for (var job = queue.poll(); job != null; job = queue.poll()) {
        job.answer().cancel(false);
        pending.release(job.kib());
      }
    }
  }

  /// One interpreter, started anew when it ends. Used by one thread; ended by any.
  private final class Worker {
    private final String pythonVersion;
    private volatile @Nullable Process process;
    private volatile long deadline = Long.MAX_VALUE;
    private @Nullable OutputStream requests;
    private @Nullable DataInputStream answers;

    Worker(String pythonVersion) {
      this.pythonVersion = pythonVersion;
    }

    ByteCode compile(Job job) throws InterruptedException {
      // A module can kill its interpreter, by nesting deeply; so can the machine. The second time
      // it
      // is the module.
      for (int attempt = 0; attempt < 2; attempt++) {
        start();
        deadline = System.nanoTime() + MODULE_TIMEOUT.toNanos();
        try {
          return ask(job);
        } catch (IOException e) {
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
          end();
        } finally {
          deadline = Long.MAX_VALUE;
        }
      }
      return new ByteCode.Skipped("the interpreter ended while it compiled it");
    }

    private ByteCode ask(Job job) throws IOException {
      var out = Objects.requireNonNull(requests);
      write(out, job.fileName().getBytes(StandardCharsets.UTF_8));
      write(out, job.source());
      out.flush();
      var answer = read(Objects.requireNonNull(answers));
      return answer[0] == '+'
          ? new ByteCode.Compiled(java.util.Arrays.copyOfRange(answer, 1, answer.length))
          : new ByteCode.Skipped(text(answer));
    }

    private static String text(byte[] answer) {
      return new String(answer, 1, answer.length - 1, StandardCharsets.UTF_8);
    }

    private void start() {
      if (process != null) {
        return;
      }
      var python = interpreters.apply(pythonVersion);
      try {
        var builder =
            new ProcessBuilder(
                python.toString(), "-s", "-S", "-B", "-W", "ignore", "-c", program());
        builder.environment().clear();
        builder.environment().put("PYTHONHASHSEED", "0");
        builder.directory(new File("/"));
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        var started = builder.start();
        process = started;
        requests = new BufferedOutputStream(started.getOutputStream(), 1 << 16);
        var in = new DataInputStream(started.getInputStream());
        answers = in;
        deadline = System.nanoTime() + MODULE_TIMEOUT.toNanos();
        var said = text(read(in));
        if (!said.startsWith("cpython " + pythonVersion + " ")) {
          throw unusable(pythonVersion, python, "it says that it is `" + said + "`");
        }
      } catch (IOException e) {
        throw unusable(
            pythonVersion, python, "it cannot be started, or ends at once: " + e.getMessage());
      } catch (RuntimeException e) {
        end();
        throw e;
      } finally {
        deadline = Long.MAX_VALUE;
      }
    }

    private static void write(OutputStream out, byte[] block) throws IOException {
      var size = new byte[4];
      for (int i = 0; i < 4; i++) {
        size[i] = (byte) (block.length >>> (8 * i));
      }
      out.write(size);
      out.write(block);
    }

    private static byte[] read(DataInputStream in) throws IOException {
      int size = Integer.reverseBytes(in.readInt());
      if (size < 1 || size > MAX_ANSWER) {
        throw new EOFException("an answer of " + size + " bytes");
      }
      var block = new byte[size];
      in.readFully(block);
      return block;
    }

    void endIfOverdue() {
      if (deadline != Long.MAX_VALUE && System.nanoTime() - deadline > 0) {
        var overdue = process;
        if (overdue != null) {
          overdue.destroyForcibly();
        }
      }
    }

    void end() {
      var ended = process;
      process = null;
      if (ended != null) {
        ended.destroyForcibly();
        ended.onExit().orTimeout(1, TimeUnit.SECONDS).exceptionally(_ -> ended).join();
      }
    }
  }

  private static String program() throws IOException {
    try (var in = Compiler.class.getResourceAsStream("compiler.py")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /// Waits for what was compiled.
  ///
  /// @throws ImageException as [#compile] says
  public static <T> T await(Future<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (java.util.concurrent.ExecutionException e) {
      var cause = e.getCause();
      while (cause instanceof CompletionException wrapped && wrapped.getCause() != null) {
        cause = wrapped.getCause();
      }
      if (cause instanceof RuntimeException known) {
        throw known;
      }
      throw new IllegalStateException(cause);
    }
  }
}
