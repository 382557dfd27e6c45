package dev.terroir.image.layer;

import dev.terroir.foundation.FoundationCode;
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
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

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
    try (var in = Files.newInputStream(tar)) {
      return gzip(in, Place.file(tar), diffId, blobs);
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer cannot be read", tar, e);
    }
  }

  /// Compresses a tar by gzip into a store.
  ///
  /// @param in the tar; stays open
  /// @param place where problems say it is
  /// @param diffId the tar's digest
  /// @throws ImageException code `blob-mismatch`, when the tar is another
  public static MadeLayer gzip(InputStream in, Place place, Digest diffId, BlobStore blobs) {
    var engine = Sha256.engine();
    var width = Runtime.getRuntime().availableProcessors();
    try (var out = blobs.writer();
        var workers = Executors.newFixedThreadPool(width)) {
      var pending = new ArrayDeque<Future<byte[]>>();
      long sizeBytes = 0;
      for (var block = in.readNBytes(BLOCK); block.length > 0; block = in.readNBytes(BLOCK)) {
        engine.update(block, 0, block.length);
        sizeBytes += block.length;
        var content = block;
        pending.add(workers.submit(() -> GzipMembers.compress(content, content.length, LEVEL)));
        if (pending.size() > 2 * width) {
          out.write(done(pending.remove()));
        }
      }
      while (!pending.isEmpty()) {
        out.write(done(pending.remove()));
      }
      var found = Digest.of(Sha256.finish(engine));
      if (!found.equals(diffId)) {
        throw new ImageException(
            Problem.of(ImageCode.BLOB_MISMATCH, "a layer is not what it was when it was made")
                .at(place)
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

  private static byte[] done(Future<byte[]> block) {
    try {
      return block.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FoundationException(
          Problem.of(FoundationCode.CANCELED, "compressing a layer was canceled"), e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("compressing memory does not fail", e);
    }
  }
}
