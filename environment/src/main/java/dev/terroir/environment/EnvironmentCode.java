package dev.terroir.environment;

import dev.terroir.foundation.problem.Code;

/// The failures of definitions and of the files that hold them.
///
/// @since 0.1
public enum EnvironmentCode implements Code {
  /// A YAML document breaks the grammar, asks for an object, or grows beyond the limits.
  YAML_SYNTAX("yaml-syntax", Kind.REQUEST),
  /// A conda environment file has another shape than conda reads.
  CONDA_SPECIFICATION("conda-specification", Kind.REQUEST),
  /// A line is no requirement.
  REQUIREMENT_SYNTAX("requirement-syntax", Kind.REQUEST),
  /// A requirement depends on something that a definition cannot carry.
  REQUIREMENT_NOT_CARRIED("requirement-not-carried", Kind.REQUEST),
  /// A file that a requirements file names by URL cannot be had.
  REQUIREMENT_NOT_FETCHED("requirement-not-fetched", Kind.SURROUNDINGS),
  /// A pyproject.toml lists no dependencies that can be read.
  PYPROJECT("pyproject", Kind.REQUEST),
  /// A pylock.toml is not sound, or holds something that a definition cannot ask for.
  PYLOCK("pylock", Kind.REQUEST),
  /// A file of another tool, or of no kind that environments are made from.
  FOREIGN_FILE("foreign-file", Kind.REQUEST),
  /// A field of a definition holds something that cannot be used.
  INVALID_DEFINITION("invalid-definition", Kind.REQUEST),
  /// A name that only curated environments may have.
  RESERVED_NAME("reserved-name", Kind.REQUEST),
  /// A directory holds no saved environment, or only a part of one.
  SAVED_DIRECTORY("saved-directory", Kind.REQUEST),
  /// No conda environment is where one is said to be, or its records cannot be read.
  CONDA_ENVIRONMENT("conda-environment", Kind.REQUEST),
  /// A file is there already and overwriting was not asked for.
  WOULD_OVERWRITE("would-overwrite", Kind.REQUEST),
  /// A secret stands where everybody who gets the definition could read it.
  SECRET_IN_DEFINITION("secret-in-definition", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  EnvironmentCode(String id, Kind kind) {
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
