package dev.terroir.serving;

import dev.terroir.environment.Environment;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.engine.Engine;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.Replacements;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import dev.terroir.serving.scoring.ScoringImage;
import dev.terroir.serving.supervisor.ServiceDefinition;
import dev.terroir.serving.supervisor.ServiceStatus;
import dev.terroir.serving.supervisor.ServiceSupervisor;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.Workspace;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.EngineDelivery;
import dev.terroir.workspace.models.ModelRegistry.Model;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The services of a workspace: directories below `services/`, each with plain files that its
/// supervisor and everybody else read. Safe for any number of processes.
///
/// @since 0.1
public final class Services {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{2,31}");
  private static final Duration START_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final LocalWorkspace workspace;

  /// @param workspace whose services these are
  public Services(LocalWorkspace workspace) {
    this.workspace = workspace;
  }

  /// What is deployed.
  ///
  /// @param name lower-case letters, digits and dashes, 3 to 32, beginning with a letter
  /// @param models may be none
  /// @param inference script and its directory
  /// @param environment what it runs in
  /// @param configuration port, keys, tags
  public record Deployment(
      String name,
      List<Model> models,
      InferenceConfig inference,
      Environment environment,
      DeploymentConfig configuration) {
    /// Copies the list.
    public Deployment {
      models = List.copyOf(models);
    }
  }

  /// Makes everything of a service ready but its supervisor; [Service#startDetached] or
  /// [Service#run] starts it.
  ///
  /// @param overwrite whether a service of that name is replaced
  /// @throws ServingException when the name, the script, the port or the environment cannot be
  ///   used; nothing is changed then
  public Service deploy(Deployment deployment, boolean overwrite, Progress progress) {
    checkName(deployment.name());
    checkScript(deployment.inference());
    var directory = directory(deployment.name());
    if (Files.exists(directory.resolve(ServiceDefinition.FILE)) && !overwrite) {
      throw new ServingException(
          Problem.of(
                  ServingCode.SERVICE_EXISTS,
                  "a service `" + deployment.name() + "` exists already")
              .hint("say `--overwrite` to replace it, or `terroir service update` to change it"));
    }
    var definition = definition(deployment, 1, progress);
    try (var _ =
        ProcessLock.acquire(directory.resolveSibling(deployment.name() + ".lock"), PATIENCE)) {
      if (Files.exists(directory)) {
        ServiceSupervisor.stop(directory);
        Trees.delete(directory);
      }
      checkPort(deployment.configuration().port());
      copySources(deployment, directory, 1);
      if (definition.authEnabled()) {
        ServiceSupervisor.makeKeys(directory);
      }
      definition.write(directory);
    }
    return new Service(deployment.name(), directory);
  }

  /// Gives a service new models, another script or environment; requests go to the former until the
  /// new one answers.
  public Service update(Deployment deployment, Progress progress) {
    var service = get(deployment.name());
    checkScript(deployment.inference());
    var directory = directory(deployment.name());
    try (var _ =
        ProcessLock.acquire(directory.resolveSibling(deployment.name() + ".lock"), PATIENCE)) {
      var former = service.definition();
      var revision = former.revision() + 1;
      // Its address belongs to the service, not to a revision; so do its keys, once it has some.
      var definition =
          definition(
                  former.container() == null ? deployment : inside(deployment, former),
                  revision,
                  progress)
              .at(
                  former.port(),
                  deployment.configuration().isAuthNamed()
                      ? deployment.configuration().authEnabled()
                      : former.authEnabled())
              .since(former.times().createdAt());
      if (!definition.authEnabled()) {
        ServiceSupervisor.removeKeys(directory);
      } else if (service.keys().isEmpty()) {
        ServiceSupervisor.makeKeys(directory);
      }
      copySources(deployment, directory, revision);
      definition.write(directory);
    }
    return service;
  }

  /// A service stays in a container, with its limits unless there are new ones.
  private static Deployment inside(Deployment deployment, ServiceDefinition former) {
    var in = former.container();
    var configuration = deployment.configuration().withComputeType(DeploymentConfig.DOCKER);
    return new Deployment(
        deployment.name(),
        deployment.models(),
        deployment.inference(),
        deployment.environment(),
        in == null || configuration.source().has("containerResourceRequirements")
            ? configuration
            : configuration.withLimits(in.cpus(), in.memoryBytes()));
  }

