package dev.terroir.image.blob;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Digest;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A folder of blobs, each under its digest: `<algorithm>/<encoded>`, as the folder `blobs` of an
/// OCI layout. A blob appears by rename once its digest is known to be right; any number of threads
/// and processes may use one folder.
///
/// @since 0.1
public final class BlobStore {
  private static final int BUFFER = 1 << 17;

  private final Path directory;
  private final boolean isDurable;

  /// What this process has hashed since it began.
  private final Set<Digest> checked = ConcurrentHashMap.newKeySet();

  /// Blobs that survive a loss of power once they have their names.
  ///
  /// @param directory made when the first blob comes
  public BlobStore(Path directory) {
    this(directory, true);
  }

  private BlobStore(Path directory, boolean isDurable) {
    this.directory = directory;
    this.isDurable = isDurable;
  }

  /// Blobs that can be made again, and are checked before they are used: the system writes them to
  /// the disk when it has time. A loss of power may damage them; a killed process does not.
  public static BlobStore cache(Path directory) {
    return new BlobStore(directory, false);
  }

  /// Where it lies.
  public Path directory() {
    return directory;
  }

  /// Where a blob lies or would lie.
  public Path path(Digest digest) {
    return directory.resolve(digest.algorithm()).resolve(digest.encoded());
  }

  /// A blob that is there.
  public Optional<Path> find(Digest digest) {
    var file = path(digest);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /// Whether a blob is there and is what its digest says; takes it away when it is not. Reads it
  /// once per process.
  public boolean verify(Digest digest) {
    var file = path(digest);
    if (!Files.isRegularFile(file)) {
      return false;
    }
    if (checked.contains(digest)) {
      return true;
    }
    try {
      if (hash(file, digest).equals(digest)) {
        checked.add(digest);
        return true;
      }
      Files.deleteIfExists(file);
      return false;
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be read", file, e);
    }
  }

  /// Whether this process has hashed a blob and found it right.
  public boolean isChecked(Digest digest) {
    return checked.contains(digest);
  }

  private static Digest hash(Path file, Digest expected) throws IOException {
    var engine = expected.engine();
    try (var in = Files.newInputStream(file)) {
      var buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        engine.update(buffer, 0, read);
      }
    }
    return expected.finish(engine);
  }

  /// What a writer made.
  ///
  /// @param digest of the bytes
  /// @param sizeBytes how many
  public record Stored(Digest digest, long sizeBytes) {}

  /// Takes the bytes of one blob and hashes them on the way. Close it without a commit to throw
  /// them away. For one thread.
  public final class Writer extends FilterOutputStream {
    private final Path temporary;
    private final FileChannel channel;
    private final MessageDigest engine;
    private final String algorithm;
    private long sizeBytes;
    private @Nullable Stored stored;

    private Writer(Path temporary, FileChannel channel, String algorithm, MessageDigest engine) {
      super(Channels.newOutputStream(channel));
      this.algorithm = algorithm;
      this.engine = engine;
      this.temporary = temporary;
      this.channel = channel;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      engine.update(bytes, offset, length);
      sizeBytes += length;
    }

    /// How many bytes came so far.
    public long sizeBytes() {
      return sizeBytes;
    }

    /// Gives the blob its name.
    ///
    /// @param expected what it must be, or null to take what it is
    /// @throws ImageException code `blob-mismatch`, when it is another; nothing is kept then
    public Stored commit(@Nullable Digest expected) throws IOException {
      var digest = new Digest(algorithm, HexFormat.of().formatHex(engine.digest()));
      if (expected != null && !expected.equals(digest)) {
        throw new ImageException(
            Problem.of(ImageCode.BLOB_MISMATCH, "a blob is not the one that its digest names")
                .at(Place.of(expected.toString()))
                .because("its " + sizeBytes + " bytes have the digest " + digest)
                .hint("try again; if it stays so, what delivered the blob has damaged it"));
      }
      var file = path(digest);
      if (isDurable) {
        channel.force(true);
      }
      channel.close();
      Files.createDirectories(file.resolveSibling("."));
      // Also when one is there: it may have been damaged since, and these bytes are right.
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      checked.add(digest);
      var result = new Stored(digest, sizeBytes);
      stored = result;
      return result;
    }

    @Override
    public void close() throws IOException {
      channel.close();
      if (stored == null) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  /// Starts a blob that is named by its SHA-256.
  public Writer writer() {
    return writer("sha256", Sha256.engine());
  }

  /// Starts a blob that is to have a known digest, of any algorithm.
  public Writer writer(Digest expected) {
    return writer(expected.algorithm(), expected.engine());
  }

  private Writer writer(String algorithm, MessageDigest engine) {
    var temporary = AtomicFiles.temporaryBeside(directory.resolve("blob"));
    try {
      Files.createDirectories(directory);
      return new Writer(
          temporary,
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
          algorithm,
          engine);
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be written", directory, e);
    }
  }

  /// Makes a file a blob by a rename; whoever has hashed it says what it is.
  ///
  /// @param file on the same file system
  /// @param channel the file, open for writing; closed by the caller, and never written to again
  /// @param digest what this process has just found the file to be
  public void move(Path file, FileChannel channel, Digest digest) throws IOException {
    var target = path(digest);
    if (isDurable) {
      channel.force(true);
    }
    Files.createDirectories(target.resolveSibling("."));
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    checked.add(digest);
  }

  /// Keeps a file's bytes by a hard link where the file system has them, else by a copy; the bytes
  /// are checked first, unless this process has just done so. The file must never be written to
  /// again.
  ///
  /// @param isChecked whether this process has just hashed the file and found it right
  /// @throws ImageException code `blob-mismatch`, when it is another
  public Stored link(Path file, Digest expected, boolean isChecked) throws IOException {
    if (!isChecked && !hash(file, expected).equals(expected)) {
      throw new ImageException(
          Problem.of(ImageCode.BLOB_MISMATCH, "a blob is not the one that its digest names")
              .at(Place.file(file))
              .at(Place.of(expected.toString()))
              .hint("delete the file; it is made again when it is needed"));
    }
    var target = path(expected);
    Files.createDirectories(target.resolveSibling("."));
    var temporary = AtomicFiles.temporaryBeside(directory.resolve("blob"));
    try {
      Files.createLink(temporary, file);
    } catch (IOException | UnsupportedOperationException e) {
      try (var writer = writer(expected)) {
        Files.copy(file, writer);
        return writer.commit(expected);
      }
    }
    if (isDurable) {
      try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
    }
    try {
      // A rename between two links of one file does nothing and leaves both; so the link is taken
      // away in any case.
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return new Stored(expected, Files.size(target));
  }

  /// Keeps bytes.
  public Stored put(byte[] bytes) {
    try (OutputStream out = writer()) {
      var writer = (Writer) out;
      writer.write(bytes, 0, bytes.length);
      return writer.commit(null);
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be written", directory, e);
    }
  }
}
