package dev.terroir.image.transfer;

import dev.terroir.image.oci.Descriptor;
import java.io.InputStream;

/// A place from which one image can be read. Thread-safe; close it when done.
///
/// @since 0.1
public interface ImageSource extends AutoCloseable {
  /// What the reference stands for at this moment: a manifest or an index.
  ///
  /// @throws dev.terroir.image.ImageException code `image-not-found`, or one of the registry
  Descriptor root();

  /// The bytes of a manifest or an index, checked against the digest.
  byte[] manifest(Descriptor descriptor);

  /// The bytes of a blob; the reader checks them, and closes the stream.
  InputStream blob(Descriptor descriptor);

  /// The source itself, below those that only add to it.
  default ImageSource origin() {
    return this;
  }

  @Override
  void close();
}
