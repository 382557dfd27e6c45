package dev.terroir.image.dockerfile;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The variables of one stage as its instructions go by. For one thread.
///
/// Spec: Dockerfile reference, "Using ARG variables": a variable of ENV wins over an argument of
/// the same name; an argument exists from its ARG on; a default before the first FROM serves an ARG
/// without a default.
final class Scope implements Expansion.Variables {
  /// Arguments that need no ARG.
  private static final Set<String> PREDEFINED =
      Set.of(
          "HTTP_PROXY",
          "http_proxy",
          "HTTPS_PROXY",
          "https_proxy",
          "FTP_PROXY",
          "ftp_proxy",
          "NO_PROXY",
          "no_proxy",
          "ALL_PROXY",
          "all_proxy");

  private final char escape;
  private final Map<String, String> given;
  private final Map<String, String> globals;
  private final Map<String, String> arguments = new TreeMap<>();
  private final Map<String, String> environment = new LinkedHashMap<>();

  /// @param given values from outside
  /// @param globals values that an ARG without a default takes
  Scope(char escape, Map<String, String> given, Map<String, String> globals) {
    this.escape = escape;
    this.given = given;
    this.globals = globals;
  }

  /// A stage that goes on where another ended: its variables of ENV, not its arguments.
  void inherit(Map<String, String> variables) {
    environment.putAll(variables);
  }

  Map<String, String> environment() {
    return environment;
  }

  Map<String, String> arguments() {
    return arguments;
  }

  @Override
  public @Nullable String get(String name) {
    var value = environment.containsKey(name) ? environment.get(name) : arguments.get(name);
    return value == null && PREDEFINED.contains(name) ? given.get(name) : value;
  }

  String word(String text, Step step) {
    try {
      return Expansion.word(text, escape, this);
    } catch (Expansion.Failure failure) {
      throw problem(failure, text, step);
    }
  }

  List<String> words(String text, Step step) {
    try {
      return Expansion.words(text, escape, this);
    } catch (Expansion.Failure failure) {
      throw problem(failure, text, step);
    }
  }

  /// The content of a here-document: variables and escapes are replaced, quotes stay.
  String heredoc(String text, Step step) {
    try {
      return Expansion.content(text, this);
    } catch (Expansion.Failure failure) {
      throw new ImageException(
          Problem.of(ImageCode.DOCKERFILE_SYNTAX, failure.what() + ", in a here-document")
              .at(step.place())
              .hint("put the delimiter into quotes to keep the text as it is"));
    }
  }

  private static ImageException problem(Expansion.Failure failure, String text, Step step) {
    var start = step.excerpt().indexOf(text);
    var column = start < 0 ? 1 : start + failure.offset() + 1;
    return new ImageException(
        Problem.of(ImageCode.DOCKERFILE_SYNTAX, failure.what())
            .at(Place.position(step.source(), step.firstLine(), column, step.excerpt())));
  }

  void apply(Instruction.Arg arg, Step step) {
    for (var argument : arg.arguments()) {
      var name = argument.name();
      var value = given.get(name);
      var byDefault = argument.defaultValue();
      if (value == null && byDefault != null) {
        value = word(byDefault, step);
      } else if (value == null) {
        value = globals.get(name);
      }
      if (value != null) {
        arguments.put(name, value);
      }
    }
  }

  /// All values of one ENV see the variables as they were before it.
  void apply(Instruction.Env env, Step step) {
    environment.putAll(expanded(env.pairs(), step));
  }

  Map<String, String> expanded(List<Instruction.Pair> pairs, Step step) {
    var values = new LinkedHashMap<String, String>();
    for (var pair : pairs) {
      values.put(word(pair.key(), step), word(pair.value(), step));
    }
    return values;
  }

  List<String> each(List<String> texts, Step step) {
    var words = new ArrayList<String>();
    texts.forEach(text -> words.add(word(text, step)));
    return words;
  }
}
