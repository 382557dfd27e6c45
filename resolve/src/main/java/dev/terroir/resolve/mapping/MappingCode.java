package dev.terroir.resolve.mapping;

import dev.terroir.foundation.problem.Code;

/// The failures of taking conda packages from the Python index.
///
/// @since 0.1
public enum MappingCode implements Code {
  /// Conda packages that the index has nothing for, or specs that have no form there.
  CONDA_NOT_ON_INDEX("conda-not-on-index", Kind.REQUEST),
  /// A line of the file of a team's own names is none.
  CONDA_NAMES("conda-names", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  MappingCode(String id, Kind kind) {
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
