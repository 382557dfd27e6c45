package dev.terroir.image.build;

import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.transfer.ImageTarget;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// This machine's blobs as a target, where an image is needed here whatever other targets hold.
record Here(BlobStore blobs) implements ImageTarget {
  @Override
  public boolean has(Descriptor blob) {
    return blobs.verify(blob.digest());
  }

  /// What is read of a base comes into the store on the way.
  @Override
  public long put(Descriptor blob, Content content) {
    if (!has(blob)) {
      try (InputStream in = content.open()) {
        in.transferTo(OutputStream.nullOutputStream());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return 0;
  }

  @Override
  public void putManifest(Descriptor manifest, byte[] bytes, List<String> tags) {}

  @Override
  public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {}

  @Override
  public @Nullable String address() {
    return null;
  }

  @Override
  public void close() {}
}
