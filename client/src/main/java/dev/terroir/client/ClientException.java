package dev.terroir.client;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A server cannot be used, or refuses what it is asked for. What a server says has its own code
/// and sentences.
///
/// @since 0.1
public final class ClientException extends TerroirException {
  /// One problem.
  public ClientException(Problem problem) {
    this(problem, null);
  }

  /// One problem with the original error kept.
  public ClientException(Problem problem, @Nullable Throwable cause) {
    super(problem, cause);
  }

  /// All that a server found.
  ClientException(List<Problem> problems) {
    super(problems, null);
  }

  /// What needs a workspace on this machine.
  ///
  /// @param what a sentence, such as `the cache of another machine is not shown`
  /// @param hint what to use instead
  /// @return by its general type, so that callers with a workspace on this machine load nothing of
  ///   the client
  public static TerroirException notOverHttp(String what, String hint) {
    return new ClientException(Problem.of(ClientCode.NOT_OVER_HTTP, what).hint(hint));
  }
}
