package dev.terroir.image.serve;

import dev.terroir.image.oci.Digest;
import java.io.IOException;

/// Blobs: pulled whole and in ranges, mounted, pushed at once and in chunks, deleted.
///
/// Spec: OCI distribution specification, end-2, end-4 to end-6, end-10, end-11, end-13, end-14.
final class BlobRequests {
  private final RegistryStore store;
  private final long maxBlobBytes;

  BlobRequests(RegistryStore store, long maxBlobBytes) {
    this.store = store;
    this.maxBlobBytes = maxBlobBytes;
  }

  void blob(RegistryRequest request, String repository, String name) throws IOException, Refusal {
    if (!RegistryProtocol.isDigest(name)) {
      throw new Refusal(404, "DIGEST_INVALID", "`" + name + "` is no digest that blobs have here");
    }
    var digest = Digest.parse(name);
    var missing = new Refusal(404, "BLOB_UNKNOWN", "there is no blob " + digest);
    if (request.method().equals("DELETE")) {
      var writable = RegistryProtocol.writing(store, request, Access.DELETE);
      switch (writable.removeBlob(repository, digest)) {
        case REMOVED -> request.empty(202);
        case MISSING -> throw missing;
        case NEEDED ->
            throw new Refusal(
                405, "UNSUPPORTED", "the blob " + digest + " belongs to an image that is here");
      }
      return;
    }
    if (request.isHead()
        && request.may(Access.WRITE)
        && store instanceof RegistryStore.Writable writable) {
      // Who pushes asks so whether a blob need not be sent.
      writable.lease(repository, digest);
    }
    var file = store.blob(repository, digest).orElseThrow(() -> missing);
    request.with("Content-Type", "application/octet-stream");
    request.file(file, digest, true, missing);
  }

  /// A blob on its way begins, or is mounted, or comes whole.
  void start(RegistryRequest request, String repository) throws IOException, Refusal {
    var writable = RegistryProtocol.writing(store, request, Access.WRITE);
    var mounted = request.parameter("mount");
    if (mounted.isPresent()) {
      var digest = RegistryProtocol.digest(mounted.get());
      if (writable.lease(repository, digest)) {
        created(request, repository, digest);
        return;
      }
    }
    var algorithm = request.parameter("digest-algorithm").orElse("sha256");
    if (!RegistryProtocol.isAlgorithm(algorithm)) {
      throw new Refusal(
          400, "DIGEST_INVALID", "`" + algorithm + "` is none of sha256, sha384, sha512");
    }
    var whole = request.parameter("digest");
    if (whole.isPresent()) {
      takeWhole(request, repository, writable.uploads(), RegistryProtocol.digest(whole.get()));
      return;
    }
    progress(request, repository, writable.uploads().start(), 0).empty(202);
  }

  private void takeWhole(RegistryRequest request, String repository, Uploads uploads, Digest digest)
      throws IOException, Refusal {
    checkSize(request.contentLength().orElse(0L));
    try (var upload = uploads.open(uploads.start(), digest.algorithm())) {
      var isFinished = false;
      try {
        append(request, upload);
        upload.finish(digest);
        isFinished = true;
      } finally {
        if (!isFinished) {
          // Nobody was told its name, so nobody can go on with it.
          upload.cancel();
        }
      }
    }
    created(request, repository, digest);
  }

  private void checkSize(long size) throws Refusal {
    if (size > maxBlobBytes) {
      throw new Refusal(
          413, "SIZE_INVALID", "a blob may have " + maxBlobBytes + " bytes here, at most");
    }
  }

  private static RegistryRequest progress(
      RegistryRequest request, String repository, String id, long size) {
    return request
        .with("Location", "/v2/" + repository + "/blobs/uploads/" + id)
        .with("Docker-Upload-UUID", id)
        .with("Range", "0-" + Math.max(0, size - 1));
  }

  private static void created(RegistryRequest request, String repository, Digest digest)
      throws IOException {
    request
        .with("Location", "/v2/" + repository + "/blobs/" + digest)
        .with("Docker-Content-Digest", digest.toString())
        .empty(201);
  }

  /// A blob on its way goes on.
  void upload(RegistryRequest request, String repository, String id) throws IOException, Refusal {
    var uploads = RegistryProtocol.writing(store, request, Access.WRITE).uploads();
    switch (request.method()) {
      case "GET" -> {
        var size = uploads.size(id).orElseThrow(() -> Uploads.unknown(id));
        progress(request, repository, id, size).empty(204);
      }
      case "DELETE" -> {
        try (var upload = uploads.open(id, "sha256")) {
          upload.cancel();
        }
        request.empty(204);
      }
      case "PATCH" -> {
        long size;
        try (var upload = uploads.open(id, "sha256")) {
          chunk(request, repository, id, upload);
          size = upload.sizeBytes();
        }
        progress(request, repository, id, size).empty(202);
      }
      default -> finish(request, repository, uploads, id);
    }
  }

  private void finish(RegistryRequest request, String repository, Uploads uploads, String id)
      throws IOException, Refusal {
    var named = request.parameter("digest");
    if (named.isEmpty()) {
      throw new Refusal(400, "DIGEST_INVALID", "the query must name the `digest` of the blob");
    }
    var digest = RegistryProtocol.digest(named.get());
    try (var upload = uploads.open(id, digest.algorithm())) {
      chunk(request, repository, id, upload);
      upload.finish(digest);
    }
    created(request, repository, digest);
  }

  /// Takes the body of a request for an upload.
  private void chunk(RegistryRequest request, String repository, String id, Uploads.Upload upload)
      throws IOException, Refusal {
    var size = upload.sizeBytes();
    var range = ByteRange.sent(request.header("Content-Range"));
    var length = request.contentLength();
    if (range.isPresent() && range.get().from() != size) {
      progress(request, repository, id, size);
      throw new Refusal(
          416, "BLOB_UPLOAD_INVALID", "the upload has " + size + " bytes; the next must follow");
    }
    if (range.isPresent() && length.isPresent() && length.get() != range.get().count()) {
      throw new Refusal(
          400,
          "SIZE_INVALID",
          "a chunk of " + range.get().count() + " bytes has " + length.get() + " bytes");
    }
    checkSize(size + length.orElse(0L));
    append(request, upload);
    if (range.isPresent() && upload.sizeBytes() - size != range.get().count()) {
      progress(request, repository, id, upload.sizeBytes());
      throw new Refusal(
          400,
          "SIZE_INVALID",
          "a chunk of "
              + range.get().count()
              + " bytes had "
              + (upload.sizeBytes() - size)
              + " bytes");
    }
  }

  private void append(RegistryRequest request, Uploads.Upload upload) throws IOException, Refusal {
    if (!upload.append(request.body(), maxBlobBytes)) {
      upload.cancel();
      checkSize(Long.MAX_VALUE);
    }
  }
}
