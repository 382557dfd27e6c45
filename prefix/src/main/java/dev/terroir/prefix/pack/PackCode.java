package dev.terroir.prefix.pack;

import dev.terroir.foundation.problem.Code;

/// The failures of packing environments.
///
/// @since 0.1
public enum PackCode implements Code {
  /// A directory is no environment that runs elsewhere.
  NOT_PACKABLE("not-packable", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  PackCode(String id, Kind kind) {
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