  private ServiceDefinition definition(Deployment deployment, int revision, Progress progress) {
    var registered = workspace.environments().autosave(deployment.environment());
    var isDocker = registered.environment().docker().enabled();
    var place =
        deployment.configuration().isInContainer(isDocker)
            ? inImage(deployment, registered.environment(), progress)
            : here(deployment, registered.environment(), progress);
    var lock = place.lock();
    if (lock.isPresent() && lock.get().find(Replacements.INFERENCE_SERVER).isEmpty()) {
      throw new ServingException(
          Problem.of(
                  ServingCode.NO_INFERENCE_SERVER,
                  "the environment `"
                      + registered.environment().name()
                      + "` has no inference server")
              .because("azureml-defaults was not detected among its pip dependencies")
              .hint(
                  "add `azureml-defaults` or `azureml-inference-server-http` to its pip packages"
                      + " and register it again"));
    }
    var variables = new TreeMap<>(registered.environment().environmentVariables());
    variables.put("WORKSPACE_NAME", workspace.name());
    var directory = directory(deployment.name());
    var now = workspace.clock().instant().truncatedTo(ChronoUnit.MILLIS).toString();
    return new ServiceDefinition(
        deployment.name(),
        revision,
        deployment.configuration().port(),
        place.python(),
        ServiceDefinition.sources(directory, revision)
            .resolve(deployment.inference().entryScript()),
        modelDirectory(deployment.models(), directory, revision),
        variables,
        deployment.configuration().authEnabled(),
        1,
        START_TIMEOUT,
        deployment.models().stream().map(Model::id).toList(),
        registered.environment().name() + ":" + registered.version(),
        deployment.configuration().tags(),
        deployment.configuration().description(),
        place.container(),
        deployment.configuration().properties(),
        new ServiceDefinition.Times(now, now));
  }

  /// Where the packages of a service are.
  private record Where(Path python, Optional<Lock> lock, @Nullable ScoringImage container) {}

  private Where here(Deployment deployment, Environment environment, Progress progress) {
    var ready =
        workspace.realise(
            environment,
            Workspace.LockOptions.here().withBase(deployment.inference().sourceDirectory()),
            progress);
    return new Where(ready.python().python(), ready.lock(), null);
  }

  private Where inImage(Deployment deployment, Environment environment, Progress progress) {
    var engine = engine();
    var images = workspace.images();
    var wish = DefinitionImages.Wish.of(environment, deployment.inference().sourceDirectory());
    var image = images.get(wish, progress).waitForCompletion(_ -> {}).image();
    var delivered = new EngineDelivery(images.registry(), engine).deliver(image, progress);
    var docker = environment.docker();
    return new Where(
        Path.of(image.interpreterPath()),
        image.lockDigest() == null
            ? Optional.empty()
            : workspace.locks().find(image.definitionHash(), image.platform(), null),
        new ScoringImage(
            delivered.name(),
            deployment.configuration().cpus(),
            deployment.configuration().memoryBytes(),
            docker.shmSize(),
            docker.arguments()));
  }

  private Engine engine() {
    try {
      return Engine.forRuns(workspace.settings());
    } catch (ImageException e) {
      if (e.problem().code() != ImageCode.NO_ENGINE) {
        throw e;
      }
      throw new ImageException(
          e.problem().hint("deploy with the compute type `local` to serve without a container"), e);
    }
  }

  /// One model: its folder; several: a root with `<name>/<version>` of each.
  private static Path modelDirectory(List<Model> models, Path directory, int revision) {
    return models.size() == 1
        ? models.getFirst().path().resolveSibling("").normalize()
        : directory.resolve("revisions").resolve(String.valueOf(revision)).resolve("models");
  }

