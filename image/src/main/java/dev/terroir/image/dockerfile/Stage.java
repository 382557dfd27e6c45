package dev.terroir.image.dockerfile;

import java.util.List;
import java.util.Optional;

/// What begins with one FROM. Immutable.
///
/// Spec: Dockerfile reference, "FROM".
///
/// @param index 0-based position in the file
/// @param fromStep the FROM
/// @param steps the instructions after it
/// @since 0.1
public record Stage(int index, Step fromStep, List<Step> steps) {
  /// Copies the list.
  public Stage {
    steps = List.copyOf(steps);
  }

  /// The FROM as a value.
  public Instruction.From from() {
    return (Instruction.From) fromStep.instruction();
  }

  /// The name after AS, in lower case.
  public Optional<String> name() {
    return Optional.ofNullable(from().alias());
  }
}
