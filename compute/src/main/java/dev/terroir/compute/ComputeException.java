package dev.terroir.compute;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;

/// A run cannot be submitted, or did not succeed.
///
/// @since 0.1
public final class ComputeException extends TerroirException {
  /// One problem.
  public ComputeException(Problem problem) {
    super(problem, null);
  }
}
