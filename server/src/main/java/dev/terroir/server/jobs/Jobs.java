package dev.terroir.server.jobs;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.database.Leases;
import dev.terroir.workspace.jobs.Job;
import dev.terroir.workspace.jobs.JobRecords;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Does jobs, each in a virtual thread of its own and each by one server at a time: a lease says
/// whose it is, and jobs whose lease has ended are taken over. Thread-safe.
///
/// @since 0.1
public final class Jobs implements AutoCloseable {
  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("uuuuMMddHHmmssSSS").withZone(ZoneOffset.UTC);

  /// A dead server's jobs are taken over after this time at the latest.
  private static final Duration LEASE = Duration.ofSeconds(30);

  private static final Duration RENEWAL = Duration.ofSeconds(5);

  /// Builds and locks are bound by processors and disks.
  private static final int AT_ONCE = 4;

  /// How long a job that another one waits for waits for its turn.
  private static final Duration AWAITED = Duration.ofSeconds(10);

  private final JobRecords records;
  private final Leases leases;
  private final Path logs;
  private final Clock clock;
  private final BiFunction<TerroirException, String, JsonObject> problems;
  private final BiConsumer<String, Throwable> failures;
  private final Map<String, JobKind> kinds = new TreeMap<>();
  private final Map<String, Running> running = new ConcurrentHashMap<>();
  private final Semaphore turns = new Semaphore(AT_ONCE, true);
  private final SecureRandom random = new SecureRandom();
  private final String owner;
  private final Thread keeper;
  private volatile boolean isClosing;

  /// A job of this server.
  private static final class Running {
    final Thread thread;
    volatile boolean isCanceled;
    volatile boolean isAwaited;

    Running(Thread thread) {
      this.thread = thread;
    }
  }

  /// @param logs folder of the jobs' logs
  /// @param problems what a failure is kept as, given the id of the request
  /// @param failures is told what no job expects
  public Jobs(
      JobRecords records,
      Leases leases,
      Path logs,
      Clock clock,
      BiFunction<TerroirException, String, JsonObject> problems,
      BiConsumer<String, Throwable> failures) {
    this.records = records;
    this.leases = leases;
    this.logs = logs;
    this.clock = clock;
    this.problems = problems;
    this.failures = failures;
    this.owner = "server " + ProcessHandle.current().pid() + " " + hex();
    this.keeper = Thread.ofVirtual().name("jobs").unstarted(this::keep);
  }

