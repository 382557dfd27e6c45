package dev.terroir.foundation.progress;

import java.util.function.Consumer;

/// Receives what long work says while it goes on. Thread-safe implementations only.
///
/// @since 0.1
public interface Progress {
  /// Says nothing.
  Progress SILENT =
      new Progress() {
        @Override
        public void step(String what) {}

        @Override
        public void line(String text) {}

        @Override
        public void warn(String text) {}
      };

  /// A step begins, such as `resolving 12 requirements`; it ends when the next one begins.
  void step(String what);

  /// A line of detail: a tool's own output, a build log. Shown with `--verbose`, kept in logs.
  void line(String text);

  /// Something the user should know although the work goes on; always shown.
  void warn(String text);

  /// What an advance is counted in.
  enum Unit {
    /// Packages or files.
    ITEMS,
    /// Bytes.
    BYTES
  }

  /// How far the present step is; shown on terminals only.
  ///
  /// @param done units done
  /// @param total units in all, at least 1
  default void advance(long done, long total, Unit unit) {}

  /// How many bytes of the present step are done.
  ///
  /// @param total in all, or -1 when unknown, which shows nothing
  default void advance(long done, long total) {
    if (total > 0) {
      advance(done, total, Unit.BYTES);
    }
  }

  /// The same, whose steps, lines and warnings are kept as well.
  ///
  /// @param keep receives each as one line, in the thread that says it
  default Progress keeping(Consumer<String> keep) {
    var shown = this;
    return new Progress() {
      @Override
      public void step(String what) {
        keep.accept(what);
        shown.step(what);
      }

      @Override
      public void line(String text) {
        keep.accept(text);
        shown.line(text);
      }

      @Override
      public void warn(String text) {
        keep.accept("warning: " + text);
        shown.warn(text);
      }

      @Override
      public void advance(long done, long total, Unit unit) {
        shown.advance(done, total, unit);
      }
    };
  }
}
