package dev.terroir.image.dockerfile;

/// Why a Dockerfile cannot be built without a container engine. Immutable.
///
/// @param step the first instruction that needs one
/// @param why a clause with the instruction as its subject, such as "`RUN` runs a program in a
///   container"
/// @since 0.1
public record EngineNeed(Step step, String why) {
  /// The instruction, its line and the reason, in one line.
  @Override
  public String toString() {
    return step.source() + ":" + step.firstLine() + ": " + why;
  }
}
