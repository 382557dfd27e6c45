package dev.terroir.image.serve;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Manifests: pulled, pushed, deleted, and listed by what they are about.
///
/// Spec: OCI distribution specification, end-3, end-7, end-9, end-12.
final class ManifestRequests {
  private final RegistryStore store;
  private final PendingManifests pending;

  ManifestRequests(RegistryStore store, PendingManifests pending) {
    this.store = store;
    this.pending = pending;
  }

  void manifest(RegistryRequest request, String repository, String reference)
      throws IOException, Refusal {
    switch (request.method()) {
      case "PUT" -> put(request, repository, reference);
      case "DELETE" -> delete(request, repository, reference);
      default -> get(request, repository, reference);
    }
  }

  private void get(RegistryRequest request, String repository, String reference)
      throws IOException, Refusal {
    var isDigest = RegistryProtocol.isDigest(reference);
    var missing = unknown(reference);
    if (!isDigest && !ImageReference.isTag(reference)) {
      throw missing;
    }
    var found = store.manifest(repository, reference);
    if (found.isEmpty()) {
      try {
        found = pending.make(repository, reference);
      } catch (TerroirException e) {
        throw Refusal.notMade(e);
      }
    }
    var descriptor = found.orElseThrow(() -> missing);
    var file = store.blob(repository, descriptor.digest()).orElseThrow(() -> missing);
    request.with("Content-Type", descriptor.mediaType());
    request.file(file, descriptor.digest(), false, missing);
  }

  private static Refusal unknown(String reference) {
    return new Refusal(404, "MANIFEST_UNKNOWN", "there is no manifest `" + reference + "`");
  }

  private static Refusal invalid(String message) {
    return new Refusal(400, "MANIFEST_INVALID", message);
  }

  private void put(RegistryRequest request, String repository, String reference)
      throws IOException, Refusal {
    var writable = RegistryProtocol.writing(store, request, Access.WRITE);
    var tags = new ArrayList<>(request.parameters("tag"));
    Digest expected = null;
    if (reference.contains(":")) {
      expected = RegistryProtocol.digest(reference);
    } else {
      tags.add(reference);
    }
    for (var tag : tags) {
      if (!ImageReference.isTag(tag)) {
        throw invalid("`" + tag + "` is no tag: up to 128 letters, digits, `_`, `.` and `-`");
      }
    }
    var bytes = read(request);
    if (expected != null && !expected.matches(bytes)) {
      throw new Refusal(
          400, "DIGEST_INVALID", "the manifest that came is not the one of " + expected);
    }
    var digest = expected == null ? Digest.of(bytes) : expected;
    var pushed = Pushed.read(bytes, digest, request.header("Content-Type"));
    checkParts(repository, pushed);
    try {
      writable.putManifest(repository, pushed.descriptor(), bytes, tags);
    } catch (ImageException e) {
      // A part was deleted in the meantime.
      throw new Refusal(404, "MANIFEST_BLOB_UNKNOWN", e.problem().what());
    }
    if (pushed.subject() != null) {
      request.with("OCI-Subject", pushed.subject().digest().toString());
    }
    request.parameters("tag").forEach(tag -> request.adding("OCI-Tag", tag));
    request
        .with("Location", "/v2/" + repository + "/manifests/" + reference)
        .with("Docker-Content-Digest", digest.toString())
        .empty(201);
  }

  private static byte[] read(RegistryRequest request) throws IOException, Refusal {
    var tooLarge =
        new Refusal(
            413, "SIZE_INVALID", "a manifest may have " + OciLimits.MANIFEST_BYTES + " bytes");
    if (request.contentLength().orElse(0L) > OciLimits.MANIFEST_BYTES) {
      throw tooLarge;
    }
    var bytes = request.body().readNBytes(OciLimits.MANIFEST_BYTES + 1);
    if (bytes.length > OciLimits.MANIFEST_BYTES) {
      throw tooLarge;
    }
    return bytes;
  }

  private void checkParts(String repository, Pushed pushed) throws IOException, Refusal {
    for (var part : pushed.parts()) {
      if (MediaType.isNotDistributed(part.mediaType())) {
        continue;
      }
      var file = store.blob(repository, part.digest());
      if (file.isEmpty()) {
        throw new Refusal(
            404, "MANIFEST_BLOB_UNKNOWN", "the manifest names " + part.digest() + ", not here yet");
      }
      var size = Files.size(file.get());
      if (size != part.sizeBytes()) {
        throw new Refusal(
            400,
            "SIZE_INVALID",
            part.digest() + " has " + size + " bytes; the manifest says " + part.sizeBytes());
      }
    }
  }

