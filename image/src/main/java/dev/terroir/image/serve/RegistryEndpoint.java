package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A registry that can be read from, on an address that only this machine reaches. It answers from
/// the layouts as they are at that moment; requests that would write are refused. Thread-safe;
/// closing it ends it and its threads.
///
/// @since 0.1
public final class RegistryEndpoint implements AutoCloseable {
  /// The specification's pattern of names.
  private static final String NAME =
      "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*";

  private static final Pattern TAGS = Pattern.compile("/v2/(" + NAME + ")/tags/list");
  private static final Pattern PART =
      Pattern.compile("/v2/(" + NAME + ")/(manifests|blobs|referrers)/([^/]+)");
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");
  private static final Pattern OWN_HOST =
      Pattern.compile("(?i)(?:localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])(?::[0-9]+)?");

  /// Longest path that is looked at; names end at 255 characters, digests at 135.
  private static final int MAX_PATH = 1024;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Function<String, Optional<ServedRepository>> repositories;

  private RegistryEndpoint(
      HttpServer server, Function<String, Optional<ServedRepository>> repositories) {
    this.server = server;
    this.repositories = repositories;
  }

  /// Starts to serve on a free port.
  ///
  /// @param repositories what a repository's name, such as `azureml/azureml_1f0c`, stands for;
  ///   called from many threads
  public static RegistryEndpoint start(Function<String, Optional<ServedRepository>> repositories) {
    try {
      var server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 64);
      var endpoint = new RegistryEndpoint(server, repositories);
      server.setExecutor(endpoint.threads);
      server.createContext("/", endpoint::handle);
      server.start();
      return endpoint;
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "no port of this machine can be listened on", Path.of("127.0.0.1"), e);
    }
  }

  /// Host and port, the first part of its images' references.
  public String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /// An answer that is not a success.
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;
    private final String code;

    Refusal(int status, String code, String message) {
      super(message);
      this.status = status;
      this.code = code;
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      try {
        serve(exchange);
      } catch (Refusal e) {
        refuse(exchange, e);
      } catch (TerroirException e) {
        // The layout is damaged; the command that serves it says how to mend it.
        refuse(exchange, new Refusal(500, "UNKNOWN", e.problem().what()));
      }
    }
  }

  private static void refuse(HttpExchange exchange, Refusal refusal) throws IOException {
    var error =
        JsonObject.builder()
            .put("code", refusal.code)
            .put("message", String.valueOf(refusal.getMessage()))
            .build();
    var body = JsonObject.builder().put("errors", new JsonValue.JsonArray(List.of(error))).build();
    json(exchange, refusal.status, "application/json", JsonWriter.compact(body));
  }

  private void serve(HttpExchange exchange) throws IOException, Refusal {
    exchange.getResponseHeaders().set("Docker-Distribution-API-Version", "registry/2.0");
    var host = exchange.getRequestHeaders().getFirst("Host");
    if (host == null || !OWN_HOST.matcher(host).matches()) {
      // A page in a browser that has made its own name point here must not read images.
      throw new Refusal(403, "DENIED", "only this machine's own names are served");
    }
    var method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      throw new Refusal(405, "UNSUPPORTED", "this registry can only be read from");
    }
    var path = exchange.getRequestURI().getPath();
    if (path.equals("/v2/") || path.equals("/v2")) {
      json(exchange, 200, "application/json", "{}");
      return;
    }
    if (path.length() > MAX_PATH) {
      throw new Refusal(404, "NAME_INVALID", "the path is too long");
    }
    var tags = TAGS.matcher(path);
    if (tags.matches()) {
      tags(exchange, tags.group(1), repository(tags.group(1)));
      return;
    }
    var part = PART.matcher(path);
    if (!part.matches()) {
      throw new Refusal(404, "NAME_INVALID", "there is no such place in the protocol");
    }
    var repository = repository(part.group(1));
    switch (part.group(2)) {
      case "manifests" -> manifest(exchange, repository, part.group(3));
      case "blobs" -> blob(exchange, repository, part.group(3));
      default -> referrers(exchange, repository, part.group(3));
    }
  }

  private ServedRepository repository(String name) throws Refusal {
    return repositories
        .apply(name)
        .orElseThrow(
            () -> new Refusal(404, "NAME_UNKNOWN", "there is no repository `" + name + "`"));
  }

  private static void manifest(HttpExchange exchange, ServedRepository repository, String name)
      throws IOException, Refusal {
    var isDigest = Digest.isWellFormed(name);
    if (!isDigest && !ImageReference.isTag(name)) {
      throw new Refusal(404, "MANIFEST_UNKNOWN", "`" + name + "` is neither a tag nor a digest");
    }
    if (isDigest && !isKnownAlgorithm(name)) {
      throw new Refusal(404, "MANIFEST_UNKNOWN", "no manifest has the digest `" + name + "`");
    }
    var descriptor =
        repository
            .find(name)
            .orElseThrow(
                () -> new Refusal(404, "MANIFEST_UNKNOWN", "there is no manifest `" + name + "`"));
    var file =
        repository
            .layout()
            .blobs()
            .find(descriptor.digest())
            .orElseThrow(
                () -> new Refusal(404, "MANIFEST_UNKNOWN", "the manifest `" + name + "` is lost"));
    exchange.getResponseHeaders().set("Content-Type", descriptor.mediaType());
    file(exchange, file, descriptor.digest(), null);
  }

  private static boolean isKnownAlgorithm(String digest) {
    return digest.matches("sha(?:256|384|512):.*");
  }

  private static void blob(HttpExchange exchange, ServedRepository repository, String name)
      throws IOException, Refusal {
    if (!Digest.isWellFormed(name) || !isKnownAlgorithm(name)) {
      throw new Refusal(404, "DIGEST_INVALID", "`" + name + "` is no digest that blobs have here");
    }
    var digest = Digest.parse(name);
    var file =
        repository
            .layout()
            .blobs()
            .find(digest)
            .orElseThrow(() -> new Refusal(404, "BLOB_UNKNOWN", "there is no blob " + digest));
    exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    file(exchange, file, digest, exchange.getRequestHeaders().getFirst("Range"));
  }

  private static void file(HttpExchange exchange, Path file, Digest digest, @Nullable String range)
      throws IOException, Refusal {
    var headers = exchange.getResponseHeaders();
    headers.set("Docker-Content-Digest", digest.toString());
    headers.set("ETag", "\"" + digest + "\"");
    var size = Files.size(file);
    long from = 0;
    long to = size - 1;
    int status = 200;
    var matcher = RANGE.matcher(range == null ? "" : range.replace(" ", ""));
    if (matcher.matches() && !(matcher.group(1).isEmpty() && matcher.group(2).isEmpty())) {
      if (matcher.group(1).isEmpty()) {
        from = Math.max(0, size - Long.parseLong(matcher.group(2)));
      } else {
        from = Long.parseLong(matcher.group(1));
        if (!matcher.group(2).isEmpty()) {
          to = Math.min(to, Long.parseLong(matcher.group(2)));
        }
      }
      if (from > to || from >= size) {
        headers.set("Content-Range", "bytes */" + size);
        throw new Refusal(416, "SIZE_INVALID", "the blob has " + size + " bytes");
      }
      status = 206;
      headers.set("Content-Range", "bytes " + from + "-" + to + "/" + size);
    }
    var count = to - from + 1;
    if (exchange.getRequestMethod().equals("HEAD") || count == 0) {
      headers.set("Content-Length", Long.toString(count));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    try (var in = Files.newInputStream(file)) {
      in.skipNBytes(from);
      exchange.sendResponseHeaders(status, count);
      copy(in, exchange, count);
    }
  }

  private static void copy(InputStream in, HttpExchange exchange, long count) throws IOException {
    var buffer = new byte[1 << 16];
    var out = exchange.getResponseBody();
    for (long left = count; left > 0; ) {
      var read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new IOException("a blob became shorter while it was read");
      }
      out.write(buffer, 0, read);
      left -= read;
    }
  }

  private static void tags(HttpExchange exchange, String name, ServedRepository repository)
      throws IOException, Refusal {
    var query = query(exchange);
    var last = query.getOrDefault("last", "");
    var limit = query.getOrDefault("n", "");
    if (!limit.matches("[0-9]{0,9}")) {
      throw new Refusal(400, "UNSUPPORTED", "`n` is how many tags are asked for");
    }
    var following =
        repository.tags().stream()
            .filter(tag -> last.isEmpty() || tag.compareTo(last) > 0)
            .toList();
    var page =
        limit.isEmpty()
            ? following
            : following.subList(0, Math.min(following.size(), Integer.parseInt(limit)));
    if (page.size() < following.size() && !page.isEmpty()) {
      exchange
          .getResponseHeaders()
          .set(
              "Link",
              "</v2/"
                  + name
                  + "/tags/list?n="
                  + limit
                  + "&last="
                  + URLEncoder.encode(page.getLast(), StandardCharsets.UTF_8)
                  + ">; rel=\"next\"");
    }
    json(
        exchange,
        200,
        "application/json",
        JsonWriter.compact(JsonObject.builder().put("name", name).put("tags", page).build()));
  }

  private static void referrers(HttpExchange exchange, ServedRepository repository, String name)
      throws IOException, Refusal {
    if (!Digest.isWellFormed(name) || !isKnownAlgorithm(name)) {
      throw new Refusal(400, "DIGEST_INVALID", "`" + name + "` is no digest");
    }
    var type = query(exchange).get("artifactType");
    if (type != null) {
      exchange.getResponseHeaders().set("OCI-Filters-Applied", "artifactType");
    }
    List<Descriptor> found = repository.layout().referrers(Digest.parse(name), type);
    json(
        exchange,
        200,
        MediaType.INDEX,
        new String(ImageIndex.of(found).bytes(), StandardCharsets.UTF_8));
  }

  private static Map<String, String> query(HttpExchange exchange) throws Refusal {
    var parameters = new LinkedHashMap<String, String>();
    var query = exchange.getRequestURI().getRawQuery();
    try {
      for (var pair : query == null ? new String[0] : query.split("&")) {
        var parts = pair.split("=", 2);
        parameters.put(
            parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
      }
    } catch (IllegalArgumentException e) {
      throw new Refusal(400, "UNSUPPORTED", "the query is malformed");
    }
    return parameters;
  }

  private static void json(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
