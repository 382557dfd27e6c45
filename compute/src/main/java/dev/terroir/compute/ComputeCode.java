package dev.terroir.compute;

import dev.terroir.foundation.problem.Code;

/// The failures of runs.
///
/// @since 0.1
public enum ComputeCode implements Code {
  /// A source directory is too large, or holds something that no snapshot can hold.
  SNAPSHOT_REFUSED("snapshot-refused", Kind.REQUEST),
  /// A run configuration has a value that cannot be used.
  RUN_CONFIGURATION("run-configuration", Kind.REQUEST),
  /// The script of a run is not in its source directory.
  SCRIPT_NOT_FOUND("script-not-found", Kind.REQUEST),
  /// A compute target is not known.
  UNKNOWN_TARGET("unknown-target", Kind.REQUEST),
  /// A run ended without success.
  RUN_FAILED("run-failed", Kind.FAILED),
  /// A run was canceled.
  RUN_CANCELED("run-canceled", Kind.CANCELED),
  /// A run cannot be changed so, as it is.
  RUN_CONFLICT("run-conflict", Kind.REQUEST),
  /// A run has a file of that name.
  RUN_FILE_EXISTS("run-file-exists", Kind.REQUEST),
  /// A name cannot be that of a run's file.
  RUN_FILE_NAME("run-file-name", Kind.REQUEST),
  /// A run has no such file.
  RUN_FILE_NOT_FOUND("run-file-not-found", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  ComputeCode(String id, Kind kind) {
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
