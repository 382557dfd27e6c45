package dev.terroir.image.engine;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A container engine on this machine. Immutable and thread-safe.
///
/// @since 0.1
public final class Engine {
  private static final Duration ANSWER = Duration.ofSeconds(30);
  private static final Duration TRANSFER = Duration.ofHours(2);
  private static final Pattern LOOPBACK =
      Pattern.compile("(localhost|127\\.[0-9.]+|\\[::1\\]):[0-9]{1,5}/.*");
  private static final Pattern IMAGE = Pattern.compile("[a-zA-Z0-9\\[][a-zA-Z0-9._/:@\\[\\]-]*");

  /// The engines that Terroir knows.
  public enum Kind {
    /// Podman, without a daemon.
    PODMAN,
    /// Docker, through its daemon.
    DOCKER,
    /// buildah, which builds images and runs none.
    BUILDAH;

    /// The program's name.
    public String program() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Kind kind;
  private final Path program;
  private final Settings settings;

  private Engine(Kind kind, Path program, Settings settings) {
    this.kind = kind;
    this.program = program;
    this.settings = settings;
  }

  /// The engine to build Dockerfiles with.
  ///
  /// @throws ImageException code `no-engine`, if none is there
  public static Engine forBuilds(Settings settings) {
    return find(settings, List.of(Kind.PODMAN, Kind.DOCKER, Kind.BUILDAH));
  }

  /// The engine to run containers with.
  ///
  /// @throws ImageException code `no-engine`, if none is there
  public static Engine forRuns(Settings settings) {
    return find(settings, List.of(Kind.PODMAN, Kind.DOCKER));
  }

  /// The engine of one kind, if it is on PATH and answers.
  public static Optional<Engine> of(Kind kind, Settings settings) {
    return onPath(kind.program(), settings)
        .map(program -> new Engine(kind, program, settings))
        .filter(Engine::answers);
  }

  private static Engine find(Settings settings, List<Kind> kinds) {
    var names = kinds.stream().map(Kind::program).toList();
    var wanted = settings.get(Settings.TERROIR_ENGINE);
    if (wanted.isPresent()) {
      return named(wanted.get(), kinds, settings);
    }
    var problem = Problem.of(ImageCode.NO_ENGINE, "no container engine was found");
    for (var kind : kinds) {
      var program = onPath(kind.program(), settings);
      if (program.isEmpty()) {
        problem = problem.because("`" + kind.program() + "` is not on PATH");
        continue;
      }
      var engine = new Engine(kind, program.get(), settings);
      if (engine.answers()) {
        return engine;
      }
      problem = problem.because("`" + program.get() + "` does not answer: is its daemon running?");
    }
    throw new ImageException(
        problem.hint(
            "install one of "
                + String.join(", ", names)
                + " (for example `apt-get install podman`), or name one by TERROIR_ENGINE"));
  }

  private static Engine named(String wanted, List<Kind> kinds, Settings settings) {
    var name = String.valueOf(Path.of(wanted).getFileName());
    var kind = kinds.stream().filter(one -> name.startsWith(one.program())).findFirst();
    if (kind.isEmpty()) {
      throw new FoundationException(
          Problem.of(
                  FoundationCode.BAD_SETTING,
                  "TERROIR_ENGINE is `" + wanted + "`, which is no engine for this")
              .hint(
                  "use one of `"
                      + String.join("`, `", kinds.stream().map(Kind::program).toList())
                      + "`, or the path of one"));
    }
    var program =
        wanted.contains("/")
            ? Optional.of(Path.of(wanted)).filter(Files::isExecutable)
            : onPath(wanted, settings);
    if (program.isEmpty()) {
      throw new ImageException(
          Problem.of(
                  ImageCode.NO_ENGINE,
                  "the container engine `" + wanted + "` of TERROIR_ENGINE is not there")
              .hint("install it, or take TERROIR_ENGINE away to use another"));
    }
    return new Engine(kind.get(), program.get(), settings);
  }

  private static Optional<Path> onPath(String name, Settings settings) {
    for (var directory : settings.get("PATH").orElse("").split(":")) {
      if (directory.startsWith("/")) {
        var file = Path.of(directory, name);
        if (Files.isRegularFile(file) && Files.isExecutable(file)) {
          return Optional.of(file);
        }
      }
    }
    return Optional.empty();
  }

  private boolean answers() {
    try {
      return new Command(List.of(program.toString(), "version"), settings.variables(), null, ANSWER)
          .run()
          .isSuccess();
    } catch (FoundationException e) {
      if (e.problem().code() == FoundationCode.CANCELED) {
        throw e;
      }
      return false;
    }
  }

  /// Which it is.
  public Kind kind() {
    return kind;
  }

  /// Its program.
  public Path program() {
    return program;
  }

  /// Whether it can run containers.
  public boolean runsContainers() {
    return kind != Kind.BUILDAH;
  }

  /// The variables that its program gets.
  Map<String, String> variables() {
    return settings.variables();
  }

  /// A command line of it.
  List<String> line(List<String> arguments) {
    var line = new ArrayList<String>();
    line.add(program.toString());
    line.addAll(arguments);
    return line;
  }

  /// Runs it silently; never fails because of its exit status.
  Command.Result ask(Duration timeout, String... arguments) {
    return new Command(line(List.of(arguments)), settings.variables(), null, timeout).run();
  }

