package dev.terroir.samples;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.process.Command;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A compiled program with its prefix inside.
final class ProgramSample {
  private static final String SOURCE =
      """
      #include <stdio.h>
      /* Read at run time, so that no length is folded into the code. */
      static const char *volatile prefix = "%1$s";
      static const char *volatile greeting = "%1$s/share/%2$s/greeting.txt";
      int main(void) {
        char line[256];
        FILE *file;
        puts(prefix);
        file = fopen(greeting, "r");
        if (file == NULL) {
          perror(greeting);
          return 1;
        }
        while (fgets(line, sizeof line, file) != NULL) {
          fputs(line, stdout);
        }
        return fclose(file);
      }
      """;

  private ProgramSample() {}

  static Optional<Path> compiler() {
    var path = Settings.system().get("PATH").orElse("");
    return Stream.of(path.split(File.pathSeparator))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, "gcc"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  static CondaSample.Builder make(String name, String version) throws IOException {
    var sample =
        CondaSample.of(name, version)
            .text("share/" + name + "/greeting.txt", "hello from " + name + " " + version + "\n");
    var compiler = compiler();
    if (compiler.isEmpty()) {
      return sample.binaryWithPrefix(
          "bin/" + name, 0755, "{prefix}", "{prefix}/share/" + name + "/greeting.txt");
    }
    var folder = Files.createTempDirectory("terroir-program");
    try {
      Files.writeString(
          folder.resolve("program.c"), SOURCE.formatted(CondaSample.PLACEHOLDER, name));
      var result =
          new Command(
                  List.of(
                      compiler.get().toString(),
                      "-O1",
                      "-s",
                      "-Wl,--build-id=none",
                      "-o",
                      "program",
                      "program.c"),
                  Settings.system().variables(),
                  folder,
                  Duration.ofMinutes(2))
              .run();
      if (!result.isSuccess()) {
        throw new IOException("gcc failed: " + result.error());
      }
      var bytes = Files.readAllBytes(folder.resolve("program"));
      return sample.file(
          SampleFile.of("bin/" + name, bytes, 0755).withBinaryPlaceholder(CondaSample.PLACEHOLDER));
    } finally {
      Trees.delete(folder);
    }
  }
}
