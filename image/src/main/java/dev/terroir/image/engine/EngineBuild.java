package dev.terroir.image.engine;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.dockerfile.BuildContext;
import dev.terroir.image.dockerfile.BuildRequest;
import dev.terroir.image.dockerfile.Dockerfile;
import dev.terroir.image.dockerfile.Instruction;
import dev.terroir.image.dockerfile.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// Builds Dockerfiles with an engine and keeps what comes out, as `docker-archive` files under the
/// hash of all that decides it. Immutable and thread-safe.
///
/// @since 0.1
public final class EngineBuild {
  private static final String FORMAT = "terroir-dockerfile/1";
  private static final Pattern STEP =
      Pattern.compile("(?:\\[(\\d+)/\\d+\\] )?(?i:STEP) (\\d+)/\\d+ ?: (.*)");
  private static final Pattern BUILDKIT_LINE = Pattern.compile("[^\\s:]*[Dd]ockerfile:(\\d+)");

  /// Lines of the log that a failure shows.
  private static final int SHOWN_LINES = 20;

  /// What is to be built.
  ///
  /// @param text of the Dockerfile
  /// @param source what problems call it, usually its file
  /// @param context what it copies from
  /// @param request arguments, platform and stage
  /// @param arguments more arguments for the engine's build command, such as `--network=host`
  /// @param timeout how long the engine may take
  public record Order(
      String text,
      String source,
      BuildContext context,
      BuildRequest request,
      List<String> arguments,
      Duration timeout) {
    /// Copies the list.
    public Order {
      arguments = List.copyOf(arguments);
    }

    /// The hash of all that decides the image: text, context, build arguments, platform, stage and
    /// the engine's arguments.
    public Sha256 key() {
      return Sha256.of(
          JsonWriter.canonical(
              JsonObject.builder()
                  .put("format", FORMAT)
                  .put("dockerfile", text)
                  .put("context", context.digest().hex())
                  .put("arguments", JsonValue.ofStrings(request.arguments()))
                  .put("platform", request.platform().toString())
                  .put("target", request.target())
                  .put("engineArguments", arguments)
                  .build()));
    }
  }

  /// A built image.
  ///
  /// @param archive a `docker-archive` file
  /// @param isKept whether it was there already
  public record Built(Path archive, boolean isKept) {}

  private final Supplier<Engine> engine;
  private final Path directory;

  /// @param engine asked for only when something must be built
  /// @param directory where the archives are kept
  public EngineBuild(Supplier<Engine> engine, Path directory) {
    this.engine = engine;
    this.directory = directory;
  }

  /// The image of an order that was built before.
  public Optional<Built> find(Order order) {
    var archive = archive(order.key());
    return Files.isRegularFile(archive) ? Optional.of(new Built(archive, true)) : Optional.empty();
  }

  private Path archive(Sha256 key) {
    return directory.resolve(key.hex() + ".tar");
  }

  /// Builds, or gives what was built before.
  ///
  /// @param isAnew whether it is built although it was built before
  /// @param progress gets the engine's output line by line
  /// @throws ImageException code `dockerfile-failed`, with the instruction, its line and the end of
  ///   the log; code `dockerfile-syntax` or `no-engine`
  /// @throws FoundationException code `canceled`, when the thread is interrupted
  public Built build(Order order, boolean isAnew, Progress progress) {
    var dockerfile = Dockerfile.parse(order.text(), order.source());
    var archive = archive(order.key());
    if (!isAnew && Files.isRegularFile(archive)) {
      return new Built(archive, true);
    }
    // Whoever asks for the same meanwhile waits and gets the same.
    try (var _ =
        ProcessLock.acquire(archive.resolveSibling("." + order.key() + ".lock"), order.timeout())) {
      if (!isAnew && Files.isRegularFile(archive)) {
        return new Built(archive, true);
      }
      return build(order, dockerfile, archive, isAnew, progress);
    }
  }

