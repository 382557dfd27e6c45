package dev.terroir.image.dockerfile;

/// A here-document: lines of the Dockerfile that are the content of a file or the input of a
/// command. Immutable.
///
/// Spec: Dockerfile reference, "Here-Documents".
///
/// @param marker as it stands on the instruction's line, such as `<<-"EOF"`
/// @param name the delimiter without quotes; also the name of the file that it becomes
/// @param isExpanded whether variables are replaced: true unless the delimiter is quoted
/// @param isIndented whether leading tabs are taken away (`<<-`)
/// @param text the lines as they stand in the Dockerfile, each with its line break
/// @since 0.1
public record Heredoc(
    String marker, String name, boolean isExpanded, boolean isIndented, String text) {

  /// The content: the text, without the leading tabs of its lines if it is indented.
  public String content() {
    if (!isIndented) {
      return text;
    }
    var content = new StringBuilder();
    var atLineStart = true;
    for (var c : text.toCharArray()) {
      if (!(atLineStart && c == '\t')) {
        content.append(c);
        atLineStart = c == '\n';
      }
    }
    return content.toString();
  }

  static String withoutTabs(String line) {
    var start = 0;
    while (start < line.length() && line.charAt(start) == '\t') {
      start++;
    }
    return line.substring(start);
  }
}
