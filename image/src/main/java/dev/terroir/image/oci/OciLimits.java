package dev.terroir.image.oci;

/// How big the documents of an image may be that come from outside.
///
/// @since 0.1
public final class OciLimits {
  /// Largest manifest or index, in bytes: what the distribution specification asks registries to
  /// take, and what they do take.
  public static final int MANIFEST_BYTES = 4 << 20;

  /// Largest image configuration, in bytes: one with a thousand layers and a long history has some
  /// hundred kilobytes.
  public static final int CONFIG_BYTES = 16 << 20;

  /// Deepest nesting of indexes within indexes; two are seen in the wild.
  public static final int INDEX_DEPTH = 4;

  /// Most manifests in one index, layers in one manifest, or entries of a history.
  public static final int ENTRIES = 10_000;

  private OciLimits() {}
}
