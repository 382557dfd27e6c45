package dev.terroir.image.registry;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.ImageReference;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// One registry: its address, its tokens, and how a request to it is made, redirected, repeated and
/// told about. Thread-safe.
final class Host {
  /// Insufficient storage (RFC 4918, section 11.5).
  static final int FULL = 507;

  private static final int MAX_REDIRECTS = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(400);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

  /// A registry that wants longer is not waited for.
  static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(120);

  private final String domain;

  /// Known for a registry on this machine when it has answered.
  private volatile URI base;

  private volatile boolean isSchemeKnown;
  private final RegistryOptions options;
  private final Transport transport;
  private final Authorizations authorizations;
  private final Refusals refusals;

  Host(String domain, RegistryOptions options, Transport transport) {
    this.domain = domain;
    this.options = options;
    this.transport = transport;
    var address = domain.equals(ImageReference.DEFAULT_DOMAIN) ? "registry-1.docker.io" : domain;
    var host = address.replaceFirst(":[0-9]+$", "");
    var insecure = options.insecure().contains(domain);
    var plain = insecure || Reach.isLoopback(host);
    this.base = URI.create((plain ? "http://" : "https://") + address);
    this.isSchemeKnown = insecure || !plain;
    this.authorizations = new Authorizations(this, options, transport);
    this.refusals = new Refusals(domain);
  }

  /// How it is spoken to, as far as is known.
  URI base() {
    return base;
  }

  String domain() {
    return domain;
  }

  URI resolve(String path) {
    return base.resolve(path);
  }

  /// What may be done where: the scope of a token.
  ///
  /// @param repository the one that the request is about; its credentials are used
  /// @param text as the token protocol writes it, several separated by spaces
  record Scope(String repository, String text) {
    static Scope pull(String repository) {
      return new Scope(repository, "repository:" + repository + ":pull");
    }

    static Scope push(String repository) {
      return new Scope(repository, "repository:" + repository + ":pull,push");
    }

    Scope alsoPull(String other) {
      return new Scope(repository, text + " repository:" + other + ":pull");
    }
  }

  /// What is sent along.
  interface Body {
    /// Its size in bytes.
    long sizeBytes();

    /// A new stream of it.
    InputStream open() throws IOException;

    /// Grows while it is sent.
    AtomicLong moved();

    static Body of(byte[] bytes) {
      var moved = new AtomicLong();
      return new Body() {
        @Override
        public long sizeBytes() {
          return bytes.length;
        }

        @Override
        public InputStream open() {
          return new ByteArrayInputStream(bytes);
        }

        @Override
        public AtomicLong moved() {
          return moved;
        }
      };
    }
  }

  /// A request.
  record Request(
      String method, URI uri, Scope scope, Map<String, String> headers, @Nullable Body body) {
    static Request of(String method, URI uri, Scope scope) {
      return new Request(method, uri, scope, Map.of(), null);
    }

    Request with(String name, String value) {
      var more = new LinkedHashMap<>(headers);
      more.put(name, value);
      return new Request(method, uri, scope, more, body);
    }

    Request with(Body sent) {
      return new Request(method, uri, scope, headers, sent);
    }

    /// The same by TLS where the registry of its address is spoken to so.
    Request by(URI base) {
      var isOther =
          !base.getScheme().equals(uri.getScheme())
              && base.getRawAuthority().equals(uri.getRawAuthority());
      return isOther
          ? new Request(
              method,
              URI.create(base.getScheme() + uri.toString().substring(uri.getScheme().length())),
              scope,
              headers,
              body)
          : this;
    }
  }

  /// An answer; its body is read under the clock and closed by who got it.
  record Answer(int status, HttpHeaders headers, InputStream body, URI uri)
      implements AutoCloseable {
    Optional<String> header(String name) {
      return headers.firstValue(name);
    }

    /// The body of a small answer.
    ///
    /// @return up to `limit` bytes and one more when there is more
    byte[] bytes(int limit) throws IOException {
      return body.readNBytes(limit + 1);
    }

    @Override
    public void close() {
      try {
        body.close();
      } catch (IOException e) {
        // The connection is of no use any more; the next request opens another.
      }
    }
  }

  /// Makes a request again and again until it is answered with something other than "later", and
  /// hands on what that is.
  ///
  /// @param what the sentence of a failure, such as "the manifest cannot be read"
  Answer send(Request request, String what) {
    for (int attempt = 1; ; attempt++) {
      try {
        var answer = once(request);
        if (!isPassing(answer.status())) {
          return answer;
        }
        if (attempt >= options.attempts()) {
          throw refused(answer, what);
        }
        var wait = retryAfter(answer);
        if (wait != null && wait.compareTo(LONGEST_RETRY_AFTER) > 0) {
          throw refused(answer, what);
        }
        answer.close();
        sleep(wait == null ? backOff(attempt) : wait);
      } catch (IOException e) {
        if (attempt >= options.attempts() || LocalScheme.isDistrust(e)) {
          throw unreachable(what, e);
        }
        sleep(backOff(attempt));
      }
    }
  }

  /// Whether the same request may be answered otherwise soon. A registry without room (507) stays
  /// so until somebody makes some.
  static boolean isPassing(int status) {
    return status == 429
        || status == 408
        || status >= 500 && status != 501 && status != 505 && status != FULL;
  }

  void sleep(Duration duration) {
    try {
      options.pause().sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Transport.canceled(e);
    }
  }

