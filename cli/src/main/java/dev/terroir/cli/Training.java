package dev.terroir.cli;

import dev.terroir.cli.completion.Completions;
import dev.terroir.environment.Environment;
import dev.terroir.environment.SavedDirectory;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// The program that packaging runs: calls the commands that have to start fast, so that the
/// ahead-of-time cache holds their classes, and writes the completions.
///
/// @since 0.1
public final class Training {
  private Training() {}

  /// Takes the directory of the completions.
  public static void main(String[] arguments) {
    var settings = Settings.system();
    var silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    var directory = TerroirHome.of(settings).cache().resolve("environment");
    SavedDirectory.save(Environment.of("training"), directory, true);
    for (var words :
        List.of(
            "--help",
            "environment --help",
            "environment register -d " + directory,
            "environment list",
            "environment list --output table",
            "environment show -n training",
            "environment hash -n training",
            "environment path -n training",
            "environment path -d " + directory,
            "run list",
            "model list",
            "service list",
            "workspace show")) {
      Main.run(words.split(" "), settings, silent, silent);
    }
    Completions.write(Main.groups(), Path.of(arguments[0]));
  }
}
