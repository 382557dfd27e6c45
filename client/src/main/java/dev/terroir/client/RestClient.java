package dev.terroir.client;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Distrust;
import dev.terroir.foundation.web.Web;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Requests to one server, with the caller's token. Whatever may be sent again is sent again when
/// the server is away for a moment; a POST is made so by an `Idempotency-Key`. Thread-safe.
///
/// @since 0.1
public final class RestClient implements AutoCloseable {
  /// The version of the API that this program speaks.
  static final String API = "v1";

  /// Until an answer begins. The server does long work as jobs.
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /// Scoring takes as long as the model does.
  private static final Duration SCORING = Duration.ofHours(1);

  private static final List<Duration> PAUSES =
      List.of(Duration.ofMillis(150), Duration.ofMillis(600), Duration.ofSeconds(2));

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /// Answers that are held whole: the largest locks are some hundred kilobytes.
  private static final int LARGEST_DOCUMENT = 64 << 20;

  private static final String AUTHORITY =
      "name the authority of its certificate by SSL_CERT_FILE, a file in PEM format";

  private static final String PROBLEM = "application/problem+json";

  private final Endpoint endpoint;
  private final String token;
  private final Web web;

  /// @param token of the caller
  /// @param settings name proxies and certificate authorities
  public RestClient(Endpoint endpoint, String token, Settings settings) {
    this.endpoint = endpoint;
    this.token = token;
    this.web = Web.of(settings);
  }

  /// The server's address.
  public Endpoint endpoint() {
    return endpoint;
  }

  /// An answer.
  ///
  /// @param status 200 to 299
  /// @param json its document, empty when it has none
  /// @param etag or null
  public record Answer(int status, JsonObject json, @Nullable String etag) {}

