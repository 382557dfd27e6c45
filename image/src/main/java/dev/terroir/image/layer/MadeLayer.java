package dev.terroir.image.layer;

import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;

/// A layer that was made, on this machine or earlier. Immutable.
///
/// @param mediaType how it is compressed
/// @param digest of the blob
/// @param diffId digest of the uncompressed tar
/// @param sizeBytes size of the blob
/// @param uncompressedSizeBytes size of the tar
/// @since 0.1
public record MadeLayer(
    String mediaType, Digest digest, Digest diffId, long sizeBytes, long uncompressedSizeBytes) {

  /// The descriptor for a manifest.
  public Descriptor descriptor() {
    return Descriptor.of(mediaType, digest, sizeBytes);
  }
}
