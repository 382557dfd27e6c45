package dev.terroir.image.transfer;

import java.util.List;

/// A place to write to, and the names that the image gets there. Immutable; the target is closed by
/// who opened it.
///
/// @param target takes blobs and manifests
/// @param tags for [ImageTarget#putManifest]
/// @since 0.1
public record Destination(ImageTarget target, List<String> tags) {
  /// Copies the list.
  public Destination {
    tags = List.copyOf(tags);
  }
}
