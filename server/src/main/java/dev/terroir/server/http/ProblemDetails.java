package dev.terroir.server.http;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Code;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.util.Set;
import java.util.stream.Collectors;

/// Problem details (RFC 9457) with the sentences of the command line.
///
/// @since 0.1
public final class ProblemDetails {
  /// Before a code; its page is `docs/errors/<code>.md`.
  private static final String TYPE = "urn:terroir:error:";

  /// Codes of requests that contradict what is there.
  private static final Set<String> CONFLICTS =
      Set.of(
          "version-taken",
          "lock-taken",
          "workspace-exists",
          "service-exists",
          "model-in-use",
          "run-exists",
          "run-conflict",
          "run-file-exists",
          "data-file-exists",
          "dataset-exists",
          "experiment-not-empty",
          "would-overwrite",
          "canceled",
          "lock-timeout");

  /// Codes that name something not found in what was sent, not by its path.
  private static final Set<String> WITHIN = Set.of("script-not-found", "config-not-found");

  private ProblemDetails() {}

  /// The status of HTTP of a code.
  public static int status(Code code) {
    if (code instanceof ServerCode own) {
      return own.status();
    }
    if (CONFLICTS.contains(code.id())) {
      return 409;
    }
    if (code == FoundationCode.DISK_FULL) {
      return 507;
    }
    return switch (code.kind()) {
      case REQUEST -> code.id().endsWith("-not-found") && !WITHIN.contains(code.id()) ? 404 : 400;
      case UNSOLVABLE, FAILED -> 422;
      case SURROUNDINGS -> 503;
      case CANCELED -> 409;
      case BUG -> 500;
    };
  }

  /// What a failure is told as.
  ///
  /// @param requestId of the request that met it
  public static JsonObject of(TerroirException failure, String requestId) {
    var first = failure.problem();
    var detail =
        failure.problems().stream().map(Problem::render).collect(Collectors.joining("\n\n"));
    var json =
        JsonObject.builder()
            .put("type", TYPE + first.code().id())
            .put("title", first.what())
            .put("status", status(first.code()))
            .put("code", first.code().id())
            .put("detail", detail)
            .put("where", first.where().stream().map(place -> place.text()).toList())
            .put("because", first.why())
            .put("hints", first.hints())
            .put("requestId", requestId);
    if (failure.problems().size() > 1) {
      json.put(
          "errors",
          new JsonValue.JsonArray(
              failure.problems().stream()
                  .<JsonValue>map(problem ->
                      JsonObject.builder()
                          .put("code", problem.code().id())
                          .put("title", problem.what())
                          .put("where", problem.where().stream().map(it -> it.text()).toList())
                          .build())
                  .toList()));
    }
    if (failure instanceof ServerException own) {
      json.putAll(own.members());
    }
    return json.build();
  }
}
