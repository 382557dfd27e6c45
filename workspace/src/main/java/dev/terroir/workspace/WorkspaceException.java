package dev.terroir.workspace;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import org.jspecify.annotations.Nullable;

/// A workspace cannot do what is asked of it.
///
/// @since 0.1
public final class WorkspaceException extends TerroirException {
  /// One problem.
  public WorkspaceException(Problem problem) {
    this(problem, null);
  }

  /// One problem with the original error kept.
  public WorkspaceException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }
}
