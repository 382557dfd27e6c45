package dev.terroir.serving.scoring;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.engine.Container;
import dev.terroir.image.engine.ContainerOptions;
import dev.terroir.image.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// The container of a scoring process. It has the machine's network, on which the process listens
/// on loopback, and sees script and models, read-only, at their paths of this machine. Thread-safe.
///
/// @since 0.1
public final class ScoringContainer {
  /// The label by which the containers of a service are found.
  private static final String LABEL = "dev.terroir.service";

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Container container;
  private final Container.Order order;
  private final Path environmentFile;

  private ScoringContainer(Container container, Container.Order order, Path environmentFile) {
    this.container = container;
    this.order = order;
    this.environmentFile = environmentFile;
  }

  /// Makes the container of a service ready.
  ///
  /// @param serviceDirectory by which it is found again
  /// @param in image and limits
  /// @param command program and arguments inside
  /// @param variables inside
  /// @param sources the folder with everything that was deployed
  /// @param models what `AZUREML_MODEL_DIR` names
  public static ScoringContainer of(
      Settings settings,
      Path serviceDirectory,
      ScoringImage in,
      List<String> command,
      Map<String, String> variables,
      Path sources,
      Path models) {
    var name = "terroir-" + serviceDirectory.getFileName() + "-" + UUID.randomUUID();
    var options =
        ContainerOptions.of(in.image(), name)
            .entrypoint(command.getFirst())
            .command(command.subList(1, command.size()))
            .environment(variables)
            .label(LABEL, label(serviceDirectory))
            .bind(sources, sources.toString(), true)
            .workingDirectory(sources.toString())
            .network("host")
            .cpus(in.cpus())
            .memoryBytes(in.memoryBytes())
            .arguments(in.arguments());
    options.bind(models, models.toString(), true);
    for (var target : linked(models)) {
      options.bind(target, target.toString(), true);
    }
    var shared = in.shmSize();
    if (shared != null && !shared.isBlank()) {
      options.shmSize(shared);
    }
    var container = Engine.forRuns(settings).container(options.build());
    var file = serviceDirectory.resolve(name + ".env");
    return new ScoringContainer(container, container.order(file, GRACE, false), file);
  }

  /// Several models are links, `NAME/VERSION`, to where they lie.
  private static List<Path> linked(Path models) {
    try (var walk = Files.find(models, 2, (path, _) -> Files.isSymbolicLink(path))) {
      return walk.map(
              link -> {
                try {
                  return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
                } catch (IOException e) {
                  throw FoundationException.ofFile("a model cannot be found", link, e);
                }
              })
          .filter(target -> !target.startsWith(models))
          .distinct()
          .sorted()
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the models cannot be found", models, e);
    }
  }

  /// How to run it.
  Container.Order order() {
    return order;
  }

  /// Ends it and takes it away.
  void end() {
    container.stop(GRACE);
    container.remove();
    try {
      Files.deleteIfExists(environmentFile);
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "a container's variables cannot be deleted", environmentFile, e);
    }
  }

  /// Ends the containers that a killed supervisor of a service has left.
  public static void sweep(Settings settings, Path serviceDirectory) {
    try {
      Engine.forRuns(settings).endContainers(LABEL, label(serviceDirectory));
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.NO_ENGINE) {
        throw e;
      }
      // An engine that is gone keeps no container alive that anybody here could end.
    }
  }

  private static String label(Path serviceDirectory) {
    return serviceDirectory.toAbsolutePath().normalize().toString();
  }
}
