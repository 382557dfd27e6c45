package dev.terroir.foundation;

import dev.terroir.foundation.problem.Code;

/// The failures of this module.
///
/// @since 0.1
public enum FoundationCode implements Code {
  /// A JSON document breaks the grammar of RFC 8259, or one of Terroir's limits on it.
  JSON_SYNTAX("json-syntax", Kind.REQUEST),
  /// A JSON document is well-formed, but a field is missing or of another type.
  JSON_FIELD("json-field", Kind.REQUEST),
  /// A file or directory could not be read, written or renamed.
  FILE_ACCESS("file-access", Kind.SURROUNDINGS),
  /// The disk is full.
  DISK_FULL("disk-full", Kind.SURROUNDINGS),
  /// Another process holds a lock for too long.
  LOCK_TIMEOUT("lock-timeout", Kind.SURROUNDINGS),
  /// A program that is needed is not there or cannot be started.
  PROGRAM_NOT_STARTED("program-not-started", Kind.SURROUNDINGS),
  /// A program did not end within its time limit.
  PROGRAM_TIMEOUT("program-timeout", Kind.SURROUNDINGS),
  /// A name of an operating system and architecture is unknown.
  UNKNOWN_PLATFORM("unknown-platform", Kind.REQUEST),
  /// A setting in the process environment has a value that cannot be used.
  BAD_SETTING("bad-setting", Kind.REQUEST),
  /// The work was stopped on request.
  CANCELED("canceled", Kind.CANCELED);

  private final String id;
  private final Kind kind;

  FoundationCode(String id, Kind kind) {
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
