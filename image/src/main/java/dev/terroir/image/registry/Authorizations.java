package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.registry.Host.Answer;
import dev.terroir.image.registry.Host.Scope;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What opens the doors of one registry: tokens and passwords, kept as long as they hold.
/// Thread-safe.
final class Authorizations {
  /// Largest body of an answer that is not an image, in bytes.
  private static final int MAX_ANSWER = 1 << 20;

  /// A token that ends sooner than this is not sent any more: the request takes time too.
  private static final Duration TOKEN_MARGIN = Duration.ofSeconds(10);

  private final Host host;
  private final RegistryOptions options;
  private final Transport transport;
  private final Map<String, Authorization> known = new ConcurrentHashMap<>();
  private final ReentrantLock login = new ReentrantLock();

  /// What opens a door, until when.
  record Authorization(String header, Instant until) {
    @Override
    public String toString() {
      return "authorization until " + until;
    }
  }

  Authorizations(Host host, RegistryOptions options, Transport transport) {
    this.host = host;
    this.options = options;
    this.transport = transport;
  }

  /// What is known to open the door.
  @Nullable Authorization current(Scope scope) {
    var found = known.get(scope.text());
    return found == null || Instant.now().plus(TOKEN_MARGIN).isAfter(found.until()) ? null : found;
  }

  /// Gets what opens the door, once for all who wait.
  ///
  /// @param used what did not open it, or null
  @Nullable Authorization login(
      List<Challenge> challenges, Scope scope, @Nullable Authorization used) throws IOException {
    login.lock();
    try {
      var current = current(scope);
      if (current != null && !current.equals(used)) {
        return current;
      }
      var credentials = options.credentials().find(host.domain(), scope.repository());
      for (var challenge : challenges) {
        if (challenge.scheme().equals("bearer")) {
          var fresh = token(challenge, scope, credentials);
          known.put(scope.text(), fresh);
          return fresh;
        }
        if (challenge.scheme().equals("basic") && credentials.isPresent()) {
          var fresh = new Authorization(credentials.get().basic(), Instant.MAX);
          known.put(scope.text(), fresh);
          return fresh;
        }
      }
      return null;
    } finally {
      login.unlock();
    }
  }

  /// Spec: the distribution project, "Token authentication" and "OAuth2 token authentication".
  private Authorization token(Challenge challenge, Scope scope, Optional<Credentials> credentials)
      throws IOException {
    var realm =
        challenge
            .parameter("realm")
            .orElseThrow(() ->
                new ImageException(
                    Problem.of(
                            ImageCode.REGISTRY_REFUSED,
                            "the registry does not say who gives tokens")
                        .at(Host.place(host.base()))));
    var uri = host.allowed(host.base(), realm, "asks for credentials at");
    if (!"https".equals(uri.getScheme())
        && !host.base().getHost().equalsIgnoreCase(uri.getHost())
        && !Reach.isLoopback(uri.getHost())) {
      throw new ImageException(
          Problem.of(
                  ImageCode.REGISTRY_REFUSED,
                  "the registry asks for credentials at an address that gets none")
              .at(Host.place(uri))
              .because("the connection to another host would not be protected by TLS"));
    }
    var query = new StringBuilder();
    challenge
        .parameter("service")
        .ifPresent(service -> query.append("&service=").append(Host.encode(service)));
    HttpRequest.Builder request;
    if (credentials.isPresent() && credentials.get().isIdentityToken()) {
      query.append("&scope=").append(Host.encode(scope.text()));
      var form =
          "grant_type=refresh_token&client_id=terroir"
              + query
              + "&refresh_token="
              + Host.encode(credentials.get().secret());
      request =
          transport
              .request(uri)
              .header("Content-Type", "application/x-www-form-urlencoded")
              .POST(HttpRequest.BodyPublishers.ofString(form));
    } else {
      for (var one : scope.text().split(" ")) {
        query.append("&scope=").append(Host.encode(one));
      }
      var separator = uri.getRawQuery() == null ? "?" : "&";
      request = transport.request(URI.create(uri + separator + query.substring(1))).GET();
      credentials.ifPresent(own -> request.header("Authorization", own.basic()));
    }
    for (int attempt = 1; ; attempt++) {
      var response = transport.send(request.build(), new AtomicLong());
      try (var answer =
          new Answer(
              response.statusCode(), response.headers(), transport.guarded(response.body()), uri)) {
        if (answer.status() == 200) {
          return authorization(answer);
        }
        if (!Host.isPassing(answer.status()) || attempt >= options.attempts()) {
          throw host.refused(answer, "the token server gives no token");
        }
        var wait = Host.retryAfter(answer);
        host.sleep(
            wait == null || wait.compareTo(Host.LONGEST_RETRY_AFTER) > 0
                ? host.backOff(attempt)
                : wait);
      }
    }
  }

  private Authorization authorization(Answer answer) throws IOException {
    try {
      var json =
          JsonReader.parseObject(
              new String(answer.bytes(MAX_ANSWER), StandardCharsets.UTF_8), "token");
      var token =
          json.optionalString("token")
              .filter(text -> !text.isEmpty())
              .or(() -> json.optionalString("access_token"))
              .orElse("");
      if (token.matches("[!-~]+")) {
        var seconds = Math.clamp(json.optionalLong("expires_in").orElse(60L), 30, 86_400);
        return new Authorization("Bearer " + token, Instant.now().plusSeconds(seconds));
      }
    } catch (FoundationException e) {
      // Told below without the text, which may hold a secret; the cause would show it.
    }
    throw new ImageException(
        Problem.of(ImageCode.REGISTRY_REFUSED, "the token server's answer holds no token")
            .at(Host.place(answer.uri())));
  }
}
