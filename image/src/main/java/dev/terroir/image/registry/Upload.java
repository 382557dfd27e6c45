package dev.terroir.image.registry;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.transfer.ImageTarget;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The upload of one blob: small ones in one request, others as a stream or in pieces; after a cut
/// the registry is asked how much it has, and the rest is sent. For one thread.
///
/// Spec: OCI distribution specification, "Pushing blobs".
final class Upload {
  /// Blobs up to this size, in bytes, go in one request and are sent anew after a cut.
  private static final long SMALL = 4 << 20;

  /// The size of pieces, in bytes, where a registry or a proxy before it takes no large body.
  private static final long PIECE = 8 << 20;

  private final Host host;
  private final String repository;
  private final Descriptor blob;
  private final ImageTarget.Content content;
  private final RegistryOptions options;
  private final AtomicLong moved = new AtomicLong();
  private final String what;
  private @Nullable URI session;
  private long offset;
  private long chunk;
  private boolean isResumed;
  private volatile @Nullable Throwable sourceFailure;

  Upload(
      Host host,
      String repository,
      Descriptor blob,
      ImageTarget.Content content,
      RegistryOptions options) {
    this.host = host;
    this.repository = repository;
    this.blob = blob;
    this.content = content;
    this.options = options;
    this.chunk = options.chunkBytes();
    this.what =
        "the blob "
            + blob.digest()
            + " cannot be written to `"
            + host.domain()
            + "/"
            + repository
            + "`";
  }

  /// Something that another attempt may mend.
  private static final class PassingException extends IOException {
    private final ImageException told;

    PassingException(ImageException told) {
      super(told);
      this.told = told;
    }
  }

  /// @return how many bytes were sent, repeated ones too; 0 when it was mounted
  long run(List<String> mountFrom) {
    int failures = 0;
    while (true) {
      var before = offset;
      try {
        if (session == null && start(mountFrom)) {
          return 0;
        }
        send();
        return moved.get();
      } catch (IOException e) {
        if (sourceFailure instanceof RuntimeException failure) {
          throw failure;
        }
        if (sourceFailure instanceof IOException failure) {
          throw new ImageException(
              Problem.of(ImageCode.BLOB_MISMATCH, "a blob cannot be read to be sent")
                  .at(dev.terroir.foundation.problem.Place.of(blob.digest().toString()))
                  .because(String.valueOf(failure.getMessage())),
              failure);
        }
        failures = offset > before ? 1 : failures + 1;
        if (failures >= options.attempts()) {
          throw e instanceof PassingException passing ? passing.told : host.unreachable(what, e);
        }
        host.sleep(host.backOff(failures));
        try {
          askOffset();
        } catch (IOException again) {
          // Still cut: the next attempt asks anew.
        }
      }
    }
  }

  private Host.Scope scope() {
    return Host.Scope.push(repository);
  }

  /// Opens a session, unless the blob can be taken from another repository.
  ///
  /// @return whether it was
  private boolean start(List<String> mountFrom) throws IOException {
    offset = 0;
    var uploads = "/v2/" + repository + "/blobs/uploads/";
    for (int i = 0; i < mountFrom.size(); i++) {
      var from = mountFrom.get(i);
      // The first request to mount that is not granted opens a session, which ends the search.
      if (i < mountFrom.size() - 1 && !isIn(from)) {
        continue;
      }
      try (var answer = mount(from)) {
        if (answer.status() == 201) {
          return true;
        }
        if (answer.status() == 202) {
          session = location(answer);
          return false;
        }
        // Not allowed to read there, or no such repository: the blob is sent instead.
      } catch (ImageException e) {
        if (e.problem().code() != ImageCode.REGISTRY_DENIED) {
          throw e;
        }
      }
    }
    try (var answer = host.send(Host.Request.of("POST", host.resolve(uploads), scope()), what)) {
      if (answer.status() != 202) {
        throw RegistryTarget.notTaken(host, answer, what);
      }
      session = location(answer);
      answer
          .header("OCI-Chunk-Min-Length")
          .filter(text -> text.matches("[0-9]{1,12}"))
          .ifPresent(text -> chunk = chunk == 0 ? 0 : Math.max(chunk, Long.parseLong(text)));
      return false;
    }
  }

