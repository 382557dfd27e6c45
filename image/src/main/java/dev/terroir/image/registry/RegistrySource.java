package dev.terroir.image.registry;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// One image of a registry. Manifests that were read are kept; blobs that are cut are gone on with
/// where they ended. Thread-safe.
final class RegistrySource implements ImageSource {
  private static final String ACCEPT =
      String.join(
          ", ",
          List.of(
              MediaType.MANIFEST,
              MediaType.INDEX,
              MediaType.DOCKER_MANIFEST,
              MediaType.DOCKER_LIST));

  private final Host host;
  private final ImageReference reference;
  private final RegistryOptions options;
  private final Semaphore slots;
  private final Map<Digest, byte[]> manifests = new ConcurrentHashMap<>();
  private volatile @Nullable Descriptor root;

  RegistrySource(Host host, ImageReference reference, RegistryOptions options, Semaphore slots) {
    this.host = host;
    this.reference = reference;
    this.options = options;
    this.slots = slots;
  }

  Host host() {
    return host;
  }

  String repository() {
    return reference.path();
  }

  @Override
  public synchronized Descriptor root() {
    var known = root;
    if (known != null) {
      return known;
    }
    var digest = reference.digest();
    var fetched = fetch(digest == null ? reference.tagOrLatest() : digest.toString(), digest);
    root = fetched;
    return fetched;
  }

  private String what() {
    return "the image `" + reference + "` cannot be read";
  }

  /// Reads a manifest or an index and keeps it.
  private Descriptor fetch(String name, @Nullable Digest expected) {
    var request =
        Host.Request.of(
                "GET",
                host.resolve("/v2/" + reference.path() + "/manifests/" + name),
                Host.Scope.pull(reference.path()))
            .with("Accept", ACCEPT);
    for (int attempt = 1; ; attempt++) {
      try (var answer = host.send(request, what())) {
        if (answer.status() != 200) {
          throw host.refused(answer, what());
        }
        var bytes = answer.bytes(OciLimits.MANIFEST_BYTES);
        if (bytes.length > OciLimits.MANIFEST_BYTES) {
          throw new ImageException(
              Problem.of(
                      ImageCode.INVALID_OCI_DOCUMENT,
                      "a manifest of more than " + OciLimits.MANIFEST_BYTES + " bytes is not read")
                  .at(Place.of(reference.toString())));
        }
        return keep(bytes, answer, expected);
      } catch (IOException e) {
        if (attempt >= options.attempts()) {
          throw host.unreachable(what(), e);
        }
        host.sleep(host.backOff(attempt));
      }
    }
  }

