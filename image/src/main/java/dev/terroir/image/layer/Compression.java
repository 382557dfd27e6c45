package dev.terroir.image.layer;

import dev.terroir.image.oci.MediaType;

/// How a layer is compressed.
///
/// @since 0.1
public enum Compression {
  /// Read everywhere; the members of an archive go into it as they are.
  GZIP(MediaType.LAYER_GZIP),
  /// Smaller and unpacked faster; everything is compressed anew.
  ZSTD(MediaType.LAYER_ZSTD);

  private final String mediaType;

  Compression(String mediaType) {
    this.mediaType = mediaType;
  }

  /// The media type of such a layer.
  public String mediaType() {
    return mediaType;
  }
}
