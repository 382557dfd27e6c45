package dev.terroir.proof;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.ProcessLock;
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
import java.util.stream.Stream;

/// The distribution of this build, and virtual environments in which people would work with it.
final class Clients {
  private static final Path ROOT = Path.of(System.getProperty("terroir.root"));

  private Clients() {}

  /// The program.
  static Path terroir() {
    var program = ROOT.resolve("cli/target/dist/bin/terroir");
    if (!Files.isExecutable(program)) {
      throw new AssertionError(
          "the distribution is not made: run `mvn package` or `mvn verify` rather than `mvn test`");
    }
    return program;
  }

  /// The wheels that it brings.
  static Path wheels() {
    return ROOT.resolve("cli/target/dist/wheels");
  }

  /// The Python of a virtual environment with the clients and more from the user's own index, made
  /// once for each state of the clients.
  ///
  /// @param name of its folder below `target`
  static Path python(String name, String... more) throws IOException {
    var state = new StringBuilder(String.join(" ", more));
    try (Stream<Path> files = Files.list(wheels())) {
      for (var file : files.sorted().toList()) {
        state.append('\n').append(file.getFileName());
        state.append(' ').append(dev.terroir.foundation.digest.Sha256.of(file));
      }
    }
    var folder = ROOT.resolve("proof/target/" + name).toAbsolutePath();
    var mark = folder.resolve("made-of");
    Files.createDirectories(folder.getParent());
    try (var _ =
        ProcessLock.acquire(folder.resolveSibling(name + ".lock"), Duration.ofMinutes(9))) {
      if (!Files.exists(mark) || !Files.readString(mark).equals(state.toString())) {
        if (!Files.exists(folder.resolve("bin/python"))) {
          run(List.of("python3", "-m", "venv", folder.toString()));
        }
        var pip = new ArrayList<>(List.of(folder.resolve("bin/python").toString(), "-m", "pip"));
        pip.addAll(List.of("install", "--quiet", "--disable-pip-version-check"));
        pip.addAll(List.of("--force-reinstall", "--no-deps", "--no-index"));
        pip.addAll(List.of("--find-links", wheels().toString(), "terroir", "terroir-azureml"));
        run(pip);
        pip = new ArrayList<>(List.of(folder.resolve("bin/python").toString(), "-m", "pip"));
        pip.addAll(List.of("install", "--quiet", "--disable-pip-version-check"));
        pip.addAll(List.of("--find-links", wheels().toString(), "terroir-azureml"));
        pip.addAll(List.of(more));
        run(pip);
        Files.writeString(mark, state.toString());
      }
    }
    return folder.resolve("bin/python");
  }

  private static void run(List<String> command) {
    var result =
        new Command(command, Settings.system().variables(), null, Duration.ofMinutes(9)).run();
    if (!result.isSuccess()) {
      System.err.println("SKIPPED: " + command + "\n" + result.output() + result.error());
    }
    assumeTrue(result.isSuccess(), "Python with venv, and its index");
  }

  /// The variables of somebody who works with this build and with nothing of their own.
  static Map<String, String> variables(Path folder) {
    var variables = new TreeMap<>(Settings.system().variables());
    variables.put("HOME", folder.resolve("people").toString());
    variables.put(Settings.TERROIR_HOME, folder.resolve("home").toString());
    variables.put("TERROIR_COMMAND", terroir().toString());
    variables.put("PATH", terroir().getParent() + ":" + variables.getOrDefault("PATH", ""));
    return variables;
  }
}
