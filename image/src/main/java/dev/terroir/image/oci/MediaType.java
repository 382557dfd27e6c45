package dev.terroir.image.oci;

import java.util.Set;

/// The media types of the parts of an image.
///
/// Spec: OCI image specification, "Media types"; the names of Docker's schema 2 beside them.
///
/// @since 0.1
public final class MediaType {
  /// An image index: manifests by platform.
  public static final String INDEX = "application/vnd.oci.image.index.v1+json";

  /// An image manifest.
  public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  /// An image configuration.
  public static final String CONFIG = "application/vnd.oci.image.config.v1+json";

  /// A layer: tar.
  public static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

  /// A layer: tar, gzip.
  public static final String LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";

  /// A layer: tar, zstd.
  public static final String LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";

  /// The empty JSON object, for artifacts without configuration.
  public static final String EMPTY = "application/vnd.oci.empty.v1+json";

  /// Docker's manifest list.
  public static final String DOCKER_LIST =
      "application/vnd.docker.distribution.manifest.list.v2+json";

  /// Docker's manifest.
  public static final String DOCKER_MANIFEST =
      "application/vnd.docker.distribution.manifest.v2+json";

  /// Docker's image configuration.
  public static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

  /// Docker's layer: tar, gzip.
  public static final String DOCKER_LAYER_GZIP =
      "application/vnd.docker.image.rootfs.diff.tar.gzip";

  private static final Set<String> NOT_DISTRIBUTED =
      Set.of(
          "application/vnd.oci.image.layer.nondistributable.v1.tar",
          "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
          "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
          "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");

  private MediaType() {}

  /// Whether it is a layer that is fetched from its maker, so that a registry need not have it.
  public static boolean isNotDistributed(String mediaType) {
    return NOT_DISTRIBUTED.contains(mediaType);
  }

  /// Whether it is an index or a manifest list.
  public static boolean isIndex(String mediaType) {
    return mediaType.equals(INDEX) || mediaType.equals(DOCKER_LIST);
  }

  /// Whether it is an image manifest.
  public static boolean isManifest(String mediaType) {
    return mediaType.equals(MANIFEST) || mediaType.equals(DOCKER_MANIFEST);
  }
}
