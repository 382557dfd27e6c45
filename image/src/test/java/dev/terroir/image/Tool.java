package dev.terroir.image;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.process.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A real tool of the machine; without it the test is skipped, loudly.
public record Tool(Path program) {
  public static Tool named(String name) {
    Optional<Path> found =
        Stream.of(System.getenv("PATH").split(":"))
            .map(directory -> Path.of(directory, name))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty()) {
      System.err.println("SKIPPED: no program `" + name + "`; install the Debian package");
    }
    assumeTrue(found.isPresent(), name);
    return new Tool(found.get());
  }

  /// Runs it, and fails when it fails.
  public String run(String... arguments) {
    var all = new ArrayList<String>();
    all.add(program.toString());
    all.addAll(List.of(arguments));
    var result = new Command(all, System.getenv(), null, Duration.ofMinutes(2)).run();
    if (!result.isSuccess()) {
      throw new AssertionError(all + ": " + result.error() + result.output());
    }
    return result.output();
  }
}
