package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
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

  /// The archive, which has to be the one that the lock names.
  ///
  /// @throws ImageException code `archive-mismatch`
  default Archive checkedArchive() {
    var there = archive().get();
    if (!there.sha256().equals(archiveSha256())) {
      throw new ImageException(
          Problem.of(
                  ImageCode.ARCHIVE_MISMATCH,
                  "the archive of " + this + " is not the one that the lock names")
              .at(Place.file(there.file()))
              .because("its SHA-256 is " + there.sha256() + ", not " + archiveSha256())
              .hint("delete the file, so that it is fetched anew"));
    }
    return there;
  }
}
