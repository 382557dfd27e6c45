package dev.terroir.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Podman with a store of its own; without Podman and runc the test is skipped, loudly.
public final class Podman {
  private static final Path PROGRAM = Path.of("/usr/bin/podman");

  private final Map<String, String> variables;

  /// @param folder where the store and the configuration go
  /// @param driver of the store, such as `vfs`
  public Podman(Path folder, String driver) throws IOException {
    var isThere = Files.isExecutable(PROGRAM) && Files.isExecutable(Path.of("/usr/sbin/runc"));
    if (!isThere) {
      System.err.println("SKIPPED: no podman with runc; install the Debian packages");
    }
    assumeTrue(isThere, "podman and runc");
    variables = new TreeMap<>(Settings.system().variables());
    variables.putAll(OwnStore.variables(folder, driver));
  }

  public Command.Result tries(String... arguments) {
    var line = new ArrayList<>(List.of(PROGRAM.toString()));
    line.addAll(List.of(arguments));
    return new Command(line, variables, null, Duration.ofMinutes(5)).run();
  }

  /// Runs one of its commands.
  ///
  /// @return its output
  public String run(String... arguments) {
    var result = tries(arguments);
    if (!result.isSuccess()) {
      throw new AssertionError(List.of(arguments) + ": " + result.error() + result.output());
    }
    return result.output().strip();
  }

  /// Takes an image into the store.
  ///
  /// @return its identifier
  public String pull(String image) {
    return run("pull", "-q", image);
  }

  /// Runs a program in an image and waits for its end.
  public Command.Result in(String image, String... command) {
    var arguments = new ArrayList<>(List.of("run", "--rm", "--network", "host", image));
    arguments.addAll(List.of(command));
    return tries(arguments.toArray(String[]::new));
  }
}
