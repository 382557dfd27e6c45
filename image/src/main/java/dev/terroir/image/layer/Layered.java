package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.fetch.Archive;
import java.util.function.Supplier;

/// One package of a layer; the packages of a layer are of one kind.
///
/// @since 0.1
public sealed interface Layered permits LayerPackage, CondaLayerPackage {
  /// The package's name.
  String name();

  /// Its version.
  String version();

  /// SHA-256 of its archive.
  Sha256 archiveSha256();

  /// Gives the archive, its digest checked; asked only when the layer has to be made.
  Supplier<Archive> archive();
}
