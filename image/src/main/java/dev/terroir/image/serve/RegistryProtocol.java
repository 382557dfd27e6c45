package dev.terroir.image.serve;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Code;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;

/// Answers the requests below `/v2/`, whatever server they come to: pulling, pushing, listing and
/// deleting. Who asks, what they may, and how long they may take is the server's affair.
/// Thread-safe.
///
/// Spec: OCI distribution specification 1.1.
///
/// @since 0.1
public final class RegistryProtocol {
  /// What a blob may have where nothing else is said: larger than any layer that engines can load.
  public static final long MAX_BLOB_BYTES = 256L << 30;

  /// Longest path that is looked at; names end at 255 characters, digests at 135.
  private static final int MAX_PATH = 1024;

  private static final Pattern ALGORITHM = Pattern.compile("sha(?:256|384|512)");

  private final RegistryStore store;
  private final ManifestRequests manifests;
  private final BlobRequests blobs;

  /// A registry that makes nothing by itself and takes blobs of a usual size.
  ///
  /// @param store to be read from, and to be written to when it is a [RegistryStore.Writable]
  public RegistryProtocol(RegistryStore store) {
    this(store, ManifestMaker.none(), MAX_BLOB_BYTES);
  }

  /// A registry.
  ///
  /// @param store to be read from, and to be written to when it is a [RegistryStore.Writable]
  /// @param maker asked for the manifests that are pulled and are not there
  /// @param maxBlobBytes largest blob that is taken
  public RegistryProtocol(RegistryStore store, ManifestMaker maker, long maxBlobBytes) {
    this.store = store;
    this.manifests = new ManifestRequests(store, new PendingManifests(store, maker));
    this.blobs = new BlobRequests(store, maxBlobBytes);
  }

