package dev.terroir.foundation.progress;

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

  /// How far the present step is.
  ///
  /// @param done units done, bytes or items
  /// @param total units in all, or -1 when unknown
  default void advance(long done, long total) {}
}
