package dev.terroir.prefix;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;

/// A local environment cannot be made or used.
///
/// @since 0.1
public final class PrefixException extends TerroirException {
  /// One problem.
  public PrefixException(Problem problem) {
    super(problem, null);
  }
}
