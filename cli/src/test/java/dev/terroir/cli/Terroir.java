package dev.terroir.cli;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.resolve.conda.Rattler;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.resolve.tool.UvProgram;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/// The `terroir` command over a home of its own and a folder of wheels instead of an index.
final class Terroir {
  /// Groups that are one command.
  private static final List<String> UNNAMED = List.of("doctor", "serve", "login");

  final Path home;
  final Path project;
  final Settings settings;
  private String classPath = System.getProperty("java.class.path");

  Terroir(Path folder) {
    this(folder, List.of());
  }

  /// @param more variables of the process environment, `NAME=value`
  Terroir(Path folder, List<String> more) {
    try {
      home = folder.resolve("home");
      project = Files.createDirectories(folder.resolve("project"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var variables = new TreeMap<>(Settings.system().variables());
    variables.keySet().removeIf(name -> name.startsWith("PIP_") || name.startsWith("UV_"));
    variables.put("PIP_CONFIG_FILE", "/dev/null");
    variables.put(Settings.TERROIR_HOME, home.toString());
    variables.put(Settings.TERROIR_UV, uv().toString());
    variables.put("PIP_FIND_LINKS", WheelHouse.make(folder.resolve("wheels")).toString());
    variables.put("PIP_NO_INDEX", "1");
    variables.put("UV_CACHE_DIR", folder.resolve("uv-cache").toString());
    variables.put("UV_PYTHON_DOWNLOADS", "never");
    for (var word : more) {
      variables.put(word.split("=", 2)[0], word.split("=", 2)[1]);
    }
    settings = Settings.of(variables);
  }

  /// The pinned uv, fetched once for all tests.
  static Path uv() {
    var tools = Path.of(System.getProperty("terroir.root"), "cli", "target", "test-tools");
    var system = Settings.system().with(Settings.TERROIR_HOME, tools.toString());
    return UvProgram.find(system, TerroirHome.of(system), Progress.SILENT);
  }

  /// A Python with rattler, made once for all tests.
  static Path rattler() {
    var tools = Path.of(System.getProperty("terroir.root"), "cli", "target", "test-tools");
    var system = Settings.system().with(Settings.TERROIR_HOME, tools.toString());
    var uv = Uv.open(system, TerroirHome.of(system), Progress.SILENT);
    return Rattler.open(uv, system.variables(), Progress.SILENT).python();
  }

  /// The `major.minor` of the Python on PATH.
  static String python() {
    return new Command(
            List.of("python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"),
            Settings.system().variables(),
            null,
            Duration.ofSeconds(30))
        .run()
        .output()
        .strip();
  }

  /// What a command left.
  record Outcome(int code, String out, String err) {
    JsonObject json() {
      return JsonReader.parseObject(out, "output");
    }

    Outcome succeeds() {
      if (code != 0) {
        throw new AssertionError("exit code " + code + "\n" + out + err);
      }
      return this;
    }
  }

  /// Runs a command in this process; words are split at spaces.
  Outcome run(String words, String... more) {
    var arguments = new ArrayList<>(List.of(words.split(" ")));
    arguments.addAll(List.of(more));
    var at = Math.min(arguments.size(), UNNAMED.contains(arguments.getFirst()) ? 1 : 2);
    arguments.addAll(at, List.of("--path", project.toString()));
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var code =
        Main.run(
            arguments.toArray(String[]::new),
            settings,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /// Starts a command as a process of its own.
  Process start(String words) {
    return start(words, ProcessBuilder.Redirect.DISCARD);
  }

  /// Starts a command whose output and talk can be read; there must be little of them.
  Process startHeard(String words) {
    return start(words, ProcessBuilder.Redirect.PIPE);
  }

  /// Starts a command whose output and talk go into a file.
  Process startInto(String words, Path log) {
    return start(words, ProcessBuilder.Redirect.to(log.toFile()));
  }

  private Process start(String words, ProcessBuilder.Redirect output) {
    var builder = builder(List.of(), words);
    builder.redirectErrorStream(true).redirectOutput(output);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Copies what the processes of this command are made of, for a user who may not read it where it
  /// lies.
  void copyClassPath(Path folder) {
    var copies = new ArrayList<String>();
    try {
      Files.createDirectories(folder);
      for (var element : classPath.split(":")) {
        var from = Path.of(element);
        var copy = folder.resolve(String.valueOf(copies.size()));
        if (Files.isDirectory(from)) {
          try (var files = Files.walk(from)) {
            for (var file : (Iterable<Path>) files::iterator) {
              Files.copy(file, copy.resolve(from.relativize(file).toString()));
            }
          }
        } else if (Files.exists(from)) {
          Files.copy(from, copy);
        }
        copies.add(copy.toString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    classPath = String.join(":", copies);
  }

  /// Runs a command as a process of its own to its end.
  ///
  /// @param before what it is started by, such as `setpriv` with its options
  Outcome process(List<String> before, String words) {
    return process(builder(before, words));
  }

  /// Runs another program, such as `script`, in the project with this Terroir's variables.
  Outcome process(List<String> program, List<String> arguments) {
    var command = new ArrayList<>(program);
    command.addAll(arguments);
    return process(prepared(command));
  }

  /// A command as a line for a shell.
  String commandLine(String words) {
    return String.join(" ", builder(List.of(), words.strip()).command());
  }

  private static Outcome process(ProcessBuilder builder) {
    try {
      var out = Files.createTempFile("terroir", ".out");
      var err = Files.createTempFile("terroir", ".err");
      try {
        var process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        var code = process.waitFor();
        return new Outcome(code, Files.readString(out), Files.readString(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private ProcessBuilder builder(List<String> before, String words) {
    var command = new ArrayList<>(before);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath,
            "dev.terroir.cli.Main"));
    command.addAll(List.of(words.split(" ")));
    return prepared(command);
  }

  private ProcessBuilder prepared(List<String> command) {
    var builder = new ProcessBuilder(command).directory(project.toFile());
    builder.environment().clear();
    builder.environment().putAll(settings.variables());
    return builder;
  }

  /// Writes a file of the project.
  Path write(String name, String text) {
    try {
      var file = project.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Makes, in the project's `environment`, an environment of given requirements.
  void environment(String name, String... requirements) {
    environment(name, python(), requirements);
  }

  /// The same for the Python of the Debian base.
  ///
  /// @param docker gives the definition's section `docker` for the one that is there
  void environmentOnDebian(String name, UnaryOperator<JsonObject> docker, String... requirements)
      throws IOException {
    environment(name, DebianBase.python(), requirements);
    var file = project.resolve("environment/azureml_environment.json");
    var json = JsonReader.readObject(file);
    var section = docker.apply(json.object("docker"));
    Files.writeString(file, JsonWriter.compact(json.toBuilder().put("docker", section).build()));
  }

  private void environment(String name, String python, String... requirements) {
    write("requirements.txt", String.join("\n", requirements) + "\n");
    run("environment create -n "
            + name
            + " -f "
            + project.resolve("requirements.txt")
            + " -d "
            + project.resolve("environment")
            + " --overwrite --python "
            + python)
        .succeeds();
  }

  /// The directory of [#environment].
  String directory() {
    return project.resolve("environment").toString();
  }
}
