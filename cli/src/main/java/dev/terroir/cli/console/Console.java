package dev.terroir.cli.console;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Code;
import dev.terroir.foundation.problem.TerroirException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Standard output for results, standard error for everything else. Thread-safe.
///
/// @since 0.1
public final class Console {
  /// How results are written.
  public enum Format {
    /// Indented JSON.
    JSON,
    /// Columns for people.
    TABLE
  }

  private final PrintStream out;
  private final PrintStream err;
  private final Format format;
  private final boolean isExplicit;

  /// @param isExplicit whether the format was asked for, so that nothing else may be on standard
  ///   output
  public Console(PrintStream out, PrintStream err, Format format, boolean isExplicit) {
    this.out = out;
    this.err = err;
    this.format = format;
    this.isExplicit = isExplicit;
  }

  /// Whether only JSON may be on standard output.
  public boolean isJsonOnly() {
    return isExplicit && format == Format.JSON;
  }

  /// Whether results are written as columns for people.
  public boolean isTable() {
    return format == Format.TABLE;
  }

  /// Prints a result.
  public void result(JsonValue value, String... columns) {
    if (format == Format.JSON) {
      plain(JsonWriter.indented(value, 2));
      return;
    }
    switch (value) {
      case JsonValue.JsonArray(var elements) -> table(elements, columns);
      case JsonObject object -> table(List.of(object), columns);
      case JsonValue.JsonString _,
          JsonValue.JsonNumber _,
          JsonValue.JsonBoolean _,
          JsonValue.JsonNull _ ->
          out.println(text(value));
    }
  }

  private void table(List<JsonValue> elements, String... columns) {
    var rows = new ArrayList<List<String>>();
    for (var element : elements) {
      if (element instanceof JsonObject object) {
        var row = new ArrayList<String>();
        for (var column : columns) {
          row.add(object.get(column).map(Console::text).orElse(""));
        }
        rows.add(row);
      }
    }
    var widths = new int[columns.length];
    var header = new ArrayList<String>();
    for (int i = 0; i < columns.length; i++) {
      header.add(title(columns[i]));
      widths[i] = header.get(i).length();
      for (var row : rows) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    line(header, widths);
    var rule = new ArrayList<String>();
    for (var width : widths) {
      rule.add("-".repeat(width));
    }
    line(rule, widths);
    rows.forEach(row -> line(row, widths));
  }

  private void line(List<String> cells, int[] widths) {
    var text = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      text.append(cells.get(i)).repeat(' ', widths[i] - cells.get(i).length() + 2);
    }
    out.println(text.toString().stripTrailing());
  }

  private static String title(String name) {
    return Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }

  private static String text(JsonValue value) {
    return switch (value) {
      case JsonValue.JsonString(var text) -> text;
      case JsonValue.JsonNull _ -> "";
      case JsonValue.JsonNumber(var text) -> text;
      case JsonValue.JsonBoolean(var flag) -> Boolean.toString(flag);
      case JsonValue.JsonArray _, JsonObject _ -> JsonWriter.compact(value);
    };
  }

  /// Prints a line that is the result itself, such as a hash or a path.
  public void plain(String line) {
    // Bytes, because the stream's own encoding of a long text takes 4 ms at a start.
    var bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    out.write(bytes, 0, bytes.length);
    out.flush();
  }

  /// Prints a text that is the result itself, without adding a line break.
  public void text(String text) {
    out.print(text);
    out.flush();
  }

  /// Prints a line for a person; beside the result when only JSON may be on standard output.
  public void say(String line) {
    (isJsonOnly() ? err : out).println(line);
  }

  /// Prints a line on standard error.
  public void note(String line) {
    err.println(line);
  }

  /// Prints every problem of a failure.
  ///
  /// @param trace whether to add the stack trace
  /// @return the exit code
  public int problems(TerroirException failure, boolean trace) {
    for (var problem : failure.problems()) {
      err.println(problem.render());
    }
    if (trace || failure.problem().code().kind() == Code.Kind.BUG) {
      failure.printStackTrace(err);
    }
    return failure.problem().code().kind().exitCode();
  }
}
