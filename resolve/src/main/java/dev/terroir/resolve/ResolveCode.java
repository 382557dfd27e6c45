package dev.terroir.resolve;

import dev.terroir.foundation.problem.Code;

/// The failures on the way from a definition to a lock, and of the tools on it.
///
/// @since 0.1
public enum ResolveCode implements Code {
  /// No set of packages satisfies the definition.
  UNSOLVABLE("unsolvable", Kind.UNSOLVABLE),
  /// The definition asks for conda packages besides Python and pip.
  CONDA_NOT_SUPPORTED("conda-not-supported-yet", Kind.REQUEST),
  /// A requirement depends on a place that a lock cannot name.
  REQUIREMENT_NOT_LOCKABLE("requirement-not-lockable", Kind.REQUEST),
  /// No interpreter of the wanted version is here or can be fetched.
  PYTHON_NOT_FOUND("python-not-found", Kind.SURROUNDINGS),
  /// uv is not here and could not be fetched.
  UV_NOT_FOUND("uv-not-found", Kind.SURROUNDINGS),
  /// An index did not answer.
  INDEX_UNREACHABLE("index-unreachable", Kind.SURROUNDINGS),
  /// An index refused the credentials, or wants some.
  INDEX_CREDENTIALS("index-credentials", Kind.SURROUNDINGS),
  /// An archive is not what its hash says.
  HASH_MISMATCH("hash-mismatch", Kind.SURROUNDINGS),
  /// A source distribution could not be built.
  BUILD_FAILED("build-failed", Kind.FAILED),
  /// uv ended in another way.
  UV_FAILED("uv-failed", Kind.SURROUNDINGS);

  private final String id;
  private final Kind kind;

  ResolveCode(String id, Kind kind) {
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
