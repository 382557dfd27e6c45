package dev.terroir.environment;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A definition, or a file that holds one, cannot be used as it is.
///
/// @since 0.1
public final class EnvironmentException extends TerroirException {

  /// One problem.
  public EnvironmentException(Problem problem) {
    this(problem, null);
  }

  /// One problem with the original error kept.
  public EnvironmentException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }

  /// All problems of a definition at once.
  public EnvironmentException(List<Problem> problems) {
    super(problems, null);
  }
}
