package dev.terroir.environment.requirement;

import dev.terroir.environment.distribution.DistributionName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.tomlj.Toml;

/// What a Python project's directory says about itself without being built.
final class SourceDirectory {
  private static final Pattern SECTION = Pattern.compile("\\s*\\[(.*)]\\s*");
  private static final Pattern NAME = Pattern.compile("name\\s*[=:]\\s*(\\S+)\\s*");

  private SourceDirectory() {}

  /// The project's name, of `pyproject.toml` or `setup.cfg`; empty when only its build knows it.
  static Optional<String> name(Path directory) {
    var toml = Toml.parse(text(directory.resolve("pyproject.toml")));
    for (var key : List.of(List.of("project", "name"), List.of("tool", "poetry", "name"))) {
      if (toml.get(key) instanceof String name && DistributionName.isValid(name)) {
        return Optional.of(name);
      }
    }
    var inMetadata = false;
    for (var line : text(directory.resolve("setup.cfg")).lines().toList()) {
      var section = SECTION.matcher(line);
      var name = NAME.matcher(line);
      if (section.matches()) {
        inMetadata = section.group(1).equals("metadata");
      } else if (inMetadata && name.matches() && DistributionName.isValid(name.group(1))) {
        return Optional.of(name.group(1));
      }
    }
    return Optional.empty();
  }

  private static String text(Path file) {
    try {
      return Files.isRegularFile(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      // Not UTF-8, or not to be read: its build will say so.
      return "";
    }
  }
}