  private Descriptor keep(byte[] bytes, Host.Answer answer, @Nullable Digest expected) {
    var said =
        answer.header("Docker-Content-Digest").filter(Digest::isWellFormed).map(Digest::parse);
    for (var digest : Arrays.asList(expected, said.orElse(null))) {
      if (digest != null && !digest.matches(bytes)) {
        throw new ImageException(
            Problem.of(ImageCode.BLOB_MISMATCH, "a manifest is not the one that its digest names")
                .at(Place.of(reference.toString()))
                .because("its " + bytes.length + " bytes have the digest " + Digest.of(bytes))
                .because("the digest it should have is " + digest)
                .hint("try again; if it stays so, what delivered the manifest has damaged it"));
      }
    }
    var json = readable(bytes, answer);
    var kind = OciDocument.kindOf(json);
    var mediaType =
        json.optionalString("mediaType")
            .orElseGet(() ->
                answer
                    .header("Content-Type")
                    .map(type -> type.replaceFirst(";.*", "").strip())
                    .filter(type -> MediaType.isIndex(type) || MediaType.isManifest(type))
                    .orElse(kind == OciDocument.INDEX ? MediaType.INDEX : MediaType.MANIFEST));
    if (MediaType.isIndex(mediaType) != (kind == OciDocument.INDEX)) {
      // One that is read as either has two meanings.
      throw new ImageException(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  "a manifest says it is `" + mediaType + "`, and does not look like it")
              .at(Place.of(reference.toString())));
    }
    var digest = expected == null ? Digest.of(bytes) : expected;
    manifests.put(digest, bytes);
    return new Descriptor(
        mediaType,
        digest,
        bytes.length,
        null,
        json.optionalString("artifactType").orElse(null),
        Map.of());
  }

  private dev.terroir.foundation.json.JsonObject readable(byte[] bytes, Host.Answer answer) {
    var type = answer.header("Content-Type").orElse("");
    if (type.contains("docker.distribution.manifest.v1")) {
      throw new ImageException(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  "the image `" + reference + "` is of Docker's first format, which is not read")
              .at(Place.of(reference.toString()))
              .hint("pull and push it with a present tool"));
    }
    try {
      return dev.terroir.foundation.json.JsonReader.parseObject(
          new String(bytes, java.nio.charset.StandardCharsets.UTF_8), reference.toString());
    } catch (dev.terroir.foundation.FoundationException e) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "the manifest is no JSON")
              .at(Place.of(reference.toString()))
              .because(e.problem().what()),
          e);
    }
  }

  @Override
  public byte[] manifest(Descriptor descriptor) {
    if (!manifests.containsKey(descriptor.digest())) {
      fetch(descriptor.digest().toString(), descriptor.digest());
    }
    var bytes = manifests.get(descriptor.digest());
    return VerifiedInput.check(
        bytes == null ? new byte[0] : bytes.clone(), descriptor, reference.toString());
  }

  @Override
  public InputStream blob(Descriptor descriptor) {
    try {
      slots.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Transport.canceled(e);
    }
    try {
      var body = new ResumingBody(descriptor);
      body.reopen();
      return new VerifiedInput(body, descriptor, reference.toString());
    } catch (RuntimeException e) {
      slots.release();
      throw e;
    }
  }

  @Override
  public void close() {}

  /// A blob's bytes; where the connection is cut, a range of the rest is asked for.
  private final class ResumingBody extends InputStream {
    private final Descriptor descriptor;
    private Host.@Nullable Answer answer;
    private long position;
    private int failures;
    private boolean isClosed;

    ResumingBody(Descriptor descriptor) {
      this.descriptor = descriptor;
    }

    private String what() {
      return "the blob " + descriptor.digest() + " of `" + reference + "` cannot be read";
    }

    /// Asks for what is left.
    void reopen() {
      closeAnswer();
      var request =
          Host.Request.of(
              "GET",
              host.resolve("/v2/" + reference.path() + "/blobs/" + descriptor.digest()),
              Host.Scope.pull(reference.path()));
      if (position > 0) {
        request = request.with("Range", "bytes=" + position + "-");
      }
      while (true) {
        var fresh = host.send(request, what());
        if (fresh.status() != 200 && fresh.status() != 206) {
          throw host.refused(fresh, what());
        }
        answer = fresh;
        try {
          if (fresh.status() == 206) {
            var range = fresh.header("Content-Range").orElse("");
            if (!range.startsWith("bytes " + position + "-")) {
              throw new IOException("it gives the range `" + range + "`");
            }
          } else {
            // It does not know ranges: what is there already is read past.
            fresh.body().skipNBytes(position);
          }
          return;
        } catch (IOException e) {
          failed(e);
        }
      }
    }

    private void failed(IOException cause) {
      closeAnswer();
      failures++;
      if (failures >= options.attempts()) {
        throw host.unreachable(what(), cause);
      }
      host.sleep(host.backOff(failures));
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      while (true) {
        var open = answer;
        if (open == null) {
          throw new IOException("the stream is closed");
        }
        try {
          var read = open.body().read(bytes, offset, length);
          if (read > 0) {
            position += read;
            failures = 0;
            return read;
          }
          if (position >= descriptor.sizeBytes()) {
            return -1;
          }
          throw new IOException(
              "it ends after " + position + " of " + descriptor.sizeBytes() + " bytes");
        } catch (IOException e) {
          failed(e);
          reopen();
        }
      }
    }

    private void closeAnswer() {
      var open = answer;
      if (open != null) {
        open.close();
        answer = null;
      }
    }

    @Override
    public void close() {
      closeAnswer();
      if (!isClosed) {
        isClosed = true;
        slots.release();
      }
    }
  }
}
