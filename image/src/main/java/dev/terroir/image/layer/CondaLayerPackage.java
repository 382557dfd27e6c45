package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.fetch.Archive;
import dev.terroir.lock.CondaPackage;
import java.util.function.Supplier;

/// A conda package of a layer. Immutable.
///
/// @param locked what the lock says of it, which its record in `conda-meta` repeats
/// @param archiveSha256 SHA-256 of the archive, which a lock may not know
/// @param archive gives the archive, its digest checked; asked only when the layer has to be made
/// @since 0.1
public record CondaLayerPackage(
    CondaPackage locked, Sha256 archiveSha256, Supplier<Archive> archive) implements Layered {
  @Override
  public String name() {
    return locked.name();
  }

  @Override
  public String version() {
    return locked.version();
  }

  @Override
  public String toString() {
    return locked.title();
  }
}
