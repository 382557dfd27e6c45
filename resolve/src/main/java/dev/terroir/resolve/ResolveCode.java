package dev.terroir.resolve;

import dev.terroir.foundation.problem.Code;

/// The failures on the way from a definition to a lock, and of the tools on it.
///
/// @since 0.1
public enum ResolveCode implements Code {
  /// No set of packages satisfies the definition.
  UNSOLVABLE("unsolvable", Kind.UNSOLVABLE),
  /// A match spec of the definition cannot be read.
  MATCH_SPEC("match-spec", Kind.REQUEST),
  /// What conda brings and what the pip section asks for exclude each other.
  CONDA_PIP_CONFLICT("conda-pip-conflict", Kind.UNSOLVABLE),
  /// A channel may not be used by conda's settings here.
  CHANNEL_DENIED("channel-denied", Kind.REQUEST),
  /// A channel's terms restrict commercial use, and the workspace refuses such channels.
  CHANNEL_RESTRICTED("channel-restricted", Kind.REQUEST),
  /// A channel did not answer, or is none.
  CHANNEL_UNREACHABLE("channel-unreachable", Kind.SURROUNDINGS),
  /// A channel refused the credentials, or wants some.
  CHANNEL_CREDENTIALS("channel-credentials", Kind.SURROUNDINGS),
  /// A conda package cannot be read or installed.
  CONDA_ARCHIVE("conda-archive", Kind.SURROUNDINGS),
  /// A link script that is allowed to run failed.
  LINK_SCRIPT("link-script", Kind.FAILED),
  /// rattler is not here and could not be installed.
  RATTLER_NOT_FOUND("rattler-not-found", Kind.SURROUNDINGS),
  /// rattler ended in another way.
  RATTLER_FAILED("rattler-failed", Kind.SURROUNDINGS),
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
  /// A repository of git did not give what a requirement names in it.
  CHECKOUT_FAILED("checkout-failed", Kind.SURROUNDINGS),
  /// A source distribution could not be built.
  BUILD_FAILED("build-failed", Kind.FAILED),
  /// A commit was built again, and its wheel is not the one that is locked.
  WHEEL_NOT_REPRODUCIBLE("wheel-not-reproducible", Kind.SURROUNDINGS),
  /// A lock wants a client of another Terroir than this one.
  CLIENT_WHEEL_GONE("client-wheel-gone", Kind.SURROUNDINGS),
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