  private Built build(
      Order order, Dockerfile dockerfile, Path archive, boolean isAnew, Progress progress) {
    var temporary = AtomicFiles.temporaryBeside(archive);
    var work = AtomicFiles.temporaryBeside(archive.resolveSibling("build"));
    try {
      Files.createDirectories(work);
      var found = engine.get();
      var image = build(order, dockerfile, found, work, isAnew, progress);
      found.save(image, temporary, progress);
      Files.move(
          temporary, archive, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return new Built(archive, false);
    } catch (IOException e) {
      throw FoundationException.ofFile("the image cannot be kept", archive, e);
    } finally {
      Trees.delete(work);
      Trees.delete(temporary);
    }
  }

  private static String build(
      Order order,
      Dockerfile dockerfile,
      Engine engine,
      Path work,
      boolean isAnew,
      Progress progress)
      throws IOException {
    progress.step("building " + order.source() + " with " + engine.kind().program());
    var id = work.resolve("id");
    var log = new ArrayList<String>();
    var ended =
        Invocation.run(
            engine.line(arguments(order, engine, work, id, isAnew)),
            engine.variables(),
            order.timeout(),
            line -> {
              if (STEP.matcher(line).matches() || BUILDKIT_LINE.matcher(line).matches()) {
                log.add(line);
              }
              progress.line(line);
            });
    // Podman that is asked to end ends with 0.
    if (ended.exitCode() != 0 || ended.isTimeout() || !Files.isRegularFile(id)) {
      throw failed(order, dockerfile, engine, ended, log);
    }
    return Files.readString(id).strip();
  }

  static List<String> arguments(Order order, Engine engine, Path work, Path id, boolean isAnew)
      throws IOException {
    var file = Files.writeString(work.resolve("Dockerfile"), order.text());
    // Docker finds the rules by their name; the others are told.
    var ignore =
        Files.writeString(work.resolve("Dockerfile.dockerignore"), order.context().ignoreText());
    var arguments = new ArrayList<String>();
    arguments.add("build");
    if (engine.kind() != Engine.Kind.DOCKER) {
      // SHELL, HEALTHCHECK and ONBUILD have no place in the OCI format.
      arguments.addAll(List.of("--format", "docker", "--ignorefile", ignore.toString()));
    }
    if (engine.kind() == Engine.Kind.BUILDAH
        && !engine.variables().containsKey("BUILDAH_ISOLATION")) {
      // Works without user namespaces and within containers too.
      arguments.addAll(List.of("--isolation", "chroot"));
    }
    if (isAnew) {
      arguments.add("--no-cache");
      if (engine.kind() == Engine.Kind.PODMAN) {
        // What FROM names may have moved. buildah looks by itself; Docker has no form that takes
        // what is there when no registry has it.
        arguments.add("--pull=newer");
      }
    }
    if (!order.request().platform().equals(Platform.current())) {
      arguments.addAll(List.of("--platform", order.request().platform().toString()));
    }
    var target = order.request().target();
    if (target != null) {
      arguments.addAll(List.of("--target", target));
    }
    order
        .request()
        .arguments()
        .forEach((name, value) -> arguments.addAll(List.of("--build-arg", name + "=" + value)));
    arguments.addAll(order.arguments());
    arguments.addAll(List.of("--iidfile", id.toString(), "--file", file.toString()));
    var root = order.context().root();
    arguments.add(
        root.isPresent()
            ? root.get().toString()
            : Files.createDirectory(work.resolve("empty")).toString());
    return arguments;
  }

  private static ImageException failed(
      Order order,
      Dockerfile dockerfile,
      Engine engine,
      Invocation.Ended ended,
      List<String> steps) {
    var step = failedStep(dockerfile, steps);
    var name =
        step.map(one -> "`" + one.instruction().name() + "` of the Dockerfile failed")
            .orElse("the Dockerfile could not be built");
    var problem =
        Problem.of(ImageCode.DOCKERFILE_FAILED, name)
            .at(step.map(Step::place).orElse(Place.of(order.source())))
            .because(
                ended.isTimeout()
                    ? "it did not end within " + order.timeout().toSeconds() + " s"
                    : "`"
                        + engine.kind().program()
                        + "` ended with the exit status "
                        + ended.exitCode())
            .because("the log ends with\n" + Invocation.lastLines(ended.tail(), SHOWN_LINES));
    var needsContext =
        order.context().root().isEmpty()
            && step.map(Step::instruction).filter(EngineBuild::readsContext).isPresent();
    return new ImageException(
        needsContext
            ? problem.because(BuildContext.NO_FILES).hint(BuildContext.GIVE_FILES)
            : problem);
  }

  private static boolean readsContext(Instruction instruction) {
    return instruction instanceof Instruction.FileTransfer transfer
        && transfer.flags().from() == null
        && transfer.sources().stream().anyMatch(source -> !source.contains("://"));
  }

  /// The instruction that an engine was at when its output ended: by the number of stage and step,
  /// by its text, or by the line that BuildKit names.
  static Optional<Step> failedStep(Dockerfile dockerfile, List<String> lines) {
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    var last = lines.getLast();
    var byLine = BUILDKIT_LINE.matcher(last);
    if (byLine.matches()) {
      var number = Integer.parseInt(byLine.group(1));
      return dockerfile.steps().stream()
          .filter(step -> step.firstLine() <= number && number <= step.lastLine())
          .findFirst();
    }
    var match = STEP.matcher(last);
    if (!match.matches()) {
      return Optional.empty();
    }
    var stageIndex = match.group(1) == null ? 0 : Integer.parseInt(match.group(1)) - 1;
    var stepIndex = Integer.parseInt(match.group(2)) - 2;
    var text = match.group(3).strip();
    var name = text.split("\\s+", 2)[0];
    if (stageIndex < dockerfile.stages().size()) {
      var stage = dockerfile.stages().get(stageIndex);
      var step =
          stepIndex < 0
              ? Optional.of(stage.fromStep())
              : stage.steps().stream().skip(stepIndex).findFirst();
      if (step.isPresent() && step.get().instruction().name().equalsIgnoreCase(name)) {
        return step;
      }
    }
    return dockerfile.steps().stream()
        .filter(step -> step.instruction().name().equalsIgnoreCase(name))
        .filter(step -> words(text).startsWith(words(step.excerpt().replaceFirst("\\\\\\s*$", ""))))
        .findFirst();
  }

  private static String words(String text) {
    return String.join(" ", text.strip().split("\\s+"));
  }
}