  private Host.Answer mount(String from) {
    var uri =
        host.resolve(
            "/v2/"
                + repository
                + "/blobs/uploads/?mount="
                + Host.encode(blob.digest().toString())
                + "&from="
                + Host.encode(from));
    return host.send(Host.Request.of("POST", uri, scope().alsoPull(from)), what);
  }

  /// Takes the blob over from one of other repositories; sends nothing.
  ///
  /// @return whether one had it and let it go
  boolean isMountedFrom(List<String> others) {
    for (var from : others) {
      if (isIn(from)) {
        try (var answer = mount(from)) {
          if (answer.status() == 201) {
            return true;
          }
          if (answer.status() == 202) {
            giveUp(location(answer));
          }
        } catch (ImageException e) {
          if (e.problem().code() != ImageCode.REGISTRY_DENIED) {
            throw e;
          }
        }
      }
    }
    return false;
  }

  /// Ends a session that nobody needs; a registry that cannot do it forgets it by itself.
  private void giveUp(URI unneeded) {
    try (var answer = host.send(Host.Request.of("DELETE", unneeded, scope()), what)) {
      answer.status();
    } catch (ImageException e) {
      // It stays until the registry's own clean-up.
    }
  }

  /// Whether another repository has the blob, as far as it may be asked.
  private boolean isIn(String other) {
    var uri = host.resolve("/v2/" + other + "/blobs/" + blob.digest());
    var request = Host.Request.of("HEAD", uri, Host.Scope.pull(other));
    try (var answer = host.send(request, what)) {
      return answer.status() == 200;
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.REGISTRY_DENIED) {
        throw e;
      }
      return false;
    }
  }

  private URI location(Host.Answer answer) {
    var location =
        answer
            .header("Location")
            .orElseThrow(() ->
                new ImageException(
                    Problem.of(
                            ImageCode.REGISTRY_REFUSED,
                            what + ": the registry does not say where to send it")
                        .at(Host.place(answer.uri()))));
    return host.allowed(answer.uri(), location, "takes blobs at");
  }

  private void send() throws IOException {
    if (offset == 0 && blob.sizeBytes() <= SMALL && (chunk == 0 || blob.sizeBytes() <= chunk)) {
      finish(new Part(0, blob.sizeBytes()));
      return;
    }
    while (offset < blob.sizeBytes()) {
      var count =
          chunk == 0 ? blob.sizeBytes() - offset : Math.min(chunk, blob.sizeBytes() - offset);
      patch(count);
    }
    finish(null);
  }

  private void patch(long count) throws IOException {
    var part = new Part(offset, count);
    var request =
        Host.Request.of("PATCH", current(), scope())
            .with("Content-Type", "application/octet-stream")
            .with(part);
    if (chunk > 0 || offset > 0) {
      request = request.with("Content-Range", offset + "-" + (offset + count - 1));
    }
    try (part;
        var answer = host.once(request)) {
      if (answer.status() == 413 && (chunk == 0 || chunk > PIECE)) {
        chunk = PIECE;
        throw new PassingException(host.refused(answer, what));
      }
      if (answer.status() != 202 && answer.status() != 201 && answer.status() != 204) {
        throw failed(answer);
      }
      session = location(answer);
      offset += count;
    }
  }

  /// Sends the last bytes, or none, and the digest.
  private void finish(@Nullable Part part) throws IOException {
    var uri = current();
    var separator = uri.getRawQuery() == null ? "?" : "&";
    var request =
        Host.Request.of(
                "PUT",
                URI.create(uri + separator + "digest=" + Host.encode(blob.digest().toString())),
                scope())
            .with("Content-Type", "application/octet-stream");
    if (part != null) {
      request = request.with(part);
    }
    try (part;
        var answer = host.once(request)) {
      if (answer.status() == 201 || answer.status() == 204) {
        return;
      }
      if (answer.status() == 400 && isResumed) {
        // What was there before the cut was not what it seemed: once more from the beginning.
        isResumed = false;
        session = null;
        throw new PassingException(host.refused(answer, what));
      }
      throw failed(answer);
    }
  }

  /// What another attempt may mend is thrown as an input or output error.
  private IOException failed(Host.Answer answer) {
    var status = answer.status();
    var told = RegistryTarget.notTaken(host, answer, what);
    if (Host.isPassing(status)) {
      var wait = Host.retryAfter(answer);
      if (wait != null) {
        host.sleep(
            wait.compareTo(java.time.Duration.ofSeconds(120)) > 0 ? java.time.Duration.ZERO : wait);
      }
      return new PassingException(told);
    }
    if (status == 404 || status == 416) {
      return new PassingException(told);
    }
    throw told;
  }

  private URI current() throws IOException {
    var uri = session;
    if (uri == null) {
      throw new IOException("there is no upload to go on with");
    }
    return uri;
  }

  /// Asks how much has arrived.
  private void askOffset() throws IOException {
    var uri = session;
    if (uri == null) {
      return;
    }
    try (var answer = host.once(Host.Request.of("GET", uri, scope()))) {
      if (answer.status() == 204 || answer.status() == 202 || answer.status() == 200) {
        var range = answer.header("Range").orElse("").replaceFirst("^bytes=", "");
        var isKnown = range.matches("0-[0-9]{1,18}");
        // Some say `0-0` for nothing, some for one byte; a blob that is sent anew is safe.
        var last = isKnown ? Long.parseLong(range.substring(2)) : 0;
        if (answer.header("Location").isPresent()) {
          session = location(answer);
        }
        if (last > 0 && last < blob.sizeBytes()) {
          offset = last + 1;
          isResumed = true;
          return;
        }
        offset = 0;
        if (last >= blob.sizeBytes()) {
          session = null;
        }
      } else if (!Host.isPassing(answer.status())) {
        // The registry has forgotten it.
        session = null;
        offset = 0;
      }
    }
  }

  /// A run of the blob's bytes. The HTTP client does not close what it gave up reading, so this
  /// does once the request is over.
  private final class Part implements Host.Body, AutoCloseable {
    private final long from;
    private final long count;
    private final List<InputStream> opened = new CopyOnWriteArrayList<>();
    private volatile boolean isOver;

    Part(long from, long count) {
      this.from = from;
      this.count = count;
    }

    @Override
    public long sizeBytes() {
      return count;
    }

    @Override
    public InputStream open() throws IOException {
      try {
        var in = content.open();
        opened.add(in);
        in.skipNBytes(from);
        return new Counting(in, this);
      } catch (IOException | RuntimeException e) {
        remember(e);
        throw e;
      }
    }

    /// What goes wrong with the source ends the upload; what comes after the request is over is
    /// only that the stream was closed.
    void remember(Throwable failure) {
      if (!isOver) {
        sourceFailure = failure;
      }
    }

    @Override
    public void close() {
      isOver = true;
      for (var in : opened) {
        try {
          in.close();
        } catch (IOException e) {
          // Nothing is read from it any more.
        }
      }
    }

    @Override
    public AtomicLong moved() {
      return moved;
    }
  }

  /// Ends after a number of bytes, counts them, and remembers what went wrong with the source.
  private final class Counting extends FilterInputStream {
    private final Part part;
    private long left;

    Counting(InputStream in, Part part) {
      super(in);
      this.part = part;
      this.left = part.sizeBytes();
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      try {
        var read = in.read(bytes, offset, (int) Math.min(length, left));
        if (read < 0) {
          throw new IOException("the blob ends " + left + " bytes too early");
        }
        left -= read;
        moved.addAndGet(read);
        return read;
      } catch (IOException | RuntimeException e) {
        part.remember(e);
        throw e;
      }
    }
  }
}
