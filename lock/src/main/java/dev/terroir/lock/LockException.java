package dev.terroir.lock;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;

/// A lock cannot be read or does not hold what is asked of it.
///
/// @since 0.1
public final class LockException extends TerroirException {
  /// One problem.
  public LockException(Problem problem) {
    super(problem, null);
  }

  /// All problems of a file at once.
  public LockException(List<Problem> problems) {
    super(problems, null);
  }
}