  private static void copySources(Deployment deployment, Path directory, int revision) {
    var target = ServiceDefinition.sources(directory, revision);
    try {
      var revisionDirectory = target.resolveSibling("").normalize();
      if (Files.exists(revisionDirectory)) {
        Trees.delete(revisionDirectory);
      }
      var temporary = AtomicFiles.temporaryBeside(target);
      Files.createDirectories(revisionDirectory);
      Trees.copy(deployment.inference().sourceDirectory(), temporary);
      Files.move(temporary, target);
      if (deployment.models().size() != 1) {
        var root = modelDirectory(deployment.models(), directory, revision);
        Files.createDirectories(root);
        for (var model : deployment.models()) {
          Files.createDirectories(root.resolve(model.name()));
          Files.createSymbolicLink(
              root.resolve(model.name()).resolve(String.valueOf(model.version())),
              model.path().resolveSibling("").normalize());
        }
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("the service's files cannot be copied", target, e);
    }
  }

  /// Whether a service may be called so.
  ///
  /// @throws ServingException code `service-name`
  public static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new ServingException(
          Problem.of(ServingCode.SERVICE_NAME, "`" + name + "` cannot name a service")
              .because(
                  "a service's name has 3 to 32 lower-case letters, digits and dashes and begins"
                      + " with a letter")
              .hint(
                  "try `"
                      + name.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9-]", "-")
                      + "`"));
    }
  }

  private static void checkScript(InferenceConfig inference) {
    if (!Files.isRegularFile(inference.sourceDirectory().resolve(inference.entryScript()))) {
      throw new ServingException(
          Problem.of(
                  ServingCode.DEPLOYMENT_CONFIGURATION,
                  "the entry script `"
                      + inference.entryScript()
                      + "` is not in the source directory")
              .at(Place.file(inference.sourceDirectory().toAbsolutePath()))
              .hint("give its path below that directory"));
    }
  }

  private static void checkPort(int port) {
    if (port == 0) {
      return;
    }
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new ServingException(
          Problem.of(ServingCode.PORT_TAKEN, "port " + port + " is in use by another program")
              .hint("choose another with --port, or leave it out to have a free one"),
          e);
    }
  }

  private Path directory(String name) {
    return workspace.directory().resolve("services").resolve(name);
  }

  /// A service.
  ///
  /// @throws ServingException code `service-not-found`
  public Service get(String name) {
    var directory = directory(name);
    if (!NAME.matcher(name).matches() || !Files.exists(directory.resolve(ServiceDefinition.FILE))) {
      throw new ServingException(
          Problem.of(ServingCode.SERVICE_NOT_FOUND, "no service `" + name + "` is deployed")
              .hint("`terroir service list` shows the services"));
    }
    return new Service(name, directory);
  }

  /// All services, by name.
  public List<Service> list() {
    var root = workspace.directory().resolve("services");
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (var entries = Files.list(root)) {
      return entries
          .filter(entry -> Files.exists(entry.resolve(ServiceDefinition.FILE)))
          .sorted()
          .map(entry -> new Service(entry.getFileName().toString(), entry))
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the services cannot be listed", root, e);
    }
  }

  /// Ends a service with everything that belongs to it.
  public void delete(Service service) {
    try (var _ =
        ProcessLock.acquire(
            service.directory().resolveSibling(service.name() + ".lock"), PATIENCE)) {
      ServiceSupervisor.stop(service.directory());
      Trees.delete(service.directory());
    }
  }

  /// Deletes a model unless a service uses it.
  ///
  /// @throws ServingException code `model-in-use`, with the services
  public void deleteModel(Model model) {
    var users =
        list().stream()
            .filter(service -> service.definition().models().contains(model.id()))
            .map(Service::name)
            .toList();
    if (!users.isEmpty()) {
      throw new ServingException(
          Problem.of(ServingCode.MODEL_IN_USE, "model `" + model.id() + "` is used by a service")
              .because("it answers for " + String.join(", ", users))
              .hint("delete or update the service first"));
    }
    workspace.models().delete(model);
  }

  /// The services that use a version of an environment.
  public List<String> usersOf(String environment, String version) {
    return list().stream()
        .filter(service -> service.definition().environment().equals(environment + ":" + version))
        .filter(service -> !ServiceStatus.inspect(service.directory()).isOver())
        .map(Service::name)
        .toList();
  }
}