  /// Whether its store holds an image.
  ///
  /// @param image a reference or an id
  public boolean exists(String image) {
    checked(image);
    return (kind == Kind.BUILDAH
            ? ask(ANSWER, "inspect", "--type", "image", image)
            : ask(ANSWER, "image", "inspect", image))
        .isSuccess();
  }

  /// Fetches an image from a registry; one on this machine may be without TLS.
  ///
  /// @throws ImageException code `engine-failed`
  public void pull(String image, Progress progress) {
    checked(image);
    progress.step("pulling " + image + " into " + kind.program());
    var arguments = new ArrayList<>(List.of("pull"));
    // Docker takes registries on loopback addresses without TLS by itself.
    if (kind != Kind.DOCKER && LOOPBACK.matcher(image).matches()) {
      arguments.add("--tls-verify=false");
    }
    arguments.add(image);
    work("the image `" + image + "` cannot be pulled", arguments, progress);
  }

  /// Takes an image from a `docker-archive` file into its store.
  ///
  /// @return the name or the id that the store gave it
  /// @throws ImageException code `engine-failed`
  public String load(Path archive, Progress progress) {
    progress.step("loading " + archive + " into " + kind.program());
    if (kind == Kind.BUILDAH) {
      return work(
              "the archive cannot be loaded",
              List.of("pull", "--quiet", "docker-archive:" + archive),
              progress)
          .getLast()
          .strip();
    }
    var lines =
        work(
            "the archive cannot be loaded",
            List.of("load", "--input", archive.toString()),
            progress);
    // "Loaded image: name", "Loaded image(s): name", "Loaded image ID: sha256:…".
    return lines.stream()
        .filter(line -> line.startsWith("Loaded image"))
        .map(line -> line.substring(line.indexOf(": ") + 2).strip().split(",", 2)[0])
        .reduce((_, last) -> last)
        .orElseThrow(() ->
            new ImageException(
                Problem.of(
                        ImageCode.ENGINE_FAILED,
                        "`" + kind.program() + " load` does not say what it loaded")
                    .because(Invocation.lastLines(lines, 10))));
  }

  /// Writes an image of its store to a `docker-archive` file.
  ///
  /// @param archive must not exist
  /// @throws ImageException code `engine-failed`
  public void save(String image, Path archive, Progress progress) {
    checked(image);
    var what = "the image `" + image + "` cannot be written to " + archive;
    switch (kind) {
      case PODMAN ->
          work(
              what,
              List.of(
                  "save",
                  "--quiet",
                  "--format",
                  "docker-archive",
                  "--output",
                  archive.toString(),
                  image),
              progress);
      case DOCKER -> work(what, List.of("save", "--output", archive.toString(), image), progress);
      case BUILDAH ->
          work(what, List.of("push", "--quiet", image, "docker-archive:" + archive), progress);
    }
  }

  /// Gives an image of its store one more name.
  ///
  /// @throws ImageException code `engine-failed`
  public void tag(String image, String name) {
    checked(image);
    checked(name);
    work(
        "the image `" + image + "` cannot be named `" + name + "`",
        List.of("tag", image, name),
        Progress.SILENT);
  }

  /// Takes a name away, or the image when it was its last; one that is not there is no error.
  public void remove(String image) {
    checked(image);
    if (kind == Kind.BUILDAH) {
      ask(ANSWER, "rmi", image);
    } else {
      ask(ANSWER, "image", "rm", image);
    }
  }

  /// A container that is not started yet.
  ///
  /// @throws ImageException code `no-engine`, if this engine runs no containers
  public Container container(ContainerOptions options) {
    if (!runsContainers()) {
      throw new ImageException(
          Problem.of(ImageCode.NO_ENGINE, "`buildah` runs no containers")
              .hint("install podman or docker"));
    }
    checked(options.image());
    return new Container(this, options);
  }

  /// The names of containers, running or not, that carry a label.
  ///
  /// @param label its name
  /// @param value its value
  public List<String> containers(String label, String value) {
    return ask(
            ANSWER,
            "ps",
            "--all",
            "--filter",
            "label=" + label + "=" + value,
            "--format",
            "{{.Names}}")
        .output()
        .lines()
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /// Ends and takes away containers that carry a label, as a killed process leaves them.
  ///
  /// @return how many there were
  public int endContainers(String label, String value) {
    var names = containers(label, value);
    for (var name : names) {
      // Podman that takes away a container while another process stops it leaves its processes.
      ask(ANSWER, "kill", name);
      ask(ANSWER, "rm", "--force", "--volumes", name);
    }
    return names.size();
  }

  private List<String> work(String what, List<String> arguments, Progress progress) {
    var ended = Invocation.run(line(arguments), settings.variables(), TRANSFER, progress::line);
    if (ended.exitCode() != 0) {
      throw new ImageException(
          Problem.of(ImageCode.ENGINE_FAILED, what)
              .because(
                  ended.isTimeout()
                      ? "`"
                          + kind.program()
                          + "` did not end within "
                          + TRANSFER.toMinutes()
                          + " minutes"
                      : "`"
                          + kind.program()
                          + " "
                          + arguments.getFirst()
                          + "` ended with the exit status "
                          + ended.exitCode())
              .because(Invocation.lastLines(ended.tail(), 10)));
    }
    return ended.tail();
  }

  /// Names never reach the command line where they could be read as options.
  private static void checked(String image) {
    if (!IMAGE.matcher(image).matches()) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_IMAGE_REFERENCE, "`" + image + "` is no name of an image"));
    }
  }
}
