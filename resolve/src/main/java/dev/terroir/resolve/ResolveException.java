package dev.terroir.resolve;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A definition cannot be locked, or a tool for it is missing.
///
/// @since 0.1
public final class ResolveException extends TerroirException {
  /// One problem.
  public ResolveException(Problem problem) {
    this(problem, null);
  }

  /// One problem with the original error kept.
  public ResolveException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }

  /// All problems at once.
  public ResolveException(List<Problem> problems) {
    super(problems, null);
  }
}
