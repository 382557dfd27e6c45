package dev.terroir.server;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A request that the server refuses, or a server that cannot do its work.
///
/// @since 0.1
public final class ServerException extends TerroirException {
  private final transient JsonObject members;
  private final transient Map<String, String> headers;

  /// One problem.
  public ServerException(Problem problem) {
    this(problem, JsonObject.EMPTY, Map.of(), null);
  }

  /// One problem with the original error kept.
  public ServerException(Problem problem, @Nullable Throwable cause) {
    this(problem, JsonObject.EMPTY, Map.of(), cause);
  }

  /// @param members more members of the problem detail
  /// @param headers of the answer
  public ServerException(
      Problem problem, JsonObject members, Map<String, String> headers, @Nullable Throwable cause) {
    super(problem, cause);
    this.members = members;
    this.headers = Map.copyOf(headers);
  }

  /// One problem of no more than its sentence.
  public static ServerException of(ServerCode code, String what) {
    return new ServerException(Problem.of(code, what));
  }

  /// One problem with an instruction.
  public static ServerException of(ServerCode code, String what, String hint) {
    return new ServerException(Problem.of(code, what).hint(hint));
  }

  /// More members of the problem detail.
  public JsonObject members() {
    return members;
  }

  /// Headers of the answer.
  public Map<String, String> headers() {
    return headers;
  }
}
