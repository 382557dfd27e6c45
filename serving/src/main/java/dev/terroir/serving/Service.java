package dev.terroir.serving;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.serving.supervisor.ServiceDefinition;
import dev.terroir.serving.supervisor.ServiceStatus;
import dev.terroir.serving.supervisor.ServiceSupervisor;
import dev.terroir.serving.supervisor.SupervisorMain;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A deployed service. Immutable; what it says is looked up each time.
///
/// @param name its name
/// @param directory where its files lie
/// @since 0.1
public record Service(String name, Path directory) {
  private static final Duration SCORING_TIMEOUT = Duration.ofHours(1);

  /// What it is.
  public ServiceDefinition definition() {
    return ServiceDefinition.read(directory);
  }

  /// How it is.
  public ServiceStatus status() {
    return ServiceStatus.inspect(directory);
  }

  /// Starts its supervisor as a process of its own, which lives until the service is deleted.
  public void startDetached() {
    SupervisorMain.start(directory);
  }

  /// Supervises it in this process until it is stopped.
  public ServiceStatus run(BooleanSupplier stopSignal) {
    return ServiceSupervisor.run(directory, stopSignal);
  }

  /// Waits until the present revision answers.
  ///
  /// @throws ServingException code `deployment-failed`, with the end of the scoring log; also when
  ///   the service is deleted meanwhile
  public ServiceStatus waitForDeployment(Duration timeout) {
    var deadline = System.nanoTime() + timeout.toNanos();
    var wanted = unlessDeleted(this::definition).revision();
    while (true) {
      var status = unlessDeleted(this::status);
      if (status.isHealthy() && status.revision() == wanted) {
        return status;
      }
      var over = status.isOver() || status.failedRevision() == wanted;
      if (over || System.nanoTime() > deadline) {
        var why = status.failedRevision() == wanted ? status.updateError() : status.error();
        throw new ServingException(
            Problem.of(
                    ServingCode.DEPLOYMENT_FAILED,
                    over
                        ? "service `" + name + "` reached the state " + status.state()
                        : "service `"
                            + name
                            + "` is not healthy after "
                            + timeout.toSeconds()
                            + " s")
                .because(why == null ? "it said nothing" : why)
                .hint("`terroir service get-logs -n " + name + "` shows its whole log"));
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ServingException(
            Problem.of(ServingCode.DEPLOYMENT_FAILED, "waiting for `" + name + "` was stopped"), e);
      }
    }
  }

  /// Reads one of its files; somebody else may delete them all at any time.
  private <T> T unlessDeleted(Supplier<T> reading) {
    RuntimeException failure = null;
    try {
      var value = reading.get();
      if (isDeployed()) {
        return value;
      }
    } catch (FoundationException e) {
      if (isDeployed()) {
        throw e;
      }
      failure = e;
    }
    throw new ServingException(
        Problem.of(
                ServingCode.DEPLOYMENT_FAILED,
                "service `" + name + "` was deleted while it was waited for")
            .hint("`terroir service list` shows the services"),
        failure);
  }

  private boolean isDeployed() {
    return Files.exists(directory.resolve(ServiceDefinition.FILE));
  }

  /// Where it is scored; empty when it does not listen.
  public String scoringUri() {
    var port = status().port();
    return port == 0 ? "" : "http://localhost:" + port + "/score";
  }

  /// Its two keys; none when it asks for none.
  public List<String> keys() {
    return ServiceSupervisor.keys(directory);
  }

  /// Makes one of its keys anew.
  public void regenerateKey(boolean isPrimary) {
    ServiceSupervisor.makeKey(directory, isPrimary);
  }

  /// Posts data and gives the answer.
  ///
  /// @throws ServingException code `scoring-failed` for any status but 200
  public String score(String data) {
    var uri = scoringUri();
    if (uri.isEmpty()) {
      throw new ServingException(
          Problem.of(ServingCode.SCORING_FAILED, "service `" + name + "` does not listen")
              .because("its state is " + status().state())
              .hint("`terroir service show -n " + name + "` says why"));
    }
    try (var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      var request =
          HttpRequest.newBuilder(URI.create(uri.replace("localhost", "127.0.0.1")))
              .timeout(SCORING_TIMEOUT)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(data));
      keys().stream().limit(1).forEach(key -> request.header("Authorization", "Bearer " + key));
      var response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new ServingException(
            Problem.of(
                    ServingCode.SCORING_FAILED,
                    "service `" + name + "` answered with status " + response.statusCode())
                .because(response.body())
                .hint("`terroir service get-logs -n " + name + "` shows its log"));
      }
      return response.body();
    } catch (IOException e) {
      throw new ServingException(
          Problem.of(ServingCode.SCORING_FAILED, "service `" + name + "` does not answer")
              .because(String.valueOf(e.getMessage())),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServingException(Problem.of(ServingCode.SCORING_FAILED, "scoring was stopped"), e);
    }
  }

  /// The last lines of its scoring log.
  public List<String> logs(int lines) {
    var file = directory.resolve("logs").resolve("scoring.log");
    if (!Files.isRegularFile(file)) {
      return List.of();
    }
    try {
      var all = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
      return all.subList(Math.max(0, all.size() - lines), all.size());
    } catch (IOException e) {
      throw FoundationException.ofFile("the service's log cannot be read", file, e);
    }
  }

  private static @Nullable String time(String text) {
    return text.isEmpty() ? null : text;
  }

  /// The service as `az ml service show` prints it; without its keys.
  public JsonObject toJson() {
    var definition = definition();
    var status = status();
    var uri = scoringUri();
    return JsonObject.builder()
        .put("name", name)
        .put("computeType", "Local")
        .put("state", status.state())
        .put("scoringUri", uri.isEmpty() ? null : uri)
        .put("swaggerUri", uri.isEmpty() ? null : uri.replace("/score", "/swagger.json"))
        .put("port", status.port())
        .put("authEnabled", definition.authEnabled())
        .put("environment", definition.environment())
        .put("models", definition.models())
        .put("revision", status.revision())
        .put("restarts", status.restarts())
        .put("error", status.error())
        .put("updateError", status.updateError())
        .put("tags", JsonValue.ofStrings(definition.tags()))
        .put("properties", JsonValue.ofStrings(definition.properties()))
        .put("description", definition.description())
        .put("createdAt", time(definition.times().createdAt()))
        .put("updatedAt", time(definition.times().updatedAt()))
        .build();
  }
}