  /// Answers a request and ends it.
  ///
  /// @param exchange its path begins with `/v2/`; closed at the end
  /// @param access what who asks may do; when it is [Access#NONE], a challenge in the header
  ///   `WWW-Authenticate` of the answer is the caller's
  /// @throws IOException when the client is gone
  public void handle(HttpExchange exchange, Access access) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Docker-Distribution-API-Version", "registry/2.0");
      RegistryRequest request;
      try {
        request = new RegistryRequest(exchange, access);
      } catch (Refusal e) {
        RegistryRequest.refuse(exchange, e);
        return;
      }
      try {
        serve(request, exchange.getRequestURI().getPath());
      } catch (Refusal e) {
        request.refuse(e);
      } catch (TerroirException e) {
        // The layout is damaged or its disk is full; what serves it says how to mend that.
        request.refuse(new Refusal(500, "UNKNOWN", e.problem().what()));
      }
    }
  }

  private void serve(RegistryRequest request, String path) throws IOException, Refusal {
    if (!request.may(Access.READ)) {
      throw new Refusal(401, "UNAUTHORIZED", "who asks must say who they are");
    }
    if (path.length() > MAX_PATH || !path.startsWith("/v2")) {
      throw noPlace();
    }
    var place = path.startsWith("/v2/") ? path.substring(4) : path.substring(3);
    if (place.isEmpty()) {
      allow(request, "GET", "HEAD");
      request.json(JsonObject.EMPTY);
    } else if (place.equals("_catalog")) {
      allow(request, "GET", "HEAD");
      var page = request.page(store.repositories(), "/v2/_catalog");
      request.json(JsonObject.builder().put("repositories", page).build());
    } else if (place.endsWith("/tags/list")) {
      tags(request, repository(place.substring(0, place.length() - 10)));
    } else if (place.endsWith("/blobs/uploads/") || place.endsWith("/blobs/uploads")) {
      allow(request, "POST");
      blobs.start(request, repository(place.replaceFirst("/blobs/uploads/?$", "")));
    } else {
      var slash = place.lastIndexOf('/');
      var kind = place.substring(0, Math.max(0, slash));
      serve(request, kind, place.substring(slash + 1));
    }
  }

  /// @param place what comes before the last slash, such as `team/app/blobs`
  private void serve(RegistryRequest request, String place, String name)
      throws IOException, Refusal {
    if (place.endsWith("/blobs/uploads")) {
      var repository = repository(place.substring(0, place.length() - 14));
      allow(request, "GET", "PATCH", "PUT", "DELETE");
      blobs.upload(request, repository, name);
    } else if (place.endsWith("/blobs")) {
      var repository = repository(place.substring(0, place.length() - 6));
      allow(request, "GET", "HEAD", "DELETE");
      existing(repository);
      blobs.blob(request, repository, name);
    } else if (place.endsWith("/manifests")) {
      var repository = repository(place.substring(0, place.length() - 10));
      allow(request, "GET", "HEAD", "PUT", "DELETE");
      existing(repository);
      manifests.manifest(request, repository, name);
    } else if (place.endsWith("/referrers")) {
      var repository = repository(place.substring(0, place.length() - 10));
      allow(request, "GET", "HEAD");
      existing(repository);
      manifests.referrers(request, repository, name);
    } else {
      throw noPlace();
    }
  }

  private static Refusal noPlace() {
    return new Refusal(404, "NAME_INVALID", "there is no such place in the protocol");
  }

  private static String repository(String name) throws Refusal {
    if (!ImageReference.isRepository(name)) {
      throw new Refusal(404, "NAME_INVALID", "`" + name + "` is no name of a repository");
    }
    return name;
  }

  private void existing(String repository) throws Refusal {
    boolean isThere;
    try {
      isThere = store.hasRepository(repository);
    } catch (TerroirException e) {
      if (e.problem().code().kind() != Code.Kind.REQUEST) {
        throw e;
      }
      throw new Refusal(404, "NAME_UNKNOWN", e.problem().what());
    }
    if (!isThere) {
      throw new Refusal(404, "NAME_UNKNOWN", "there is no repository `" + repository + "`");
    }
  }

  private void tags(RegistryRequest request, String repository) throws IOException, Refusal {
    allow(request, "GET", "HEAD");
    existing(repository);
    var page = request.page(store.tags(repository), "/v2/" + repository + "/tags/list");
    request.json(JsonObject.builder().put("name", repository).put("tags", page).build());
  }

  /// Refuses methods that a place does not know, and those that write where that is not allowed.
  private void allow(RegistryRequest request, String... methods) throws Refusal {
    var method = request.method();
    var isWritable = store instanceof RegistryStore.Writable;
    var known =
        List.of(methods).stream().filter(one -> isWritable || needed(one) == Access.READ).toList();
    if (!known.contains(method)) {
      request.with("Allow", String.join(", ", known));
      throw new Refusal(
          405,
          "UNSUPPORTED",
          isWritable || needed(method) == Access.READ
              ? "`" + method + "` means nothing at this place"
              : "this registry can only be read from");
    }
  }

  private static Access needed(String method) {
    return switch (method) {
      case "GET", "HEAD" -> Access.READ;
      case "DELETE" -> Access.DELETE;
      default -> Access.WRITE;
    };
  }

  /// The part of the store that writes, for who may.
  static RegistryStore.Writable writing(RegistryStore store, RegistryRequest request, Access needed)
      throws Refusal {
    if (!request.may(needed)) {
      throw new Refusal(
          403,
          "DENIED",
          needed == Access.DELETE
              ? "who asks may not delete here"
              : "who asks may only read from here");
    }
    if (store instanceof RegistryStore.Writable writable) {
      return writable;
    }
    throw new Refusal(405, "UNSUPPORTED", "this registry can only be read from");
  }

  /// Whether a digest is of an algorithm that can be checked, and has its form.
  static boolean isDigest(String text) {
    return Digest.isWellFormed(text) && isAlgorithm(text.substring(0, text.indexOf(':')));
  }

  static boolean isAlgorithm(String text) {
    return ALGORITHM.matcher(text).matches();
  }

  static Digest digest(String text) throws Refusal {
    if (!isDigest(text)) {
      throw new Refusal(
          400,
          "DIGEST_INVALID",
          "`" + text + "` is no digest; `sha256:` and 64 lower-case hexadecimal digits is one");
    }
    return Digest.parse(text);
  }
}