  /// Doubled each time, half of it left to chance so that many clients do not come back at once.
  Duration backOff(int attempt) {
    long full =
        Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(20, attempt - 1));
    return Duration.ofMillis(full / 2 + ThreadLocalRandom.current().nextLong(full / 2 + 1));
  }

  /// Spec: RFC 9110, section 10.2.3.
  static @Nullable Duration retryAfter(Answer answer) {
    var value = answer.header("Retry-After").map(String::strip).orElse("");
    if (value.matches("[0-9]{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(value));
    }
    try {
      var until = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      var wait = Duration.between(Instant.now(), until);
      return wait.isNegative() ? Duration.ZERO : wait;
    } catch (DateTimeException e) {
      return null;
    }
  }

  /// Makes a request once: with what opens the door, through redirects.
  Answer once(Request request) throws IOException {
    if (!isSchemeKnown) {
      return opened(request, first(request), null);
    }
    var known = request.by(base);
    var used = authorizations.current(request.scope());
    return opened(known, redirected(known, used), used);
  }

  /// The first answer of a registry on this machine shows how it is spoken to: without TLS, as is
  /// usual there, or with it. Nothing that opens a door is sent before that is known.
  private Answer first(Request request) throws IOException {
    try {
      var answer = redirected(request, null);
      if (!LocalScheme.mayWantTls(answer.status()) || !LocalScheme.isTls(transport, base)) {
        isSchemeKnown = true;
        return answer;
      }
      answer.close();
    } catch (IOException e) {
      if (!LocalScheme.isTls(transport, base)) {
        throw e;
      }
    }
    base = LocalScheme.byTls(base);
    isSchemeKnown = true;
    return redirected(request.by(base), null);
  }

  /// @param used what was sent to open the door, or null
  private Answer opened(Request request, Answer answer, Authorizations.@Nullable Authorization used)
      throws IOException {
    if (answer.status() != 401 || !Reach.isSame(base, answer.uri())) {
      return answer;
    }
    var challenges = Challenge.parse(answer.headers().allValues("WWW-Authenticate"));
    var fresh = authorizations.login(challenges, request.scope(), used);
    if (fresh == null || fresh.equals(used)) {
      return answer;
    }
    answer.close();
    return redirected(request.by(base), fresh);
  }

  private Answer redirected(Request request, Authorizations.@Nullable Authorization authorization)
      throws IOException {
    var uri = request.uri();
    for (int hop = 0; ; hop++) {
      var builder = transport.request(uri);
      request.headers().forEach(builder::header);
      if (authorization != null && Reach.isSame(base, uri)) {
        builder.header("Authorization", authorization.header());
      }
      var body = request.body();
      builder.method(request.method(), publisher(body));
      var response =
          transport.send(builder.build(), body == null ? new AtomicLong() : body.moved());
      var answer =
          new Answer(
              response.statusCode(), response.headers(), transport.guarded(response.body()), uri);
      var target = answer.header("Location");
      if (!isRedirect(request, answer.status()) || target.isEmpty()) {
        return answer;
      }
      answer.close();
      uri = allowed(uri, target.get(), "redirects to");
      if (hop >= MAX_REDIRECTS) {
        throw new ImageException(
            Problem.of(ImageCode.REGISTRY_REFUSED, "the registry redirects in a circle")
                .at(place(uri)));
      }
    }
  }

  private static boolean isRedirect(Request request, int status) {
    var isRead = request.method().equals("GET") || request.method().equals("HEAD");
    return status == 307
        || status == 308
        || isRead && (status == 301 || status == 302 || status == 303);
  }

  private static HttpRequest.BodyPublisher publisher(@Nullable Body body) {
    if (body == null || body.sizeBytes() == 0) {
      return HttpRequest.BodyPublishers.noBody();
    }
    return HttpRequest.BodyPublishers.fromPublisher(
        HttpRequest.BodyPublishers.ofInputStream(() -> {
          try {
            return body.open();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        }),
        body.sizeBytes());
  }

  /// An address that a server gave, checked.
  URI allowed(URI from, String target, String verb) {
    URI uri;
    try {
      uri = from.resolve(new URI(target));
    } catch (URISyntaxException e) {
      throw new ImageException(
          Problem.of(ImageCode.REGISTRY_REFUSED, "the registry gives an address that is none")
              .at(place(from)),
          e);
    }
    var objection = Reach.objection(base, uri);
    if (!objection.isEmpty()) {
      throw new ImageException(
          Problem.of(
                  ImageCode.REGISTRY_REFUSED,
                  "the registry " + verb + " an address that is not followed")
              .at(place(from))
              .at(place(uri))
              .because(objection)
              .hint("tell who runs the registry"));
    }
    return uri;
  }

  /// An address without what may be secret in it.
  static Place place(URI uri) {
    return Place.of(
        uri.getScheme()
            + "://"
            + uri.getHost()
            + (uri.getPort() < 0 ? "" : ":" + uri.getPort())
            + (uri.getRawPath() == null ? "" : uri.getRawPath()));
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// Tells in our words what a registry said, and closes its answer.
  ///
  /// @param what the sentence, such as "the manifest cannot be read"
  ImageException refused(Answer answer, String what) {
    return refusals.refused(answer, what);
  }

  ImageException unreachable(String what, IOException cause) {
    return refusals.unreachable(base, what, cause);
  }
}
