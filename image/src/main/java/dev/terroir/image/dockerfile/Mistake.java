package dev.terroir.image.dockerfile;

import org.jspecify.annotations.Nullable;

/// A mistake at a position of the logical line.
final class Mistake extends Exception {
  final int offset;
  final @Nullable String hint;

  Mistake(int offset, String what) {
    this(offset, what, null);
  }

  Mistake(int offset, String what, @Nullable String hint) {
    super(what);
    this.offset = offset;
    this.hint = hint;
  }
}
