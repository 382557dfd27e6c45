package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.home.Settings;
import java.nio.file.Path;
import java.util.List;

/// A requirements file with the files it includes, as lines that pip reads one by one. Immutable.
///
/// Requirements, URLs, archives, options and constraints are carried as they are written, one
/// option a line. Source directories become `file:` URLs, editable ones too, with a warning: a lock
/// holds a wheel that is built of them. Files that are named by URL are fetched, and their lines
/// stand here as they were then, with a warning. Refused with file and line are files and
/// directories that are not there, and secrets in URLs: a definition is shared and locked.
///
/// Spec: pip, "Requirements File Format".
///
/// @param lines in order
/// @param warnings what is carried as something else than it says, each with file and line
/// @since 0.1
public record RequirementsFile(List<Line> lines, List<String> warnings) {
  /// What a line is.
  public enum Kind {
    /// Something that is installed.
    REQUIREMENT,
    /// An option for all, such as `--index-url`.
    OPTION,
    /// What a package must satisfy if something else asks for it.
    CONSTRAINT
  }

  /// One line.
  ///
  /// @param text what pip reads, without comment and continuation
  /// @param source the file
  /// @param number 1-based line where it begins
  /// @param kind what it is
  public record Line(String text, String source, int number, Kind kind) {}

  /// Copies the lists.
  public RequirementsFile {
    lines = List.copyOf(lines);
    warnings = List.copyOf(warnings);
  }

  /// Reads a file and the files it includes.
  ///
  /// @throws EnvironmentException with every problem, each with file, line and column
  public static RequirementsFile read(Path file) {
    return read(file, Settings.system());
  }

  /// The same for a caller with settings of its own.
  ///
  /// @param settings say how files that are named by URL are fetched
  /// @throws EnvironmentException with every problem, each with file, line and column
  public static RequirementsFile read(Path file, Settings settings) {
    return reader(settings).read(file);
  }

  /// Reads a text that includes no files.
  ///
  /// @param source file name or other name of the text
  /// @throws EnvironmentException with every problem, each with source, line and column
  public static RequirementsFile parse(String text, String source) {
    return reader(Settings.system()).parse(text, source);
  }

  /// Reads one line of another kind of file as if it stood in a requirements file there.
  ///
  /// @param file what paths in it are relative to
  /// @param line 1-based line of the file
  /// @param column 1-based column where the text begins
  /// @param settings say how files that are named by URL are fetched
  /// @throws EnvironmentException with every problem, each with source, line and column
  public static RequirementsFile ofLine(
      String text, Path file, int line, int column, Settings settings) {
    return reader(settings).line(text, file, line, column);
  }

  private static RequirementsReader reader(Settings settings) {
    return new RequirementsReader(RequirementsUrl.http(settings));
  }

  /// Whether a line for pip depends on a file or directory beside it.
  public static boolean namesFile(String line) {
    return RequirementsReader.NAMES_FILE.matcher(line).matches();
  }

  /// The lines as the pip section of a conda file holds them, without constraints.
  public List<String> pipLines() {
    return lines.stream()
        .filter(line -> line.kind() != Kind.CONSTRAINT)
        .map(Line::text)
        .distinct()
        .toList();
  }

  /// The constraints.
  public List<String> constraints() {
    return lines.stream()
        .filter(line -> line.kind() == Kind.CONSTRAINT)
        .map(Line::text)
        .distinct()
        .toList();
  }
}
