package dev.terroir.image.layer;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.terroir.environment.distribution.WheelFileName;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.archive.fetch.Archive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Wheels of real projects, fetched once with this machine's pip, and the tools that other builders
/// use. Without them a test is skipped, loudly.
public final class RealWheels {
  /// The Python that everything is fetched for.
  public static final String PYTHON_VERSION = "3.12";

  private static final Path FOLDER = Path.of("target", "real-wheels").toAbsolutePath();

  /// Pure and binary ones, with scripts, with data, with many members.
  private static final List<String> PROJECTS =
      List.of(
          "numpy",
          "flask",
          "click",
          "pip",
          "setuptools",
          "jinja2",
          "jupyterlab-widgets",
          "notebook",
          "pandas",
          "ruff");

  private RealWheels() {}

  /// The files.
  public static List<Path> files() {
    return fetched(FOLDER, PROJECTS);
  }

  /// The wheels of the large set of `bench`, 142 projects.
  static List<Path> large() {
    var requirements = Path.of("..", "bench", "sets", "large", "requirements-pinned.txt");
    return fetched(
        FOLDER.resolveSibling("real-wheels-large"),
        List.of("-r", requirements.toAbsolutePath().normalize().toString()));
  }

  private static synchronized List<Path> fetched(Path folder, List<String> what) {
    var done = folder.resolve("done");
    try {
      if (!Files.exists(done)) {
        Files.createDirectories(folder);
        var command = new ArrayList<String>(List.of("python3", "-m", "pip", "download", "-q"));
        command.addAll(List.of("--no-deps", "--only-binary", ":all:", "-d", folder.toString()));
        command.addAll(List.of("--python-version", PYTHON_VERSION));
        for (var platform : List.of("manylinux_2_28_x86_64", "manylinux2014_x86_64", "any")) {
          command.addAll(List.of("--platform", platform));
        }
        command.addAll(what);
        var result = new Command(command, System.getenv(), null, Duration.ofMinutes(5)).run();
        if (!result.isSuccess()) {
          throw skipped("pip cannot fetch wheels here: " + result.error().strip());
        }
        Files.writeString(done, "");
      }
      try (var files = Files.list(folder)) {
        return files.filter(file -> file.toString().endsWith(".whl")).sorted().toList();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// A wheel as a package of a layer.
  public static LayerPackage packageOf(Path wheel, boolean isRequested) {
    var name = WheelFileName.parse(String.valueOf(wheel.getFileName())).orElseThrow();
    try {
      return new LayerPackage(
          name.name(), name.version(), Sha256.of(wheel), null, isRequested, () -> archive(wheel));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// A file as the store of archives hands it out.
  public static Archive archive(Path wheel) {
    try {
      return new Archive(
          wheel, String.valueOf(wheel.getFileName()), Sha256.of(wheel), Files.size(wheel));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// An interpreter of [#PYTHON_VERSION].
  public static Path python() {
    return python(PYTHON_VERSION)
        .orElseThrow(() -> skipped("no CPython " + PYTHON_VERSION + " is on this machine"));
  }

  /// Interpreters of a version, wherever this machine has one: on PATH or beside others of pyenv.
  public static Optional<Path> python(String version) {
    return pythons().stream()
        .filter(python -> python.toString().endsWith("/python" + version))
        .findFirst();
  }

  /// All interpreters found.
  public static List<Path> pythons() {
    var found = new ArrayList<Path>();
    var folders = new ArrayList<Path>();
    for (var folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (!folder.isEmpty() && !folder.endsWith("/shims")) {
        folders.add(Path.of(folder));
      }
    }
    var versions = Path.of(System.getProperty("user.home"), ".pyenv", "versions");
    try {
      if (Files.isDirectory(versions)) {
        try (var all = Files.list(versions)) {
          all.sorted().forEach(version -> folders.add(version.resolve("bin")));
        }
      }
      for (var folder : folders) {
        for (int minor = 8; minor < 20; minor++) {
          var python = folder.resolve("python3." + minor);
          if (Files.isExecutable(python)) {
            found.add(python);
          }
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return found;
  }

  /// A program on PATH, or in the environment that tests make for it.
  public static Path program(String name) {
    for (var folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      var program = Path.of(folder.isEmpty() ? "." : folder, name);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    throw skipped("`" + name + "` is not on PATH");
  }

  /// uv, from PATH or from the index.
  public static synchronized Path uv() {
    var fetched = FOLDER.resolve("uv-environment").resolve("bin").resolve("uv");
    if (Files.isExecutable(fetched)) {
      return fetched;
    }
    for (var folder : System.getenv().getOrDefault("PATH", "").split(":")) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, "uv"))) {
        return Path.of(folder, "uv");
      }
    }
    var environment = FOLDER.resolve("uv-environment").toString();
    run("python3", "-m", "venv", environment);
    run(environment + "/bin/pip", "install", "-q", "uv");
    return fetched;
  }

  private static void run(String... arguments) {
    var result =
        new Command(List.of(arguments), System.getenv(), null, Duration.ofMinutes(5)).run();
    if (!result.isSuccess()) {
      throw skipped(String.join(" ", arguments) + ": " + result.error().strip());
    }
  }

  /// Runs a tool that must succeed.
  static String tool(Path directory, String... arguments) {
    var result =
        new Command(
                List.of(arguments),
                Map.of("PATH", System.getenv("PATH"), "HOME", System.getProperty("user.home")),
                directory,
                Duration.ofMinutes(5))
            .run();
    if (!result.isSuccess()) {
      throw new AssertionError(String.join(" ", arguments) + ": " + result.error());
    }
    return result.output();
  }

  private static RuntimeException skipped(String why) {
    System.err.println("SKIPPED: " + why);
    abort(why);
    return new IllegalStateException(why);
  }
}
