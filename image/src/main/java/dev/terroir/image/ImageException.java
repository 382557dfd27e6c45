package dev.terroir.image;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An image cannot be made, read or moved.
///
/// @since 0.1
public final class ImageException extends TerroirException {
  /// One problem.
  public ImageException(Problem problem) {
    super(problem, null);
  }

  /// One problem with the original error kept.
  public ImageException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }

  /// Several problems found at once.
  public ImageException(List<Problem> problems) {
    super(problems, null);
  }
}
