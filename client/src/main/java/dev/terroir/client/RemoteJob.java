package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.TerroirException;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;

/// Long work of a server. Thread-safe but for [#await], which one thread calls.
///
/// @since 0.1
public final class RemoteJob {
  private static final Set<String> FINAL = Set.of("Succeeded", "Failed", "Canceled");
  static final Duration POLL = Duration.ofMillis(100);

  private final RestClient client;
  private final String id;

  /// @param accepted the job as the server told it
  RemoteJob(RestClient client, JsonObject accepted) {
    this.client = client;
    this.id = accepted.string("id");
  }

  private String path() {
    return "/jobs/" + RestClient.part(id);
  }

  /// What is known of it now.
  JsonObject look() {
    return client.get(path()).json();
  }

  /// Whether it has ended.
  boolean isOver() {
    return FINAL.contains(look().string("status"));
  }

  /// Asks it to end.
  void cancel() {
    client.post(path() + "/cancel", JsonObject.EMPTY);
  }

  /// Waits for its end. When the waiting thread is interrupted, the job is asked to end.
  ///
  /// @param log receives the lines of its log as they come
  /// @return its result
  /// @throws TerroirException what went wrong there
  JsonObject await(Consumer<String> log) {
    try {
      new RemoteLog(client, path() + "/log").follow(log);
      var job = look();
      while (!FINAL.contains(job.string("status"))) {
        RestClient.sleep(POLL);
        job = look();
      }
      var error = job.optionalObject("error");
      if (error.isPresent()) {
        throw RemoteProblem.of(error.get());
      }
      if (!job.string("status").equals("Succeeded")) {
        throw RemoteProblem.of(
            JsonObject.builder()
                .put("code", "canceled")
                .put("title", "the work was stopped on request")
                .put("status", 409)
                .build());
      }
      return job.optionalObject("result").orElse(JsonObject.EMPTY);
    } catch (TerroirException e) {
      if (Thread.interrupted()) {
        cancel();
        Thread.currentThread().interrupt();
      }
      throw e;
    }
  }
}
