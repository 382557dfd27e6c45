package dev.terroir.server;

import dev.terroir.foundation.problem.Code;

/// The failures of the server, each with its status of HTTP.
///
/// @since 0.1
public enum ServerCode implements Code {
  /// No token was shown, or one that is not known, expired or revoked.
  UNAUTHENTICATED("unauthenticated", Kind.REQUEST, 401),
  /// The token's role does not allow it.
  FORBIDDEN("forbidden", Kind.REQUEST, 403),
  /// No operation has that path.
  PATH_NOT_FOUND("path-not-found", Kind.REQUEST, 404),
  /// The path has no operation of that method.
  METHOD_NOT_ALLOWED("method-not-allowed", Kind.REQUEST, 405),
  /// A parameter of the query, the path or a header is unknown or has no sound value.
  INVALID_PARAMETER("invalid-parameter", Kind.REQUEST, 400),
  /// The body is missing or ended before its announced length.
  INVALID_BODY("invalid-body", Kind.REQUEST, 400),
  /// The body is of a type that the operation does not take.
  UNSUPPORTED_MEDIA_TYPE("unsupported-media-type", Kind.REQUEST, 415),
  /// The body is larger than the server takes.
  BODY_TOO_LARGE("body-too-large", Kind.REQUEST, 413),
  /// The body came too slowly.
  BODY_STALLED("body-stalled", Kind.REQUEST, 408),
  /// Too many attempts with wrong tokens from one address.
  TOO_MANY_ATTEMPTS("too-many-attempts", Kind.REQUEST, 429),
  /// An idempotency key was used before for another request.
  IDEMPOTENCY_KEY_REUSED("idempotency-key-reused", Kind.REQUEST, 422),
  /// The resource changed since the caller read it.
  PRECONDITION_FAILED("precondition-failed", Kind.REQUEST, 412),
  /// The asked range lies outside of the file.
  RANGE_NOT_SATISFIABLE("range-not-satisfiable", Kind.REQUEST, 416),
  /// No such job.
  JOB_NOT_FOUND("job-not-found", Kind.REQUEST, 404),
  /// No such token.
  TOKEN_NOT_FOUND("token-not-found", Kind.REQUEST, 404),
  /// No such secret.
  SECRET_NOT_FOUND("secret-not-found", Kind.REQUEST, 404),
  /// The key of the secret store cannot be used.
  SECRET_KEY("secret-key", Kind.SURROUNDINGS, 503),
  /// No such content.
  CONTENT_NOT_FOUND("content-not-found", Kind.REQUEST, 404),
  /// Content is not what its digest says.
  CONTENT_MISMATCH("content-mismatch", Kind.REQUEST, 400),
  /// A piece of an upload does not begin where the upload ends.
  UPLOAD_OFFSET("upload-offset", Kind.REQUEST, 409),
  /// A snapshot names content that the server lacks.
  CONTENTS_MISSING("contents-missing", Kind.REQUEST, 409),
  /// No such snapshot.
  SNAPSHOT_NOT_FOUND("snapshot-not-found", Kind.REQUEST, 404),
  /// A path leads out of the folder that it belongs to, or is none.
  INVALID_PATH("invalid-path", Kind.REQUEST, 400),
  /// A file is no wheel, or another one of its name is kept.
  WHEEL_REFUSED("wheel-refused", Kind.REQUEST, 409),
  /// No such wheel.
  WHEEL_NOT_FOUND("wheel-not-found", Kind.REQUEST, 404),
  /// The repository may be that of several environments.
  AMBIGUOUS_REPOSITORY("ambiguous-repository", Kind.REQUEST, 404),
  /// The workspace has its images in an outside registry.
  IMAGES_ELSEWHERE("images-elsewhere", Kind.REQUEST, 404),
  /// The image that was pulled could not be built.
  IMAGE_NOT_BUILT("image-not-built", Kind.FAILED, 422),
  /// The server ended while a job was at work that cannot be begun again.
  JOB_INTERRUPTED("job-interrupted", Kind.SURROUNDINGS, 503),
  /// The server is about to end.
  SERVER_STOPPING("server-stopping", Kind.SURROUNDINGS, 503),
  /// The server cannot do its work.
  SERVER_NOT_READY("server-not-ready", Kind.SURROUNDINGS, 503),
  /// Another server has the workspace.
  SERVER_RUNNING("server-running", Kind.SURROUNDINGS, 503),
  /// The server could not be started.
  SERVER_NOT_STARTED("server-not-started", Kind.SURROUNDINGS, 503),
  /// The server would be reachable from elsewhere without TLS.
  INSECURE_ADDRESS("insecure-address", Kind.REQUEST, 400),
  /// The certificate or its key cannot be used.
  TLS_FILES("tls-files", Kind.REQUEST, 400),
  /// The server met something that it does not expect.
  SERVER_ERROR("server-error", Kind.BUG, 500);

  private final String id;
  private final Kind kind;
  private final int status;

  ServerCode(String id, Kind kind, int status) {
    this.id = id;
    this.kind = kind;
    this.status = status;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Kind kind() {
    return kind;
  }

  /// The status of HTTP that it is answered with.
  public int status() {
    return status;
  }
}
