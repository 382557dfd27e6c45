package dev.terroir.cli;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;

/// A command was called wrongly.
///
/// @since 0.1
public final class CliException extends TerroirException {
  /// One problem.
  public CliException(Problem problem) {
    super(problem, null);
  }

  /// A wrong call.
  public static CliException usage(String what, String hint) {
    return new CliException(Problem.of(CliCode.USAGE, what).hint(hint));
  }
}