  private String hex() {
    var bytes = new byte[4];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /// Says what a kind of job does, before [#start].
  public void register(JobKind kind) {
    if (kinds.put(kind.name(), kind) != null) {
      throw new IllegalStateException("two kinds of jobs are called `" + kind.name() + "`");
    }
  }

  /// Begins to take over what dead servers held.
  ///
  /// @param isAlone whether no other server can have this workspace, so that every job that is open
  ///   was a dead one's
  public void start(boolean isAlone) {
    if (isAlone) {
      records.open().forEach(job -> leases.end(lease(job.id())));
    }
    takeOver();
    keeper.start();
  }

  /// Begins a job.
  ///
  /// @param kind one that is registered
  /// @param subject what it is about, or null
  /// @param input what its work gets
  public Job submit(
      String kind, @Nullable String subject, JsonObject input, String actor, String requestId) {
    return submit(kind, subject, input, actor, requestId, _ -> false);
  }

  /// Begins a job, unless one of this workspace's servers does the same already.
  ///
  /// @param isSame judges the jobs of that kind that have not ended
  /// @return the new one, or the one that does it
  public Job submit(
      String kind,
      @Nullable String subject,
      JsonObject input,
      String actor,
      String requestId,
      Predicate<Job> isSame) {
    if (!kinds.containsKey(kind)) {
      throw new IllegalArgumentException("no kind of job is called `" + kind + "`");
    }
    if (isClosing) {
      throw ServerException.of(ServerCode.SERVER_STOPPING, "the server is about to end");
    }
    var now = clock.instant();
    var job =
        new Job(
            ID.format(now) + "-" + hex(),
            kind,
            Job.Status.QUEUED,
            now.truncatedTo(ChronoUnit.MILLIS).toString(),
            null,
            null,
            subject,
            actor,
            requestId,
            input,
            null,
            null,
            null);
    // First of all its lease, or another server could find it and take it over.
    leases.tryAcquire(lease(job.id()), owner, LEASE);
    var doing = records.addUnless(job, isSame);
    if (doing.id().equals(job.id())) {
      begin(job);
    } else {
      release(job.id());
    }
    return doing;
  }

  private static String lease(String id) {
    return "job/" + id;
  }

  private void begin(Job job) {
    var kind = kinds.get(job.kind());
    if (kind == null) {
      return;
    }
    var thread = Thread.ofVirtual().name("job " + job.id()).unstarted(() -> run(job, kind));
    running.put(job.id(), new Running(thread));
    thread.start();
  }

  private void run(Job waiting, JobKind kind) {
    var state = running.get(waiting.id());
    if (state == null) {
      return;
    }
    var job = waiting;
    var hasTurn = false;
    try {
      hasTurn = takeTurn(state);
      job = waiting.begun(now());
      if (records.update(job)) {
        end(job, kind, state);
      }
    } catch (InterruptedException e) {
      stopped(job, kind, state);
    } catch (RuntimeException e) {
      // The database has gone; the lease ends, and whoever has the database goes on.
      failures.accept(job.id(), e);
    } finally {
      if (hasTurn) {
        turns.release();
      }
      running.remove(job.id());
      release(job.id());
    }
  }

  /// @return whether there was one
  private boolean takeTurn(Running state) throws InterruptedException {
    while (!turns.tryAcquire(AWAITED.toMillis(), TimeUnit.MILLISECONDS)) {
      if (state.isAwaited) {
        return false;
      }
    }
    return true;
  }

  /// Lets a job go on without a turn when it gets none soon, as a job that has one may wait for it:
  /// builds that all have their turns and all pull a base that is still to be built would wait for
  /// that for ever. Does nothing when another server does it.
  public void expedite(String id) {
    var state = running.get(id);
    if (state != null) {
      state.isAwaited = true;
    }
  }

  private void release(String id) {
    try {
      leases.release(lease(id), owner);
    } catch (RuntimeException e) {
      // It ends by itself.
    }
  }

  private void end(Job job, JobKind kind, Running state) {
    try (var log =
        new JobLog(
            log(job.id()),
            step -> records.update(job.at(JsonObject.builder().put("message", step).build())))) {
      try {
        var result = kind.work().run(job.input(), log);
        records.update(job.ended(Job.Status.SUCCEEDED, now(), result, null));
      } catch (TerroirException e) {
        if (state.isCanceled || isClosing || e.problem().code() == FoundationCode.CANCELED) {
          stopped(job, kind, state);
        } else {
          log.line(e.problem().render());
          failed(job, e);
        }
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        if (state.isCanceled || isClosing) {
          stopped(job, kind, state);
        } else {
          failures.accept(job.id(), e);
          failed(
              job,
              ServerException.of(
                  ServerCode.SERVER_ERROR, "Terroir met something that it does not expect"));
        }
      }
    }
  }

  /// Canceled on request; else the server ends, and a repeatable one waits for the next server.
  private void stopped(Job job, JobKind kind, Running state) {
    // The database is asked with the interrupt away.
    var _ = Thread.interrupted();
    if (state.isCanceled || !isClosing) {
      records.update(job.ended(Job.Status.CANCELED, now(), null, null));
    } else if (kind.isRepeatable()) {
      records.update(job.waiting());
    } else {
      failed(job, interrupted(job));
    }
  }

  private void failed(Job job, TerroirException failure) {
    records.update(
        job.ended(Job.Status.FAILED, now(), null, problems.apply(failure, job.requestId())));
  }

  private static ServerException interrupted(Job job) {
    return new ServerException(
        Problem.of(
                ServerCode.JOB_INTERRUPTED,
                "the server ended while the job `" + job.kind() + "` was at work")
            .hint("ask for it again"));
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
  }

  /// Where a job's log is.
  public Path log(String id) {
    return logs.resolve(id + ".log");
  }

  /// One of them.
  public Optional<Job> find(String id) {
    return records.find(id);
  }

  /// The records.
  public JobRecords records() {
    return records;
  }

  /// How many this server does now.
  public int active() {
    return running.size();
  }

  /// Asks a job to end. One that has ended stays as it is.
  ///
  /// @return how it is after that
  public Optional<Job> cancel(String id) {
    var state = running.get(id);
    if (state != null) {
      state.isCanceled = true;
      state.thread.interrupt();
    } else {
      // Nobody does it, or another server, which sees it at its next renewal.
      records
          .find(id)
          .filter(job -> !job.status().isFinal())
          .ifPresent(job -> records.update(job.ended(Job.Status.CANCELED, now(), null, null)));
    }
    return records.find(id);
  }

  /// Renews what this server has, and takes over what nobody has any more.
  private void keep() {
    try {
      while (!isClosing) {
        Thread.sleep(RENEWAL);
        try {
          for (var entry : running.entrySet()) {
            leases.tryAcquire(lease(entry.getKey()), owner, LEASE);
            var isOver = find(entry.getKey()).filter(job -> job.status().isFinal()).isPresent();
            if (isOver && !entry.getValue().isCanceled) {
              entry.getValue().isCanceled = true;
              entry.getValue().thread.interrupt();
            }
          }
          takeOver();
        } catch (TerroirException e) {
          failures.accept("jobs", e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void takeOver() {
    for (var job : records.open()) {
      if (isClosing
          || running.containsKey(job.id())
          || !kinds.containsKey(job.kind())
          || !leases.tryAcquire(lease(job.id()), owner, LEASE)) {
        continue;
      }
      var kind = kinds.get(job.kind());
      var isAtWork = job.status() == Job.Status.RUNNING;
      if (isAtWork && (kind == null || !kind.isRepeatable())) {
        failed(job, interrupted(job));
        release(job.id());
      } else {
        var again = job.waiting();
        records.update(again);
        begin(again);
      }
    }
  }

  /// Lets jobs end for a while, then stops them: repeatable ones are begun again by the next
  /// server.
  ///
  /// @param patience how long
  public void drain(Duration patience) {
    isClosing = true;
    keeper.interrupt();
    var deadline = System.nanoTime() + patience.toNanos();
    try {
      while (!running.isEmpty() && System.nanoTime() < deadline) {
        Thread.sleep(20);
      }
      running.values().forEach(state -> state.thread.interrupt());
      var last = System.nanoTime() + Duration.ofSeconds(5).toNanos();
      while (!running.isEmpty() && System.nanoTime() < last) {
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    drain(Duration.ZERO);
  }
}
