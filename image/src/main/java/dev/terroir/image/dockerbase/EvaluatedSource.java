package dev.terroir.image.dockerbase;

import dev.terroir.foundation.FoundationException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/// An evaluated image: its own blobs are kept, those of the image below come from there.
///
/// @param root the manifest
/// @param below the image that FROM names, or null for `scratch`
/// @param onClose closes what was opened for it
record EvaluatedSource(
    Descriptor root, BlobStore blobs, @Nullable ImageSource below, Runnable onClose)
    implements ImageSource {

  @Override
  public byte[] manifest(Descriptor descriptor) {
    try (var in = blob(descriptor)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "a manifest cannot be read", blobs.path(descriptor.digest()), e);
    }
  }

  @Override
  public InputStream blob(Descriptor descriptor) {
    var kept = blobs.find(descriptor.digest());
    if (kept.isEmpty() && below != null) {
      return below.blob(descriptor);
    }
    var file = blobs.path(descriptor.digest());
    try {
      return new VerifiedInput(Files.newInputStream(file), descriptor, file.toString());
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be read", file, e);
    }
  }

  @Override
  public void close() {
    onClose.run();
  }
}
