package dev.terroir.server.services;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Request;
import dev.terroir.serving.Service;
import dev.terroir.serving.ServingCode;
import dev.terroir.serving.ServingException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Hands requests to services and their answers back, neither kept as a whole. Thread-safe.
final class Scoring {
  private static final Duration PATIENCE = Duration.ofHours(1);

  /// What a service says about one connection, or what the server says itself.
  private static final Set<String> OWN =
      Set.of("connection", "transfer-encoding", "content-length", "date", "keep-alive");

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  Answer score(Service service, Request request) {
    var uri = service.scoringUri();
    if (uri.isEmpty()) {
      throw failure(service, "its state is " + service.status().state(), null);
    }
    try {
      var sent =
          HttpRequest.newBuilder(URI.create(uri.replace("localhost", "127.0.0.1")))
              .timeout(PATIENCE)
              .POST(HttpRequest.BodyPublishers.ofInputStream(request::body));
      sent.header("Content-Type", request.header("content-type").orElse("application/json"));
      for (var name : List.of("accept", "x-ms-request-id", "x-ms-client-request-id")) {
        request.header(name).ifPresent(value -> sent.header(name, value));
      }
      service.keys().stream()
          .limit(1)
          .forEach(key -> sent.header("Authorization", "Bearer " + key));
      var response = http.send(sent.build(), HttpResponse.BodyHandlers.ofInputStream());
      Map<String, List<String>> headers = new TreeMap<>();
      response
          .headers()
          .map()
          .forEach((name, values) -> {
            if (!OWN.contains(name.toLowerCase(java.util.Locale.ROOT))) {
              headers.put(name, values);
            }
          });
      return new Answer.Stream(
          response.statusCode(),
          headers,
          out -> {
            try (var in = response.body()) {
              in.transferTo(out);
            }
          });
    } catch (IOException e) {
      throw failure(service, String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(service, "the request was stopped", e);
    }
  }

  private static ServingException failure(
      Service service, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    var problem =
        Problem.of(ServingCode.SCORING_FAILED, "service `" + service.name() + "` does not answer")
            .because(why)
            .hint("its log says more");
    return cause == null ? new ServingException(problem) : new ServingException(problem, cause);
  }
}
