package dev.terroir.image.layer;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Makes layers of tar files that are there already. The same tar gives the same bytes everywhere.
///
/// @since 0.1
public final class PackedTar {
  private static final int LEVEL = 6;

  /// Not to be changed: it decides the bytes.
  private static final int BLOCK = 1 << 20;

  private PackedTar() {}

  /// Compresses a tar by gzip into a store.
  ///
  /// @param diffId the tar's digest
  /// @throws ImageException code `blob-mismatch`, when the tar is another
  public static MadeLayer gzip(Path tar, Digest diffId, BlobStore blobs) {
    var engine = Sha256.engine();
    try (var in = Files.newInputStream(tar);
        var out = blobs.writer()) {
      var buffer = new byte[BLOCK];
      long sizeBytes = 0;
      for (var read = in.readNBytes(buffer, 0, BLOCK);
          read > 0;
          read = in.readNBytes(buffer, 0, BLOCK)) {
        engine.update(buffer, 0, read);
        sizeBytes += read;
        out.write(GzipMembers.compress(buffer, read, LEVEL));
      }
      var found = Digest.of(Sha256.finish(engine));
      if (!found.equals(diffId)) {
        throw new ImageException(
            Problem.of(ImageCode.BLOB_MISMATCH, "a layer is not what it was when it was made")
                .at(Place.file(tar))
                .because("its digest is " + found + ", not " + diffId)
                .hint("try again"));
      }
      var stored = out.commit(null);
      return new MadeLayer(
          MediaType.LAYER_GZIP, stored.digest(), diffId, stored.sizeBytes(), sizeBytes);
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer cannot be written", blobs.directory(), e);
    }
  }
}
