package dev.terroir.server.contents;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Request;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Big files on their way in, piece by piece, each a file that only ever grows: what has come is
/// its length, so that an upload goes on after the connection or the server has gone, also at
/// another server of the workspace. An upload is its caller's own, by the digest that it shall have
/// at the end. Thread-safe.
///
/// Two requests of one upload, of which the client of one may have gone without the server knowing
/// yet, do not wait for each other: whoever finds that the file has grown beyond what it was about
/// to write is told how far it has come.
///
/// @since 0.1
public final class Uploads {
  /// An upload that has not grown for so long is given up.
  private static final Duration STALE = Duration.ofDays(1);

  private static final int BUFFER = 1 << 16;

  private final Path directory;
  private final Clock clock;
  private final ReentrantLock[] locks = new ReentrantLock[64];

  /// @param workspace the workspace's folder
  public Uploads(Path workspace, Clock clock) {
    this.directory = workspace.resolve("server").resolve("uploads");
    this.clock = clock;
    for (int i = 0; i < locks.length; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /// The file of a caller's upload.
  private Path file(Request request, String digest) {
    return directory.resolve(Sha256.of(request.caller().tokenId() + "\n" + digest).hex());
  }

  /// How many bytes of it have come.
  public long received(Request request, String digest) {
    return size(file(request, digest));
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw FoundationException.ofFile("an upload cannot be read", file, e);
    }
  }

  /// Takes a piece of it.
  ///
  /// @param offset where the piece begins
  /// @param limit how large the whole may be
  /// @return how many bytes of it have come
  /// @throws ServerException code `upload-offset` when it does not begin where the upload ends,
  ///   `body-too-large`
  public long append(Request request, String digest, long offset, long limit) {
    var file = file(request, digest);
    try {
      if (offset == 0) {
        sweep();
        Files.createDirectories(directory);
      }
      var buffer = new byte[BUFFER];
      var at = offset;
      // Also where it brings nothing, a piece has to fit.
      write(file, ByteBuffer.allocate(0), at);
      var in = request.body();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (at + read > limit) {
          Files.deleteIfExists(file);
          throw ServerException.of(
              ServerCode.BODY_TOO_LARGE,
              "a file may have at most " + limit + " bytes",
              "`terroir serve --max-upload` says how large files may be");
        }
        write(file, ByteBuffer.wrap(buffer, 0, read), at);
        at += read;
      }
      return at;
    } catch (IOException e) {
      throw FoundationException.ofFile("the upload cannot be kept", directory, e);
    }
  }

  private void write(Path file, ByteBuffer bytes, long at) throws IOException {
    var lock = locks[Math.floorMod(file.hashCode(), locks.length)];
    lock.lock();
    try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var _ = channel.lock()) {
      var size = channel.size();
      if (size != at) {
        throw misplaced(at, size);
      }
      for (var position = at; bytes.hasRemaining(); ) {
        position += channel.write(bytes, position);
      }
    } finally {
      lock.unlock();
    }
  }

  private static ServerException misplaced(long at, long received) {
    return new ServerException(
        Problem.of(
                ServerCode.UPLOAD_OFFSET,
                "the piece begins at byte " + at + ", and " + received + " bytes have come")
            .hint("go on at `received`, which `GET /api/v1/uploads/sha256:…` says too"),
        JsonObject.builder().put("received", received).build(),
        Map.of(),
        null);
  }

  /// Gives up a caller's upload.
  public void delete(Request request, String digest) {
    delete(file(request, digest));
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("an upload cannot be given up", file, e);
    }
  }

  /// The content that a request brings: its body, or the upload that its parameter `uploaded`
  /// names, which stays until [#finish].
  ///
  /// @throws ServerException code `content-not-found` when nothing was uploaded, `content-mismatch`
  ///   when it has another digest; it is given up then
  public InputStream content(Request request) {
    var digest = request.query("uploaded").orElse(null);
    return digest == null ? request.body() : open(file(request, digest), digest);
  }

  /// Gives up the upload that a request named: its content is where it belongs.
  public void finish(Request request) {
    request.query("uploaded").ifPresent(digest -> delete(request, digest));
  }

  private InputStream open(Path file, String digest) {
    try {
      var found = Sha256.of(file).prefixed();
      if (!found.equals(digest)) {
        delete(file);
        throw ServerException.of(
            ServerCode.CONTENT_MISMATCH, "the bytes are " + found + ", not " + digest);
      }
      return Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw ServerException.of(
          ServerCode.CONTENT_NOT_FOUND,
          "nothing was uploaded that is to be " + digest,
          "send it in pieces with `PUT /api/v1/uploads/sha256:…`, then ask again");
    } catch (IOException e) {
      throw FoundationException.ofFile("the upload cannot be read", file, e);
    }
  }

  /// Whether a file that is there already is what a request brings: one whose answer was lost is
  /// sent again.
  ///
  /// @param file or null
  public boolean isThere(Request request, @Nullable Path file) {
    var digest = request.query("uploaded").orElse(null);
    if (digest == null || file == null || !Files.isRegularFile(file)) {
      return false;
    }
    try {
      return !Files.exists(file(request, digest)) && Sha256.of(file).prefixed().equals(digest);
    } catch (IOException e) {
      return false;
    }
  }

  private void sweep() throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    Instant old = clock.instant().minus(STALE);
    try (var files = Files.list(directory)) {
      for (var file : files.toList()) {
        if (Files.getLastModifiedTime(file).toInstant().isBefore(old)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException e) {
      // Another server has swept it.
    }
  }
}
