package dev.terroir.image.base;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.time.Instant;
import java.util.List;

/// A base image for one platform, resolved to its digest. Immutable.
///
/// @param reference as it was asked for
/// @param platform what it is for
/// @param manifest its manifest for that platform
/// @param config its configuration, as it is
/// @param layers from the bottom up
/// @param resolvedAt when the reference stood for it
/// @since 0.1
public record BaseImage(
    String reference,
    Platform platform,
    Descriptor manifest,
    JsonObject config,
    List<Layer> layers,
    Instant resolvedAt) {

  /// A layer of it.
  ///
  /// @param blob as the manifest describes it
  /// @param diffId digest of the uncompressed archive
  public record Layer(Descriptor blob, Digest diffId) {}

  /// Copies the list.
  public BaseImage {
    layers = List.copyOf(layers);
  }

  /// The variables of its containers, as `NAME=value`.
  public List<String> environment() {
    return config.optionalObject("config").map(inner -> inner.strings("Env")).orElse(List.of());
  }
}
