package dev.terroir.image.archive.fetch;

import dev.terroir.foundation.digest.Sha256;
import java.nio.file.Path;

/// A wheel on this machine, checked. Immutable.
///
/// @param file where it lies; its name there is not its own
/// @param fileName the wheel's file name, with its tags
/// @param sha256 of its bytes
/// @param sizeBytes its size
/// @since 0.1
public record Archive(Path file, String fileName, Sha256 sha256, long sizeBytes) {}
