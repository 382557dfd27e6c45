package dev.terroir.environment.requirement;

import dev.terroir.foundation.problem.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// A line as pip sees it: continuations joined, the comment gone, never empty. Immutable.
///
/// A comment line ends a continuation, and a backslash joins without a space.
///
/// Spec: pip, "Requirements File Format", "Comments" and "Line continuations".
///
/// @param number 1-based line where it begins
/// @param text without comment and surrounding space
/// @param start offset of `text` in what the pieces make together
/// @param pieces of the lines in the file
record LogicalLine(int number, String text, int start, List<Piece> pieces) {
  private static final Pattern COMMENT = Pattern.compile("(^|\\s+)#.*$", Pattern.DOTALL);
  private static final Pattern COMMENT_LINE = Pattern.compile("\\s*#.*", Pattern.DOTALL);
  private static final Pattern LINE_END =
      Pattern.compile("\\r\\n|[\\n\\r\\x0b\\x0c\\x1c-\\x1e\\x85\\u2028\\u2029]");
  private static final Pattern BACKSLASHES = Pattern.compile("\\\\+$");

  /// What one line of the file gives.
  ///
  /// @param number 1-based line
  /// @param offset where it begins in what the pieces make together
  record Piece(int number, int offset) {}

  LogicalLine {
    pieces = List.copyOf(pieces);
  }

  /// The lines of a file's text.
  static List<LogicalLine> split(String text) {
    var lines = new ArrayList<LogicalLine>();
    var joined = new StringBuilder();
    var pieces = new ArrayList<Piece>();
    var physical = LINE_END.split(text.startsWith("\ufeff") ? text.substring(1) : text, -1);
    for (int i = 0; i < physical.length; i++) {
      var line = physical[i];
      pieces.add(new Piece(i + 1, joined.length()));
      var comment = COMMENT_LINE.matcher(line).matches();
      if (line.endsWith("\\") && !comment && i + 1 < physical.length) {
        joined.append(BACKSLASHES.matcher(line).replaceFirst(""));
        continue;
      }
      joined.append(comment ? " " : "").append(BACKSLASHES.matcher(line).replaceFirst(""));
      var whole = COMMENT.matcher(joined).replaceFirst("").stripTrailing();
      var content = whole.strip();
      if (!content.isEmpty()) {
        lines.add(
            new LogicalLine(
                pieces.getFirst().number(), content, whole.length() - content.length(), pieces));
      }
      joined.setLength(0);
      pieces.clear();
    }
    return lines;
  }

  /// Where a character of the text stands in the file.
  ///
  /// @param offset 0-based, up to the length of the text
  Place place(String source, int offset) {
    var at = start + offset;
    var piece = pieces.getFirst();
    var end = start + text.length();
    for (var next : pieces) {
      if (next.offset() <= at && next.offset() < start + text.length()) {
        piece = next;
        end = start + text.length();
      } else {
        end = Math.min(end, next.offset());
        break;
      }
    }
    var from = Math.max(0, piece.offset() - start);
    var indent = Math.max(0, start - piece.offset());
    var excerpt = " ".repeat(indent) + text.substring(from, Math.max(from, end - start));
    return Place.position(source, piece.number(), at - piece.offset() + 1, excerpt);
  }

  /// Where it begins.
  Place place(String source) {
    return place(source, 0);
  }
}
