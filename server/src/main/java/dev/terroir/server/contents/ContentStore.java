package dev.terroir.server.contents;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Files of the workspace by their SHA-256, kept where snapshots of runs are, so that the same file
/// is kept once. Safe for any number of threads and processes.
///
/// @since 0.1
public final class ContentStore {
  private final Path store;

  /// @param workspace the workspace's folder
  public ContentStore(Path workspace) {
    this.store = workspace.resolve("snapshots");
  }

  /// The store of snapshots, as [dev.terroir.compute.snapshot.Snapshot] takes it.
  public Path directory() {
    return store;
  }

  /// Where the content of a digest is, if it is there.
  ///
  /// @param digest `sha256:` and 64 digits
  public Optional<Path> find(String digest) {
    return Optional.of(place(digest)).filter(Files::isRegularFile);
  }

  /// The content of a digest.
  ///
  /// @throws ServerException code `content-not-found`
  public Path get(String digest) {
    return find(digest)
        .orElseThrow(() ->
            ServerException.of(
                ServerCode.CONTENT_NOT_FOUND, "the server has no content " + digest));
  }

  private Path place(String digest) {
    var hex = new Sha256(digest.replaceFirst("^sha256:", "")).hex();
    return store.resolve("objects").resolve(hex.substring(0, 2)).resolve(hex.substring(2));
  }

  /// Keeps what a stream holds.
  ///
  /// @return its digest
  public String put(InputStream in) {
    return keep(null, in);
  }

  /// Keeps what a stream holds, under the digest that it must have.
  ///
  /// @throws ServerException code `content-mismatch` when it has another
  public void put(String digest, InputStream in) {
    keep(digest, in);
  }

  private String keep(@org.jspecify.annotations.Nullable String digest, InputStream in) {
    var temporary = AtomicFiles.temporaryBeside(store.resolve("objects").resolve("incoming"));
    try {
      var engine = Sha256.engine();
      AtomicFiles.write(
          temporary,
          out -> {
            var buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
              engine.update(buffer, 0, read);
              out.write(buffer, 0, read);
            }
          });
      var found = Sha256.finish(engine).prefixed();
      if (digest != null && !found.equals(digest)) {
        throw ServerException.of(
            ServerCode.CONTENT_MISMATCH, "the bytes are " + found + ", not " + digest);
      }
      var place = place(found);
      Files.createDirectories(place.getParent());
      Files.move(temporary, place, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
      return found;
    } catch (IOException e) {
      throw FoundationException.ofFile("the content cannot be kept", store, e);
    } finally {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        // Swept later.
      }
    }
  }
}
