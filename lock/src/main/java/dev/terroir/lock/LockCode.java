package dev.terroir.lock;

import dev.terroir.foundation.problem.Code;

/// The failures of locks.
///
/// @since 0.1
public enum LockCode implements Code {
  /// A lock file has another shape than its format says.
  INVALID_LOCK("invalid-lock", Kind.REQUEST),
  /// A lock has no such package.
  NOT_LOCKED("not-locked", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  LockCode(String id, Kind kind) {
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
