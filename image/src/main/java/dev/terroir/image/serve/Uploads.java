package dev.terroir.image.serve;

import dev.terroir.foundation.FoundationException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Blobs on their way in, each a file that only ever grows: what has come is its length, so an
/// upload goes on after a restart, or at another server over the same folder. The bytes are hashed
/// as they come, and once more at the end where another process, or one that has ended, took a part
/// of them. Thread-safe.
///
/// @since 0.1
public final class Uploads {
  private static final Pattern ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  /// As much as stays in a core's cache on its way.
  private static final int BUFFER = 1 << 16;

  /// An upload that has not grown for so long is given up.
  private static final Duration STALE = Duration.ofDays(1);

  private static final Duration BETWEEN_SWEEPS = Duration.ofHours(1);

  /// How long a request waits for another of the same upload, whose client may be gone without the
  /// server knowing yet.
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Path directory;
  private final BlobStore blobs;
  private final Clock clock;
  private final Set<String> busy = ConcurrentHashMap.newKeySet();
  private final Map<String, Hashing> hashings = new ConcurrentHashMap<>();
  private final AtomicLong nextSweep = new AtomicLong(Long.MIN_VALUE);

  /// @param directory made when the first upload comes; on the file system of the blobs
  /// @param blobs where they go
  public Uploads(Path directory, BlobStore blobs, Clock clock) {
    this.directory = directory;
    this.blobs = blobs;
    this.clock = clock;
  }

  /// The hash of the first `count` bytes of an upload; touched only by who has it open.
  private static final class Hashing {
    private final String algorithm;
    private final MessageDigest engine;
    private long count;

    Hashing(String algorithm) {
      this.algorithm = algorithm;
      this.engine = engine(algorithm);
    }

    private static MessageDigest engine(String algorithm) {
      try {
        return MessageDigest.getInstance("SHA-" + algorithm.substring(3));
      } catch (java.security.NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-2", e);
      }
    }
  }

  /// Begins one, and gives up those that are stale.
  ///
  /// @return its name
  String start() {
    sweep();
    var id = UUID.randomUUID().toString();
    try {
      Files.createDirectories(directory);
      Files.createFile(file(id));
    } catch (IOException e) {
      throw FoundationException.ofFile("an upload cannot be started", directory, e);
    }
    return id;
  }

  private Path file(String id) {
    return directory.resolve(id);
  }

