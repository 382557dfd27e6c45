package dev.terroir.serving;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import org.jspecify.annotations.Nullable;

/// A service cannot be deployed, found or asked.
///
/// @since 0.1
public final class ServingException extends TerroirException {
  /// One problem.
  public ServingException(Problem problem) {
    this(problem, null);
  }

  /// One problem with the original error kept.
  public ServingException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }
}
