package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentException;
import java.nio.file.Path;
import java.util.List;

/// A requirements file with the files it includes, as lines that pip reads one by one. Immutable.
///
/// Requirements, URLs, archives and options are carried as they are written, one option a line.
/// Refused with file and line are editable and source directories, constraints, and passwords in
/// URLs: a definition is shared and locked.
///
/// Spec: pip, "Requirements File Format".
///
/// @param lines in order
/// @since 0.1
public record RequirementsFile(List<Line> lines) {

  /// One line.
  ///
  /// @param text what pip reads, without comment and continuation
  /// @param source the file
  /// @param number 1-based line where it begins
  /// @param isOption whether it is an option for all, such as `--index-url`
  public record Line(String text, String source, int number, boolean isOption) {}

  /// Copies the list.
  public RequirementsFile {
    lines = List.copyOf(lines);
  }

  /// Reads a file and the files it includes.
  ///
  /// @throws EnvironmentException with every problem, each with file, line and column
  public static RequirementsFile read(Path file) {
    return new RequirementsReader().read(file);
  }

  /// Reads a text that includes no files.
  ///
  /// @param source file name or other name of the text
  /// @throws EnvironmentException with every problem, each with source, line and column
  public static RequirementsFile parse(String text, String source) {
    return new RequirementsReader().parse(text, source);
  }

  /// The lines as the pip section of a conda file holds them.
  public List<String> pipLines() {
    return lines.stream().map(Line::text).distinct().toList();
  }
}
