package dev.terroir.cli.command;

import java.util.List;

/// A command. Immutable.
///
/// @param name its last word
/// @param summary one line of help
/// @param example a line that works
/// @param options what it takes by name
/// @param positional label of what it takes by place, empty for nothing
/// @param action what it does
/// @since 0.1
public record Leaf(
    String name,
    String summary,
    String example,
    List<Option> options,
    String positional,
    Action action) {

  /// What a command does.
  public interface Action {
    /// @return the exit code
    int run(Arguments arguments, Context context);
  }

  /// An option.
  ///
  /// @param names such as `-n`, `--name`
  /// @param label of its value, empty for a flag
  /// @param summary one line of help
  /// @param isRequired whether it must be given
  /// @param isRepeated whether it may be given several times
  public record Option(
      List<String> names, String label, String summary, boolean isRequired, boolean isRepeated) {
    /// A value that may be left out.
    public static Option value(String names, String label, String summary) {
      return new Option(List.of(names.split(" ")), label, summary, false, false);
    }

    /// A value that must be given.
    public static Option required(String names, String label, String summary) {
      return new Option(List.of(names.split(" ")), label, summary, true, false);
    }

    /// A value that may be given several times.
    public static Option repeated(String names, String label, String summary) {
      return new Option(List.of(names.split(" ")), label, summary, false, true);
    }

    /// A switch.
    public static Option flag(String names, String summary) {
      return new Option(List.of(names.split(" ")), "", summary, false, false);
    }
  }

  /// Copies the list.
  public Leaf {
    options = List.copyOf(options);
  }
}
