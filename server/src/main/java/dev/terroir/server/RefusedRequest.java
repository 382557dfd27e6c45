package dev.terroir.server;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;

/// A document that breaks the contract, with all that is wrong with it.
///
/// @since 0.1
public final class RefusedRequest extends TerroirException {
  /// @param problems at least one
  public RefusedRequest(List<Problem> problems) {
    super(problems, null);
  }
}
