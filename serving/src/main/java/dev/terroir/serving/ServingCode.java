package dev.terroir.serving;

import dev.terroir.foundation.problem.Code;

/// The failures of services.
///
/// @since 0.1
public enum ServingCode implements Code {
  /// A service cannot be called so.
  SERVICE_NAME("service-name", Kind.REQUEST),
  /// A service of that name is there.
  SERVICE_EXISTS("service-exists", Kind.REQUEST),
  /// No such service.
  SERVICE_NOT_FOUND("service-not-found", Kind.REQUEST),
  /// A configuration of inference or deployment cannot be used.
  DEPLOYMENT_CONFIGURATION("deployment-configuration", Kind.REQUEST),
  /// The environment has no inference server.
  NO_INFERENCE_SERVER("no-inference-server", Kind.REQUEST),
  /// The port is in use.
  PORT_TAKEN("port-taken", Kind.SURROUNDINGS),
  /// The service did not become healthy.
  DEPLOYMENT_FAILED("deployment-failed", Kind.FAILED),
  /// A scoring request got no answer that counts as success.
  SCORING_FAILED("scoring-failed", Kind.FAILED),
  /// A model is used by a service.
  MODEL_IN_USE("model-in-use", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  ServingCode(String id, Kind kind) {
    this.id = id;
    this.kind = kind;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Kind kind() {
    return kind;
  }
}