  /// How many bytes of an upload have come; empty when there is none of that name.
  OptionalLong size(String id) {
    if (!ID.matcher(id).matches()) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Files.size(file(id)));
    } catch (NoSuchFileException e) {
      return OptionalLong.empty();
    } catch (IOException e) {
      throw FoundationException.ofFile("an upload cannot be read", file(id), e);
    }
  }

  /// Takes an upload up, alone.
  ///
  /// @param algorithm that its blob's digest will probably have
  /// @throws Refusal 404, when there is none of that name; 416, when another request is sending it
  Upload open(String id, String algorithm) throws Refusal {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (ID.matcher(id).matches()) {
      var opened = tryOpen(id, algorithm);
      if (opened != null) {
        return opened;
      }
      if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
        throw new Refusal(
            416, "BLOB_UPLOAD_INVALID", "another request is sending the upload `" + id + "`");
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
    throw unknown(id);
  }

  static Refusal unknown(String id) {
    return new Refusal(404, "BLOB_UPLOAD_UNKNOWN", "there is no upload `" + id + "`");
  }

  private @Nullable Upload tryOpen(String id, String algorithm) throws Refusal {
    // First in this process: closing any channel of a file ends the locks of all of them.
    if (!busy.add(id)) {
      return null;
    }
    Upload opened = null;
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file(id), StandardOpenOption.READ, StandardOpenOption.WRITE);
      var lock = channel.tryLock();
      if (lock == null) {
        return null;
      }
      if (!Files.exists(file(id))) {
        // Its end came between the opening and the lock: the channel leads to a blob now.
        throw unknown(id);
      }
      var size = channel.size();
      channel.position(size);
      var hashing = size == 0 ? new Hashing(algorithm) : hashings.get(id);
      var isWhole = hashing != null && hashing.count == size;
      opened = new Upload(id, channel, lock, size, isWhole ? hashing : null);
      return opened;
    } catch (NoSuchFileException e) {
      throw unknown(id);
    } catch (OverlappingFileLockException e) {
      return null;
    } catch (IOException e) {
      throw FoundationException.ofFile("an upload cannot be written", file(id), e);
    } finally {
      if (opened == null) {
        if (channel != null) {
          close(channel);
        }
        busy.remove(id);
      }
    }
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing of it is buffered here; the system lets go of the lock with the process at last.
    }
  }

  /// Gives up what has not grown for a day.
  void sweep() {
    var now = clock.millis();
    var next = nextSweep.get();
    if (now < next
        || !nextSweep.compareAndSet(next, now + BETWEEN_SWEEPS.toMillis())
        || !Files.isDirectory(directory)) {
      return;
    }
    try (var files = Files.newDirectoryStream(directory)) {
      for (var file : files) {
        var id = String.valueOf(file.getFileName());
        if (ID.matcher(id).matches()
            && Files.getLastModifiedTime(file).toMillis() < now - STALE.toMillis()) {
          discard(id);
        }
      }
    } catch (NoSuchFileException e) {
      // Another server sweeps at the same time.
    } catch (IOException e) {
      throw FoundationException.ofFile("the uploads cannot be swept", directory, e);
    }
  }

  private void discard(String id) {
    try (var upload = tryOpen(id, "sha256")) {
      if (upload != null) {
        upload.cancel();
      }
    } catch (Refusal e) {
      // Another server has just ended it.
    }
  }

  /// One upload while a request sends it. For one thread.
  final class Upload implements AutoCloseable {
    private final String id;
    private final FileChannel channel;
    private final FileLock lock;
    private long size;
    private @Nullable Hashing hashing;

    private Upload(
        String id, FileChannel channel, FileLock lock, long size, @Nullable Hashing hashing) {
      this.id = id;
      this.channel = channel;
      this.lock = lock;
      this.size = size;
      this.hashing = hashing;
    }

    /// How many bytes have come.
    long sizeBytes() {
      return size;
    }

    /// Takes what a client sends; when it breaks off, what came is kept.
    ///
    /// @param most how many bytes the upload may have then
    /// @return whether that was enough for all that came
    /// @throws IOException when the client broke off
    boolean append(InputStream in, long most) throws IOException {
      var buffer = new byte[BUFFER];
      while (true) {
        var read = in.read(buffer, 0, (int) Math.min(buffer.length, most - size + 1));
        if (read < 0) {
          return true;
        }
        var taken = (int) Math.min(read, most - size);
        write(buffer, taken);
        if (taken < read) {
          return false;
        }
      }
    }

    private void write(byte[] bytes, int count) {
      var hashed = hashing;
      try {
        for (var left = ByteBuffer.wrap(bytes, 0, count); left.hasRemaining(); ) {
          size += channel.write(left);
        }
      } catch (IOException e) {
        // Some of the bytes may be there; they are hashed again at the end.
        hashing = null;
        throw FoundationException.ofFile("an upload cannot be written", file(id), e);
      }
      if (hashed != null) {
        hashed.engine.update(bytes, 0, count);
        hashed.count = size;
      }
    }

    /// Makes it a blob.
    ///
    /// @throws Refusal 400, when its bytes are not those of the digest; they are thrown away then
    void finish(Digest expected) throws Refusal {
      try {
        var found = digest(expected);
        if (!found.equals(expected)) {
          cancel();
          throw new Refusal(
              400,
              "DIGEST_INVALID",
              "the " + size + " bytes that came have the digest " + found + ", not " + expected);
        }
        hashings.remove(id);
        hashing = null;
        blobs.move(file(id), channel, expected);
      } catch (IOException e) {
        throw FoundationException.ofFile("an upload cannot be kept", file(id), e);
      }
    }

    private Digest digest(Digest expected) throws IOException {
      var hashed = hashing;
      if (hashed != null && hashed.algorithm.equals(expected.algorithm())) {
        // An engine starts anew once it has been asked, so it serves no second time.
        hashings.remove(id);
        hashing = null;
        return expected.finish(hashed.engine);
      }
      var engine = expected.engine();
      var buffer = ByteBuffer.allocate(BUFFER);
      // The same channel: closing another one of the file would end the lock.
      for (long at = 0; at < size; ) {
        var read = channel.read(buffer.clear(), at);
        if (read < 0) {
          throw new IOException("the upload became shorter");
        }
        engine.update(buffer.flip());
        at += read;
      }
      return expected.finish(engine);
    }

    /// Throws it away.
    void cancel() {
      hashings.remove(id);
      hashing = null;
      try {
        Files.deleteIfExists(file(id));
      } catch (IOException e) {
        throw FoundationException.ofFile("an upload cannot be taken away", file(id), e);
      }
    }

    @Override
    public void close() {
      if (hashing == null) {
        hashings.remove(id);
      } else {
        hashings.put(id, hashing);
      }
      try {
        if (channel.isOpen()) {
          lock.release();
        }
      } catch (IOException e) {
        // Closing ends it, too.
      }
      Uploads.close(channel);
      busy.remove(id);
    }
  }
}
