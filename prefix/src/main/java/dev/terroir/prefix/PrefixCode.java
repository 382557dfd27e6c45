package dev.terroir.prefix;

import dev.terroir.foundation.problem.Code;

/// The failures of local environments.
///
/// @since 0.1
public enum PrefixCode implements Code {
  /// The interpreter of a user-managed environment is not there or does not run.
  INTERPRETER_NOT_USABLE("interpreter-not-usable", Kind.REQUEST),
  /// A lock is for another platform than this machine's.
  WRONG_PLATFORM("wrong-platform", Kind.REQUEST),
  /// An environment lacks the package that a Jupyter kernel needs.
  NO_KERNEL_PACKAGE("no-kernel-package", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  PrefixCode(String id, Kind kind) {
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
