package dev.terroir.workspace;

import dev.terroir.foundation.problem.Code;

/// The failures of workspaces and their records.
///
/// @since 0.1
public enum WorkspaceCode implements Code {
  /// No workspace is where one was asked for.
  WORKSPACE_NOT_FOUND("workspace-not-found", Kind.REQUEST),
  /// A workspace of that name is there already.
  WORKSPACE_EXISTS("workspace-exists", Kind.REQUEST),
  /// No config.json is in any place that is searched.
  CONFIG_NOT_FOUND("config-not-found", Kind.REQUEST),
  /// The database was written by a later Terroir.
  DATABASE_TOO_NEW("database-too-new", Kind.SURROUNDINGS),
  /// The database cannot be read or written.
  DATABASE_FAILED("database-failed", Kind.SURROUNDINGS),
  /// The database's server does not answer, or lets nobody in.
  DATABASE_UNREACHABLE("database-unreachable", Kind.SURROUNDINGS),
  /// The address of a database, or what belongs to it, cannot be used.
  INVALID_DATABASE("invalid-database", Kind.REQUEST),
  /// No such environment, version or label is registered.
  ENVIRONMENT_NOT_FOUND("environment-not-found", Kind.REQUEST),
  /// A version is registered with another definition.
  VERSION_TAKEN("version-taken", Kind.REQUEST),
  /// A definition has no lock yet.
  LOCK_NOT_FOUND("lock-not-found", Kind.REQUEST),
  /// A definition has another lock than the one that is to be kept.
  LOCK_TAKEN("lock-taken", Kind.REQUEST),
  /// No such run.
  RUN_NOT_FOUND("run-not-found", Kind.REQUEST),
  /// A run of that id is recorded already.
  RUN_EXISTS("run-exists", Kind.REQUEST),
  /// No such experiment.
  EXPERIMENT_NOT_FOUND("experiment-not-found", Kind.REQUEST),
  /// An experiment that has runs cannot be deleted.
  EXPERIMENT_NOT_EMPTY("experiment-not-empty", Kind.REQUEST),
  /// No such datastore.
  DATASTORE_NOT_FOUND("datastore-not-found", Kind.REQUEST),
  /// A datastore has no such file.
  DATA_FILE_NOT_FOUND("data-file-not-found", Kind.REQUEST),
  /// A datastore has a file of that name.
  DATA_FILE_EXISTS("data-file-exists", Kind.REQUEST),
  /// A datastore, dataset or path of data cannot be used as asked.
  DATA_REFUSED("data-refused", Kind.REQUEST),
  /// No such dataset or version.
  DATASET_NOT_FOUND("dataset-not-found", Kind.REQUEST),
  /// A dataset of that name is registered.
  DATASET_EXISTS("dataset-exists", Kind.REQUEST),
  /// No such compute target.
  COMPUTE_TARGET_NOT_FOUND("compute-target-not-found", Kind.REQUEST),
  /// A compute target cannot be what it is asked to be.
  COMPUTE_TARGET_REFUSED("compute-target-refused", Kind.REQUEST),
  /// No such model or version.
  MODEL_NOT_FOUND("model-not-found", Kind.REQUEST),
  /// A model cannot be registered or deleted as asked.
  MODEL_REFUSED("model-refused", Kind.REQUEST),
  /// A name has characters that names of its kind may not have.
  INVALID_NAME("invalid-name", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  WorkspaceCode(String id, Kind kind) {
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
