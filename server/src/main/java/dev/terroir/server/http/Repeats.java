package dev.terroir.server.http;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.accounts.RepeatedRequests;
import dev.terroir.workspace.database.Leases;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Repeats first answers to requests with an `Idempotency-Key`, whichever server of the workspace
/// gave them. Thread-safe.
final class Repeats {
  /// A key whose server died while it answered is free after this time; while it answers, it renews
  /// the lease, however long that takes.
  private static final Duration LEASE = Duration.ofSeconds(15);

  private static final Duration RENEWAL = Duration.ofSeconds(4);

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final RepeatedRequests repeated;
  private final @Nullable Leases leases;
  private final String owner = "answer " + UUID.randomUUID();
  private final ConcurrentHashMap<String, ReentrantLock> open = new ConcurrentHashMap<>();

  /// @param leases of a workspace that several servers have; null when this one is alone
  Repeats(RepeatedRequests repeated, @Nullable Leases leases) {
    this.repeated = repeated;
    this.leases = leases;
  }

  Answer answer(Request request, HttpExchange exchange, Guarded guarded) {
    var operation = guarded.operation();
    var key = request.header("idempotency-key");
    if (guarded.keeping() == Guarded.Keeping.NOT
        || key.isEmpty()
        || !exchange.getRequestMethod().equals("POST")) {
      return operation.answer(request);
    }
    var actor = request.caller().tokenId();
    var digest =
        Sha256.of(
                exchange.getRequestURI().getRawPath()
                    + "\n"
                    + exchange.getRequestURI().getRawQuery()
                    + "\n"
                    + JsonWriter.canonical(request.json()))
            .hex();
    if (guarded.keeping() == Guarded.Keeping.WITH) {
      // Who writes is alone, so that one that is sent again waits for the first without a lease.
      return repeated.together(() -> first(request, key.get(), actor, digest, operation));
    }
    // One that is sent again while the first is being answered waits for its answer.
    var name = actor + "/" + key.get();
    var lock = open.computeIfAbsent(name, _ -> new ReentrantLock());
    lock.lock();
    try {
      take(name);
      return first(
          request, key.get(), actor, digest, asked -> held(name, () -> operation.answer(asked)));
    } finally {
      give(name);
      lock.unlock();
      open.remove(name, lock);
    }
  }

  /// The first answer to a request of a key, given now or before.
  private Answer first(
      Request request, String key, String actor, String digest, Operation operation) {
    var first = repeated.find(key, actor);
    if (first.isPresent()) {
      if (!first.get().digest().equals(digest)) {
        throw ServerException.of(
            ServerCode.IDEMPOTENCY_KEY_REUSED,
            "the idempotency key `" + key + "` was used before for another request",
            "make a new key for each request, and send the same one only with the same request");
      }
      return read(first.get());
    }
    var answer = operation.answer(request);
    if (answer instanceof Answer.Json json) {
      repeated.put(key, actor, new RepeatedRequests.Answered(digest, json.status(), written(json)));
    }
    return answer;
  }

  private static String lease(String name) {
    return "request/" + name;
  }

  /// Waits until no other server answers a request of that key.
  private void take(String name) {
    try {
      while (leases != null && !leases.tryAcquire(lease(name), owner, LEASE)) {
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ServerException.of(ServerCode.SERVER_STOPPING, "the server is about to end");
    }
  }

  /// Answers under the lease of a key, which is renewed until the answer is there.
  private Answer held(String name, Supplier<Answer> operation) {
    if (leases == null) {
      return operation.get();
    }
    var held = leases;
    var renewal =
        Thread.ofVirtual().name("lease of an answer").start(() -> renew(lease(name), held));
    try {
      return operation.get();
    } finally {
      renewal.interrupt();
      join(renewal);
    }
  }

  private void renew(String lease, Leases held) {
    try {
      while (true) {
        Thread.sleep(RENEWAL);
        try {
          // Taken again where it ended, as while the machine was held up, and nobody took it.
          held.tryAcquire(lease, owner, LEASE);
        } catch (TerroirException e) {
          // The database is away; the lease may outlive that, and the next renewal tells.
        }
      }
    } catch (InterruptedException e) {
      // The answer is there.
    }
  }

  /// Waits until a renewal has ended, so that none comes after the lease was given back.
  private static void join(Thread renewal) {
    var isInterrupted = false;
    while (renewal.isAlive()) {
      try {
        renewal.join();
      } catch (InterruptedException e) {
        isInterrupted = true;
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void give(String name) {
    try {
      if (leases != null) {
        leases.release(lease(name), owner);
      }
    } catch (TerroirException e) {
      // The database has gone; the lease ends by itself.
    }
  }

  private static String written(Answer.Json answer) {
    return JsonWriter.compact(
        JsonObject.builder()
            .put("headers", JsonValue.ofStrings(answer.headers()))
            .put("etag", answer.etag())
            .put("body", answer.body())
            .build());
  }

  private static Answer read(RepeatedRequests.Answered answered) {
    var kept = JsonReader.parseObject(answered.answer(), "the workspace's database");
    return new Answer.Json(
        answered.status(),
        kept.get("body").orElse(JsonValue.NULL),
        kept.optionalString("etag").orElse(null),
        kept.stringMap("headers"));
  }
}
