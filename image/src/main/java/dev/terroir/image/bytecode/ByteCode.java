package dev.terroir.image.bytecode;

/// What became of a module.
///
/// @since 0.1
public sealed interface ByteCode {
  /// The content of its `.pyc`.
  ///
  /// @param pyc not copied; nobody may change it
  @SuppressWarnings("ArrayRecordComponent") // it is handed on once and never compared
  record Compiled(byte[] pyc) implements ByteCode {}

  /// It has none: Python will say the same when it is imported.
  ///
  /// @param why what the interpreter said
  record Skipped(String why) implements ByteCode {}
}