  /// A manifest that came, and what it says of itself.
  ///
  /// @param parts what must be there
  /// @param subject what it is about, or null
  private record Pushed(
      Descriptor descriptor, List<Descriptor> parts, @Nullable Descriptor subject) {
    static Pushed read(byte[] bytes, Digest digest, @Nullable String contentType) throws Refusal {
      JsonObject json;
      try {
        json = JsonReader.parseObject(new String(bytes, StandardCharsets.UTF_8), "manifest");
      } catch (FoundationException e) {
        throw invalid(e.problem().what());
      }
      var type = mediaType(json, contentType);
      try {
        if (MediaType.isIndex(type)) {
          var index = ImageIndex.read(bytes, "manifest");
          return new Pushed(
              described(type, digest, bytes, index.artifactType()),
              index.manifests(),
              index.subject());
        }
        if (MediaType.isManifest(type)) {
          var manifest = Manifest.readStored(bytes, "manifest");
          var parts = new ArrayList<Descriptor>();
          parts.add(manifest.config());
          parts.addAll(manifest.layers());
          return new Pushed(
              described(type, digest, bytes, manifest.artifactType()), parts, manifest.subject());
        }
      } catch (ImageException e) {
        throw invalid(
            String.join("; ", e.problems().stream().map(problem -> problem.what()).toList()));
      }
      throw invalid(
          "`"
              + type
              + "` is none of the types that are kept here: "
              + String.join(
                  ", ",
                  MediaType.MANIFEST,
                  MediaType.INDEX,
                  MediaType.DOCKER_MANIFEST,
                  MediaType.DOCKER_LIST));
    }

    private static Descriptor described(
        String type, Digest digest, byte[] bytes, @Nullable String artifactType) {
      return new Descriptor(type, digest, bytes.length, null, artifactType, Map.of());
    }

    /// What the header says, which must be what the document says; either may say nothing.
    private static String mediaType(JsonObject json, @Nullable String contentType) throws Refusal {
      var sent =
          Optional.ofNullable(contentType)
              .map(type -> type.replaceFirst(";.*", "").strip())
              .filter(type -> !type.isEmpty());
      Optional<String> written;
      try {
        written = json.optionalString("mediaType");
      } catch (FoundationException e) {
        throw invalid(e.problem().what());
      }
      if (sent.isPresent() && written.isPresent() && !sent.equals(written)) {
        throw invalid(
            "the manifest says it is `"
                + written.get()
                + "`, and the header `Content-Type` says `"
                + sent.get()
                + "`");
      }
      return written
          .or(() -> sent)
          .orElseGet(() ->
              OciDocument.kindOf(json) == OciDocument.INDEX ? MediaType.INDEX : MediaType.MANIFEST);
    }
  }

  private void delete(RegistryRequest request, String repository, String reference)
      throws IOException, Refusal {
    var writable = RegistryProtocol.writing(store, request, Access.DELETE);
    var isDigest = RegistryProtocol.isDigest(reference);
    if (!isDigest && !ImageReference.isTag(reference)) {
      throw unknown(reference);
    }
    var outcome =
        isDigest
            ? writable.removeManifest(repository, Digest.parse(reference))
            : writable.removeTag(repository, reference);
    switch (outcome) {
      case REMOVED -> request.empty(202);
      case MISSING -> throw unknown(reference);
      case NEEDED ->
          throw new Refusal(
              405,
              "UNSUPPORTED",
              "the manifest " + reference + " belongs to an index or to another repository");
    }
  }

  void referrers(RegistryRequest request, String repository, String name)
      throws IOException, Refusal {
    var subject = RegistryProtocol.digest(name);
    // Clients write the `+` of media types as it is, too.
    var type = request.parameter("artifactType").map(text -> text.replace(' ', '+'));
    var last = request.parameter("last").orElse("");
    if (type.isPresent()) {
      request.with("OCI-Filters-Applied", "artifactType");
    }
    var found =
        store.referrers(repository, subject).stream()
            .filter(referrer -> type.isEmpty() || type.get().equals(referrer.artifactType()))
            .toList();
    var page = new ArrayList<Descriptor>();
    var isAfter = last.isEmpty();
    long size = 0;
    for (var referrer : found) {
      if (!isAfter) {
        isAfter = referrer.digest().toString().equals(last);
        continue;
      }
      size += referrer.toJson().toString().length();
      if (size > OciLimits.MANIFEST_BYTES / 2 && !page.isEmpty()) {
        // An answer is an index, and no client need take a larger one.
        request.next(
            "/v2/"
                + repository
                + "/referrers/"
                + subject
                + "?last="
                + RegistryRequest.encoded(page.getLast().digest().toString())
                + type.map(one -> "&artifactType=" + RegistryRequest.encoded(one)).orElse(""));
        break;
      }
      page.add(referrer);
    }
    request.json(200, MediaType.INDEX, ImageIndex.of(page).bytes());
  }
}
