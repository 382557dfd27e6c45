package dev.terroir.foundation.problem;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Where a problem was met.
///
/// @param text one line as shown after `at `: a file with position, a URL without credentials, a
///   field, a package
/// @param excerpt the line of source it points into, or null
/// @param column the 1-based column in `excerpt` that a caret marks, or 0
/// @since 0.1
public record Place(String text, @Nullable String excerpt, int column) {

  /// A place named by a line of text, such as ``package `numpy` ``.
  public static Place of(String text) {
    return new Place(text, null, 0);
  }

  /// A whole file or directory.
  public static Place file(Path file) {
    return of(file.toString());
  }

  /// A position in a file.
  ///
  /// @param source file name or other name of the text
  /// @param line 1-based
  /// @param column 1-based, or 0 when only the line is known
  public static Place position(String source, int line, int column) {
    return of(source + ":" + line + (column > 0 ? ":" + column : ""));
  }

  /// A position in a file with the line it points into.
  public static Place position(String source, int line, int column, String excerpt) {
    return new Place(source + ":" + line + (column > 0 ? ":" + column : ""), excerpt, column);
  }

  /// A field of a document, as a dotted path.
  public static Place field(String path) {
    return of("field `" + path + "`");
  }
}
