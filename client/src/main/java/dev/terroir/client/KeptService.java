package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.time.Duration;
import java.util.Optional;

/// A scoring service of a server that is to last as long as the process that deploys it. For one
/// thread, which may be interrupted.
///
/// @since 0.1
public final class KeptService {
  private static final Duration POLL = Duration.ofMillis(500);

  /// How long a deployment that is given up may take to notice.
  private static final Duration GIVING_UP = Duration.ofSeconds(12);

  private final RemoteServices services;
  private final String name;
  private final RemoteJob job;

  /// @param job deploys it
  KeptService(RemoteServices services, String name, RemoteJob job) {
    this.services = services;
    this.name = name;
    this.job = job;
  }

  /// Waits until the service answers.
  public JsonObject waitForDeployment(Progress progress) {
    return job.await(progress::line);
  }

  /// Returns when somebody has deleted the service. A server that cannot be reached for a while is
  /// waited for: its services go on without it.
  ///
  /// @throws ServingException code `deployment-failed` when the service has failed
  public void follow(Progress progress) {
    var isReachable = true;
    while (true) {
      try {
        var found = find();
        if (found.isEmpty()) {
          progress.warn("the service " + name + " was deleted");
          return;
        }
        if (found.get().string("state").equals("Failed")) {
          throw failed(found.get());
        }
        isReachable = true;
      } catch (ClientException e) {
        if (e.problem().code() != ClientCode.SERVER_UNREACHABLE) {
          throw e;
        }
        if (isReachable) {
          progress.warn(e.problem().what() + "; it is asked again");
        }
        isReachable = false;
      }
      RestClient.sleep(POLL);
    }
  }

  private ServingException failed(JsonObject service) {
    return new ServingException(
        Problem.of(ServingCode.DEPLOYMENT_FAILED, "service `" + name + "` reached the state Failed")
            .because(service.optionalString("error").orElse("it said nothing"))
            .hint("`terroir service get-logs -n " + name + "` shows its whole log"));
  }

  /// Deletes the service, also one that is still being deployed.
  public void delete() {
    if (!job.isOver()) {
      job.cancel();
    }
    var deadline = System.nanoTime() + GIVING_UP.toNanos();
    while (true) {
      var isGivenUp = job.isOver();
      try {
        services.delete(name);
      } catch (TerroirException e) {
        if (!isMissing(e)) {
          throw e;
        }
      }
      if (isGivenUp || System.nanoTime() > deadline) {
        return;
      }
      RestClient.sleep(RemoteJob.POLL);
    }
  }

  private Optional<JsonObject> find() {
    try {
      return Optional.of(services.get(name));
    } catch (TerroirException e) {
      if (isMissing(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static boolean isMissing(TerroirException e) {
    return e.problem().code().id().equals(ServingCode.SERVICE_NOT_FOUND.id());
  }
}
