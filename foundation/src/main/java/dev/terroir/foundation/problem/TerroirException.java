package dev.terroir.foundation.problem;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The root of Terroir's exceptions; each module has a small hierarchy of its own below it.
///
/// @since 0.1
public abstract class TerroirException extends RuntimeException {
  private final transient List<Problem> problems;

  /// @param problem what is shown
  /// @param cause the original failure of a library or tool, or null
  protected TerroirException(Problem problem, @Nullable Throwable cause) {
    this(List.of(problem), cause);
  }

  /// @param problems all that was found, at least one
  /// @param cause the original failure of a library or tool, or null
  protected TerroirException(List<Problem> problems, @Nullable Throwable cause) {
    super(problems.getFirst().what(), cause);
    this.problems = List.copyOf(problems);
  }

  /// The first problem; the one that decides the exit code.
  public Problem problem() {
    return problems.getFirst();
  }

  /// All problems that were collected, in the order found.
  public List<Problem> problems() {
    return problems;
  }
}
