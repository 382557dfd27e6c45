package dev.terroir.cli;

import dev.terroir.foundation.problem.Code;

/// The failures of the command line itself.
///
/// @since 0.1
public enum CliCode implements Code {
  /// A command was called in a way that it does not know.
  USAGE("usage", Kind.REQUEST),
  /// Something happened that the program does not expect.
  INTERNAL_ERROR("internal-error", Kind.BUG);

  private final String id;
  private final Kind kind;

  CliCode(String id, Kind kind) {
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