  /// A part of a path, encoded.
  public static String part(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /// A path of several parts, each encoded.
  public static String parts(String path) {
    var encoded = new ArrayList<String>();
    for (var part : path.split("/", -1)) {
      encoded.add(part(part));
    }
    return String.join("/", encoded);
  }

  /// Reads a document.
  ///
  /// @param path below `/api/v1`, encoded
  public Answer get(String path) {
    return document("GET", path, null, Map.of());
  }

  /// All items of all pages.
  ///
  /// @param path with its query, if it has one
  public List<JsonObject> pages(String path) {
    var items = new ArrayList<JsonObject>();
    var separator = path.contains("?") ? "&" : "?";
    var first = path + separator + "limit=1000";
    @Nullable String next = null;
    do {
      var page = get(next == null ? first : first + "&after=" + part(next)).json();
      items.addAll(page.objects("items"));
      next = page.optionalString("next").orElse(null);
    } while (next != null);
    return items;
  }

  /// Sends a document to be worked on; sent again, it is worked on once.
  public Answer post(String path, JsonObject body) {
    return document("POST", path, body, Map.of("Idempotency-Key", UUID.randomUUID().toString()));
  }

  /// Changes a resource.
  ///
  /// @param etag of what is changed, or null for whatever is there
  public Answer patch(String path, JsonObject body, @Nullable String etag) {
    var headers = new TreeMap<String, String>();
    headers.put(
        "Content-Type",
        path.equals("/workspace") ? "application/merge-patch+json" : "application/json");
    if (etag != null) {
      headers.put("If-Match", etag);
    }
    return document("PATCH", path, body, headers);
  }

  /// Makes a resource what a document says.
  public Answer put(String path, JsonObject body) {
    return document("PUT", path, body, Map.of());
  }

  /// Deletes a resource. One that is gone when the request had to be sent again was deleted by it.
  public void delete(String path) {
    document("DELETE", path, null, Map.of());
  }

  /// Sends a file's bytes.
  public void put(String path, Supplier<BodyPublisher> body) {
    text(
        "PUT",
        path,
        () -> body.get(),
        Map.of("Content-Type", "application/octet-stream"),
        Duration.ofHours(6));
  }

  /// Hands data to a service and gives its answer.
  public String score(String path, String data) {
    return text(
            "POST",
            path,
            () -> BodyPublishers.ofString(data),
            Map.of("Content-Type", "application/json"),
            SCORING)
        .body();
  }

  private Answer document(
      String method, String path, @Nullable JsonObject body, Map<String, String> more) {
    var headers = new TreeMap<>(more);
    if (body != null) {
      headers.putIfAbsent("Content-Type", "application/json");
    }
    var response =
        text(
            method,
            path,
            () ->
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(JsonWriter.compact(body)),
            headers,
            PATIENCE);
    var text = response.body();
    return new Answer(
        response.statusCode(),
        text.isBlank() ? JsonObject.EMPTY : JsonReader.parseObject(text, url(path)),
        response.headers().firstValue("ETag").orElse(null));
  }

  private HttpResponse<String> text(
      String method,
      String path,
      Supplier<BodyPublisher> body,
      Map<String, String> headers,
      Duration patience) {
    var isRepeatable =
        !method.equals("POST") && !method.equals("PATCH") || headers.containsKey("Idempotency-Key");
    for (var attempt = 0; ; attempt++) {
      try {
        var response =
            web.client()
                .send(
                    request(method, path, body.get(), headers).timeout(patience).build(),
                    BodyHandlers.ofString(StandardCharsets.UTF_8));
        if (isSuccess(response.statusCode())) {
          return checked(response);
        }
        if (method.equals("DELETE") && response.statusCode() == 404 && attempt > 0) {
          return response;
        }
        if (path.isEmpty() && (response.statusCode() == 404 || response.statusCode() == 410)) {
          var version = response.headers().firstValue("Terroir-Server");
          if (version.isPresent()) {
            throw otherVersion("other versions", version.get());
          }
        }
        if (!isRepeatable || !isPassing(response) || !pause(attempt, response)) {
          throw RemoteProblem.of(response.statusCode(), response.body(), url(path));
        }
      } catch (IOException e) {
        if (!isRepeatable || e instanceof SSLException || !pause(attempt, null)) {
          throw unreachable(e);
        }
      } catch (InterruptedException e) {
        throw canceled(e);
      }
    }
  }

  /// How it ends with a server that does not speak [#API].
  ///
  /// @param spoken what it speaks
  /// @param version of its program
  ClientException otherVersion(String spoken, String version) {
    return new ClientException(
        Problem.of(
                ClientCode.SERVER_INCOMPATIBLE,
                "the server speaks " + spoken + " of the API, and this program " + API)
            .at(Place.of(endpoint.url()))
            .because("the server is Terroir " + version)
            .hint("use a `terroir` of the server's version"));
  }

  private static HttpResponse<String> checked(HttpResponse<String> response) {
    if (response.body().length() > LARGEST_DOCUMENT) {
      throw new ClientException(
          Problem.of(ClientCode.SERVER_INCOMPATIBLE, "the server's answer is larger than 64 MB")
              .at(Place.of(response.uri().toString())));
    }
    return response;
  }

  /// Reads an answer while it arrives.
  ///
  /// @param accept the media type that is asked for
  /// @param headers more of them
  public StreamedAnswer open(String path, String accept, Map<String, String> headers) {
    var all = new TreeMap<>(headers);
    all.put("Accept", accept);
    for (var attempt = 0; ; attempt++) {
      try {
        var response =
            web.client()
                .send(
                    request("GET", path, BodyPublishers.noBody(), all).timeout(PATIENCE).build(),
                    BodyHandlers.ofInputStream());
        if (isSuccess(response.statusCode())) {
          return new StreamedAnswer(response);
        }
        String text;
        try (var in = response.body()) {
          text = new String(in.readNBytes(LARGEST_DOCUMENT), StandardCharsets.UTF_8);
        }
        if (!isPassing(response) || !pause(attempt, response)) {
          throw RemoteProblem.of(response.statusCode(), text, url(path));
        }
      } catch (IOException e) {
        if (e instanceof SSLException || !pause(attempt, null)) {
          throw unreachable(e);
        }
      } catch (InterruptedException e) {
        throw canceled(e);
      }
    }
  }

  /// The caller's token.
  String token() {
    return token;
  }

  private HttpRequest.Builder request(
      String method, String path, BodyPublisher body, Map<String, String> headers) {
    var request =
        web.request(URI.create(url(path)))
            .header("Authorization", "Bearer " + token)
            .method(method, body);
    headers.forEach(request::setHeader);
    return request;
  }

  private String url(String path) {
    return endpoint.url() + "/api/" + API + path;
  }

  private static boolean isSuccess(int status) {
    return status >= 200 && status < 300;
  }

  /// Whether an answer is that of a server, or of what stands before it, that will be there soon.
  private static boolean isPassing(HttpResponse<?> response) {
    var status = response.statusCode();
    var isOwn =
        response.headers().firstValue("Content-Type").orElse("").startsWith(PROBLEM)
            && response.headers().firstValue("Retry-After").isEmpty();
    return !isOwn && (status == 429 || status == 502 || status == 503 || status == 504);
  }

  private static boolean pause(int attempt, @Nullable HttpResponse<?> response) {
    if (attempt >= PAUSES.size()) {
      return false;
    }
    var pause = PAUSES.get(attempt);
    if (response != null) {
      var asked =
          response
              .headers()
              .firstValue("Retry-After")
              .filter(text -> text.matches("[0-9]{1,4}"))
              .map(text -> Duration.ofSeconds(Long.parseLong(text)))
              .orElse(pause);
      if (asked.compareTo(LONGEST_PAUSE) > 0) {
        return false;
      }
      pause = asked.compareTo(pause) > 0 ? asked : pause;
    }
    sleep(pause);
    return true;
  }

  static void sleep(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      throw canceled(e);
    }
  }

