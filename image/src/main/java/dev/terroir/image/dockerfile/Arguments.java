package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.image.dockerfile.Instruction.CommandForm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads what stands behind an instruction in one of two forms: a JSON array, or text.
///
/// Spec: Dockerfile reference, "Shell and exec form".
final class Arguments {
  private Arguments() {}

  /// A JSON array of strings, or a line for the shell when it is none.
  static CommandForm command(String rest, int start) throws Mistake {
    var strings = jsonStrings(rest, start);
    return strings.isPresent()
        ? new CommandForm.Exec(strings.get())
        : new CommandForm.ShellLine(rest);
  }

  /// The strings of a JSON array, or nothing when it is none.
  static Optional<List<String>> jsonStrings(String rest, int start) throws Mistake {
    if (!rest.startsWith("[")) {
      return Optional.empty();
    }
    JsonValue value;
    try {
      value = JsonReader.parse(rest, "array");
    } catch (FoundationException e) {
      // The reference: what is no JSON is a line for the shell.
      return Optional.empty();
    }
    var strings = new ArrayList<String>();
    if (value instanceof JsonValue.JsonArray(var elements)) {
      for (var element : elements) {
        if (element instanceof JsonValue.JsonString(var string)) {
          strings.add(string);
        } else {
          throw new Mistake(
              start,
              "the JSON array holds `" + element + "`, which is no string",
              "put every argument into double quotes");
        }
      }
    }
    return Optional.of(strings);
  }
}
