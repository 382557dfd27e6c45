package dev.terroir.lock;

import dev.terroir.foundation.problem.Code;

/// The failures of locks.
///
/// @since 0.1
public enum LockCode implements Code {
  /// A lock file has another shape than its format says.
  INVALID_LOCK("invalid-lock", Kind.REQUEST),
  /// The lock of another tool has another shape than its format says, or a version that is too new.
  FOREIGN_LOCK("foreign-lock", Kind.REQUEST),
  /// A lock of another tool holds what no lock of Terroir can.
  LOCK_NOT_IMPORTABLE("lock-not-importable", Kind.REQUEST),
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
