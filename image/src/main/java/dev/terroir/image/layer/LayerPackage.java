package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.DirectUrl;
import dev.terroir.image.archive.fetch.Archive;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A wheel of a layer. Immutable.
///
/// @param name the project's normalised name
/// @param version its version
/// @param archiveSha256 SHA-256 of the wheel
/// @param directUrl where it came from when it was not found on an index, or null
/// @param requested whether it is marked as asked for by name; it decides bytes, so a layer that
///   many environments share needs the same answer in all of them
/// @param archive gives the wheel, its digest checked; asked only when the layer has to be made
/// @since 0.1
public record LayerPackage(
    String name,
    String version,
    Sha256 archiveSha256,
    @Nullable DirectUrl directUrl,
    boolean requested,
    Supplier<Archive> archive)
    implements Layered {
  @Override
  public String toString() {
    return name + " " + version;
  }
}
