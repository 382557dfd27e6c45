package dev.terroir.compute;

import dev.terroir.compute.data.RunData;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.engine.Container;
import dev.terroir.image.engine.ContainerOptions;
import dev.terroir.image.engine.Engine;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.EngineDelivery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The container of a run: an image made of the run's environment, in an engine of this machine.
/// Immutable and thread-safe.
final class RunContainer {
  /// The file of the script's variables among the run's files; only its owner reads it.
  static final String VARIABLES = "container.env";

  /// The label by which a run's container is found.
  private static final String LABEL = "dev.terroir.run";

  /// Where the working copy is inside.
  static final String DIRECTORY = "/azureml-run";

  private static final Pattern OPTION_AND_VALUE = Pattern.compile("\\s*--?[A-Za-z-]+\\s+\\S.*");

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Engine engine;
  private final BuiltImage image;
  private final String name;
  private final boolean isCached;

  private RunContainer(Engine engine, BuiltImage image, String name, boolean isCached) {
    this.engine = engine;
    this.image = image;
    this.name = name;
    this.isCached = isCached;
  }

  /// The engine to run in.
  ///
  /// @throws ImageException code `no-engine`
  static Engine engine(Settings settings) {
    try {
      return Engine.forRuns(settings);
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.NO_ENGINE) {
        throw e;
      }
      throw new ImageException(
          e.problem()
              .hint(
                  "set `docker.enabled` of the environment and `docker.useDocker` of the run"
                      + " configuration to false, and the target to `local`, to run with the same"
                      + " packages and no container"),
          e);
    }
  }

  /// Makes the image of an environment, or finds it, and brings it into the engine.
  ///
  /// @param log receives what the making tells, also when it fails
  static RunContainer prepare(
      LocalWorkspace workspace,
      Engine engine,
      Environment environment,
      Path sourceDirectory,
      Path log,
      Progress progress) {
    var images = workspace.images();
    var wish = DefinitionImages.Wish.of(environment, sourceDirectory);
    var isCached = images.find(wish).isPresent();
    var build = images.get(wish, progress);
    BuiltImage image;
    try {
      image = build.waitForCompletion(_ -> {}).image();
    } finally {
      build.log().ifPresent(made -> keep(made, log));
    }
    var delivered = new EngineDelivery(images.registry(), engine).deliver(image, progress);
    return new RunContainer(engine, image, delivered.name(), isCached);
  }

  private static void keep(Path made, Path log) {
    try {
      Files.createDirectories(log.getParent());
      Files.copy(made, log, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw FoundationException.ofFile("the log of the image cannot be kept", log, e);
    }
  }

  /// The same in an engine whose settings outlive the making of the image.
  RunContainer in(Engine other) {
    return new RunContainer(other, image, name, isCached);
  }

  /// The image it runs in.
  BuiltImage image() {
    return image;
  }

  /// Whether the image was there.
  boolean isCached() {
    return isCached;
  }

  /// What the engine calls the image.
  String name() {
    return name;
  }

  /// Its engine.
  Engine engine() {
    return engine;
  }

  /// The container of a script, ready to be run by a supervisor.
  ///
  /// @param runId also the container's name
  /// @param directory the run's files
  /// @param arguments more arguments of the engine's `run`
  /// @param shmSize size of shared memory, or null
  /// @param program what runs the command, or null for the environment's Python
  /// @param command the script and its arguments
  /// @param binds folders of this machine that the script sees
  Container.Order order(
      String runId,
      Path directory,
      List<String> arguments,
      @Nullable String shmSize,
      @Nullable String program,
      List<String> command,
      Map<String, String> variables,
      List<RunData.Bind> binds) {
    var options =
        ContainerOptions.of(name, runId)
            .entrypoint(program == null ? image.interpreterPath() : program)
            .command(command)
            .environment(variables)
            .label(LABEL, runId)
            .bind(Run.work(directory), DIRECTORY, false)
            .workingDirectory(DIRECTORY)
            .network("host")
            .arguments(words(arguments));
    for (var bind : binds) {
      options.bind(bind.folder(), bind.inside(), bind.isReadOnly());
    }
    if (shmSize != null && !shmSize.isBlank()) {
      options.shmSize(shmSize);
    }
    return engine.container(options.build()).order(directory.resolve(VARIABLES), GRACE, true);
  }

  /// An option may stand with its value in one text, as on a command line: `-v /data:/data`.
  static List<String> words(List<String> arguments) {
    var words = new ArrayList<String>();
    for (var argument : arguments) {
      if (OPTION_AND_VALUE.matcher(argument).matches()) {
        words.addAll(List.of(argument.strip().split("\\s+", 2)));
      } else {
        words.add(argument);
      }
    }
    return words;
  }

  /// Ends the container of a run whose supervisor is gone.
  static void sweep(String runId, Settings settings) {
    try {
      Engine.forRuns(settings).endContainers(LABEL, runId);
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.NO_ENGINE) {
        throw e;
      }
      // An engine that is gone keeps no container alive that anybody here could end.
    }
  }
}
