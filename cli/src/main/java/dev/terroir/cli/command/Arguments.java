package dev.terroir.cli.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/// What a command was called with. Immutable.
///
/// @since 0.1
public final class Arguments {
  private final ParseResult parsed;

  /// @param parsed of the command itself
  public Arguments(ParseResult parsed) {
    this.parsed = parsed;
  }

  /// The value of an option.
  public Optional<String> optional(String name) {
    return Optional.ofNullable(parsed.matchedOptionValue(name, (String) null));
  }

  /// The value of an option, or null.
  public @Nullable String orNull(String name) {
    return optional(name).orElse(null);
  }

  /// The value of an option that must be given.
  public String get(String name) {
    return optional(name).orElseThrow();
  }

  /// The value of an option as a path.
  public Optional<Path> path(String name) {
    return optional(name).map(Path::of);
  }

  /// All values of an option.
  public List<String> all(String name) {
    List<String> values = parsed.matchedOptionValue(name, List.of());
    return List.copyOf(values);
  }

  /// Whether a switch was given.
  public boolean has(String name) {
    return parsed.hasMatchedOption(name);
  }

  /// What was given by place.
  public List<String> positionals() {
    List<String> values = parsed.matchedPositionalValue(0, List.of());
    return List.copyOf(values);
  }
}
