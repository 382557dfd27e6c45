package dev.terroir.image.serve;

import dev.terroir.foundation.problem.TerroirException;

/// An answer that is not a success: a status, and the code and words of the protocol's error.
///
/// Spec: OCI distribution specification, "Error codes".
final class Refusal extends Exception {
  private static final long serialVersionUID = 1;
  private final int status;
  private final String code;

  Refusal(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /// What could not be made, with its causes and with what to do: clients show nothing else.
  static Refusal notMade(TerroirException failure) {
    var problem = failure.problem();
    var text = new StringBuilder(problem.what());
    if (!problem.why().isEmpty()) {
      text.append(", because ").append(String.join(", because ", problem.why()));
    }
    problem.hints().forEach(hint -> text.append("; ").append(hint));
    // Clients ask again at once after a 5xx, which is no use where the same would come of it.
    return switch (problem.code().kind()) {
      case REQUEST, UNSOLVABLE, FAILED, CANCELED ->
          new Refusal(404, "MANIFEST_UNKNOWN", text.toString());
      case SURROUNDINGS -> new Refusal(503, "UNKNOWN", text.toString());
      case BUG -> new Refusal(500, "UNKNOWN", text.toString());
    };
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  String message() {
    return String.valueOf(getMessage());
  }
}