  static FoundationException canceled(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new FoundationException(
        Problem.of(FoundationCode.CANCELED, "the work was stopped on request"), e);
  }

  /// What a broken or missing connection is told as.
  ClientException unreachable(IOException e) {
    var problem =
        Problem.of(
                ClientCode.SERVER_UNREACHABLE,
                e instanceof SSLException
                    ? "the server cannot be trusted"
                    : "the server does not answer")
            .at(Place.of(endpoint.url()));
    var distrust = Distrust.in(e).orElse(null);
    if (distrust != null) {
      problem = problem.because(String.valueOf(distrust.getMessage()));
    }
    for (@Nullable Throwable cause = e;
        cause != null && distrust == null;
        cause = cause.getCause()) {
      if (cause.getMessage() != null && !problem.why().contains(cause.getMessage())) {
        problem = problem.because(cause.getMessage());
      }
    }
    if (problem.why().isEmpty()) {
      problem =
          problem.because(
              e instanceof java.net.ConnectException
                  ? "the connection is refused"
                  : e.getClass().getSimpleName());
    }
    return new ClientException(
        problem.hint(
            distrust != null
                ? distrust.hint(AUTHORITY)
                : e instanceof SSLException
                    ? "check that the server at this address speaks TLS (`terroir serve"
                        + " --tls-certificate`)"
                    : "check the address, and that `terroir serve` runs there"),
        e);
  }

  /// An answer that arrives: its bytes, which fail when none come for a while.
  public static final class StreamedAnswer implements AutoCloseable {
    /// The server says something every ten seconds.
    private static final Duration STALL = Duration.ofSeconds(60);

    private final HttpResponse<InputStream> response;
    private final Thread watch;
    private volatile long lastByte = System.nanoTime();
    private volatile boolean isStalled;

    private StreamedAnswer(HttpResponse<InputStream> response) {
      this.response = response;
      this.watch = Thread.ofVirtual().name("stall clock").start(this::watch);
    }

    private void watch() {
      try {
        while (System.nanoTime() - lastByte < STALL.toNanos()) {
          Thread.sleep(1000);
        }
        isStalled = true;
        response.body().close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// A header, or null.
    public @Nullable String header(String name) {
      return response.headers().firstValue(name).orElse(null);
    }

    /// Reads what has come, as [InputStream#read].
    public int read(byte[] buffer) throws IOException {
      try {
        var count = response.body().read(buffer);
        lastByte = System.nanoTime();
        return count;
      } catch (IOException e) {
        throw isStalled
            ? new IOException("nothing came for " + STALL.toSeconds() + " seconds", e)
            : e;
      }
    }

    /// Hands on the lines as they come.
    ///
    /// @param lines without their ends
    public void lines(Consumer<String> lines) throws IOException {
      var pending = new java.io.ByteArrayOutputStream();
      var buffer = new byte[1 << 13];
      for (int count = read(buffer); count >= 0; count = read(buffer)) {
        for (int i = 0; i < count; i++) {
          if (buffer[i] == '\n') {
            lines.accept(pending.toString(StandardCharsets.UTF_8));
            pending.reset();
          } else {
            pending.write(buffer[i]);
          }
        }
      }
      if (pending.size() > 0) {
        lines.accept(pending.toString(StandardCharsets.UTF_8));
      }
    }

    @Override
    public void close() {
      watch.interrupt();
      try {
        response.body().close();
      } catch (IOException e) {
        // Nothing more is wanted of it.
      }
    }
  }

  /// A member of a query, when there is a value.
  static String query(String path, String name, @Nullable String value) {
    return value == null
        ? path
        : path + (path.contains("?") ? "&" : "?") + name + "=" + part(value);
  }

  /// An array of objects.
  static JsonValue array(List<JsonObject> objects) {
    return new JsonValue.JsonArray(List.copyOf(objects));
  }

  @Override
  public void close() {
    web.close();
  }
}
