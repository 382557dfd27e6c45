package dev.terroir.environment.yaml;

import dev.terroir.foundation.problem.Place;
import java.util.List;

/// A node of a YAML document with its position. Immutable.
///
/// @since 0.1
public sealed interface YamlNode {
  /// Where it begins.
  Mark mark();

  /// A position in a text.
  ///
  /// @param source file name or other name of the text
  /// @param line 1-based
  /// @param column 1-based
  /// @param endLine 1-based line of its last character
  /// @param endColumn 1-based column after its last character, or 1 when it ends with its line
  record Mark(String source, int line, int column, int endLine, int endColumn) {
    /// For problems.
    public Place place() {
      return Place.position(source, line, column);
    }
  }

  /// A scalar.
  ///
  /// @param text its value as text
  /// @param isPlain whether it was written without quotes, so that it may mean a number, a boolean
  ///   or null
  record Scalar(String text, boolean isPlain, Mark mark) implements YamlNode {
    /// Whether it stands for nothing.
    public boolean isNull() {
      return isPlain && (text.isEmpty() || text.equals("~") || text.equalsIgnoreCase("null"));
    }
  }

  /// A sequence.
  record Sequence(List<YamlNode> items, boolean isFlow, Mark mark) implements YamlNode {
    /// Copies the list.
    public Sequence {
      items = List.copyOf(items);
    }
  }

  /// A mapping, its entries in the order written; a key that occurs twice is there twice.
  record Mapping(List<Entry> entries, boolean isFlow, Mark mark) implements YamlNode {
    /// Copies the list.
    public Mapping {
      entries = List.copyOf(entries);
    }
  }

  /// One entry of a mapping.
  record Entry(String key, Mark keyMark, YamlNode value) {}
}
