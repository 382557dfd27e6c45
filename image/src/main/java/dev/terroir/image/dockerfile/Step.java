package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Place;

/// An instruction where it stands. Immutable.
///
/// @param source the name of the Dockerfile
/// @param firstLine 1-based
/// @param lastLine 1-based; the end of its last continuation line or here-document
/// @param excerpt its first line
/// @param instruction what it says
/// @since 0.1
public record Step(
    String source, int firstLine, int lastLine, String excerpt, Instruction instruction) {

  /// Where it stands, for problems.
  public Place place() {
    return Place.position(source, firstLine, 1, excerpt);
  }
}
