package dev.terroir.environment.conda;

import dev.terroir.environment.yaml.Yaml;
import dev.terroir.environment.yaml.YamlNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Edits the lines of a block list in a YAML text and leaves every other character as it is.
///
/// Every method answers nothing when the text has a shape that cannot be edited so (flow lists,
/// scalars over several lines); the caller then writes the document anew.
final class CondaText {
  private CondaText() {}

  static Optional<String> append(String text, CondaReader.Block block, String value) {
    var node = block.node();
    if (node.isFlow() || node.items().isEmpty()) {
      return Optional.empty();
    }
    var lines = lines(text);
    var first = node.items().getFirst().mark();
    if (first.line() > lines.size() || lastLine(node) > lines.size()) {
      return Optional.empty();
    }
    var dash = lines.get(first.line() - 1).lastIndexOf('-', first.column() - 2);
    if (dash < 0) {
      return Optional.empty();
    }
    var prefix = lines.get(first.line() - 1).substring(0, first.column() - 1);
    var blankPrefix = prefix.substring(0, dash).isBlank() ? prefix : " ".repeat(dash) + "- ";
    lines.add(lastLine(node), blankPrefix + Yaml.scalar(value));
    return Optional.of(joined(lines, text));
  }

  static Optional<String> replace(String text, YamlNode.Mark mark, String value) {
    var lines = lines(text);
    if (mark.line() > lines.size()) {
      return Optional.empty();
    }
    var line = lines.get(mark.line() - 1);
    if (mark.endLine() != mark.line() || mark.endColumn() <= mark.column()) {
      return Optional.empty();
    }
    lines.set(
        mark.line() - 1,
        line.substring(0, mark.column() - 1)
            + Yaml.scalar(value)
            + line.substring(Math.min(line.length(), mark.endColumn() - 1)));
    return Optional.of(joined(lines, text));
  }

  /// Several values in the place of one, each an item of its own; what stands behind it stays
  /// behind the first.
  static Optional<String> replace(String text, YamlNode.Mark mark, List<String> values) {
    var lines = lines(text);
    if (mark.line() > lines.size()
        || values.isEmpty()
        || !lines.get(mark.line() - 1).substring(0, mark.column() - 1).strip().equals("-")) {
      return Optional.empty();
    }
    var before = lines.get(mark.line() - 1).substring(0, mark.column() - 1);
    var more = values.subList(1, values.size()).stream().map(value -> before + Yaml.scalar(value));
    var inserted = more.toList();
    return replace(text, mark, values.getFirst())
        .map(replaced -> {
          var after = lines(replaced);
          after.addAll(mark.line(), inserted);
          return joined(after, text);
        });
  }

  static Optional<String> remove(String text, CondaReader.Block block, YamlNode.Mark mark) {
    var lines = lines(text);
    if (mark.line() > lines.size()) {
      return Optional.empty();
    }
    var before = lines.get(mark.line() - 1).substring(0, mark.column() - 1);
    if (block.node().isFlow()
        || block.node().items().size() < 2
        || mark.endLine() != mark.line()
        || !before.strip().equals("-")) {
      return Optional.empty();
    }
    lines.remove(mark.line() - 1);
    return Optional.of(joined(lines, text));
  }

  /// The comment lines a text begins with, each with its line break.
  static String header(String text) {
    var header = new StringBuilder();
    for (var line : lines(text)) {
      if (!line.startsWith("#") && !line.isBlank()) {
        break;
      }
      header.append(line).append('\n');
    }
    return header.toString();
  }

  private static int lastLine(YamlNode node) {
    return switch (node) {
      case YamlNode.Scalar scalar -> scalar.mark().endLine();
      case YamlNode.Sequence sequence ->
          sequence.isFlow() || sequence.items().isEmpty()
              ? sequence.mark().endLine()
              : lastLine(sequence.items().getLast());
      case YamlNode.Mapping mapping ->
          mapping.isFlow() || mapping.entries().isEmpty()
              ? mapping.mark().endLine()
              : lastLine(mapping.entries().getLast().value());
    };
  }

  private static List<String> lines(String text) {
    var lines = new ArrayList<>(Arrays.asList(text.split("\r?\n", -1)));
    if (lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    return lines;
  }

  private static String joined(List<String> lines, String like) {
    var end = like.contains("\r\n") ? "\r\n" : "\n";
    return String.join(end, lines) + end;
  }
}
