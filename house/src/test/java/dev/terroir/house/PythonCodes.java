package dev.terroir.house;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// The codes of errors in Python sources: the first argument where an error is made, or `"code"` of
/// a problem that the client itself writes.
final class PythonCodes {
  private static final Pattern CLASS = Pattern.compile("(?m)^class ([A-Za-z]+)\\(([A-Za-z]+)\\):");
  private static final Pattern LITERAL = Pattern.compile("\\G\\s*(?:code=)?\"([a-z0-9-]+)\"");
  private static final Pattern PROBLEM = Pattern.compile("\"code\": \"([a-z0-9-]+)\"");

  private PythonCodes() {}

  /// All codes below a folder.
  static Set<String> read(Path folder) throws IOException {
    var codes = new TreeSet<String>();
    for (var made : made(folder)) {
      codes.addAll(made.codes());
    }
    for (var file : files(folder)) {
      var problems = PROBLEM.matcher(Files.readString(file));
      while (problems.find()) {
        codes.add(problems.group(1));
      }
    }
    return codes;
  }

  /// Where an error is made whose code cannot be read in the source, as `FILE: CALL`.
  static List<String> withoutLiteral(Path folder) throws IOException {
    return made(folder).stream().filter(made -> made.codes().isEmpty()).map(Made::where).toList();
  }

  private record Made(String where, List<String> codes) {}

  private static List<Made> made(Path folder) throws IOException {
    var found = new ArrayList<Made>();
    var calls = Pattern.compile("(?<!class )\\b(?:" + String.join("|", errors(folder)) + ")\\(");
    for (var file : files(folder)) {
      var text = Files.readString(file);
      var call = calls.matcher(text);
      while (call.find()) {
        var literal = LITERAL.matcher(text);
        found.add(
            new Made(
                folder.relativize(file) + ": " + call.group(),
                literal.find(call.end()) ? List.of(literal.group(1)) : List.of()));
      }
    }
    return found;
  }

  /// The classes of errors: `TerroirError` and what is one.
  private static Set<String> errors(Path folder) throws IOException {
    var errors = new LinkedHashSet<>(Set.of("TerroirError"));
    var text = files(folder).stream().map(PythonCodes::text).collect(Collectors.joining("\n"));
    for (var before = 0; before != errors.size(); ) {
      before = errors.size();
      var classes = CLASS.matcher(text);
      while (classes.find()) {
        if (errors.contains(classes.group(2))) {
          errors.add(classes.group(1));
        }
      }
    }
    return errors;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var walk = Files.walk(folder)) {
      return walk.filter(file -> file.toString().endsWith(".py")).sorted().toList();
    }
  }
}
