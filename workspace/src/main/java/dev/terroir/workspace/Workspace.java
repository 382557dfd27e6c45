package dev.terroir.workspace;

import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentBuilder;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.engine.Engine;
import dev.terroir.lock.Lock;
import dev.terroir.prefix.LocalPython;
import dev.terroir.prefix.Prefixes;
import dev.terroir.workspace.compute.ComputeTargets;
import dev.terroir.workspace.config.WorkspaceConfig;
import dev.terroir.workspace.config.WorkspaceDetails;
import dev.terroir.workspace.data.Datastores;
import dev.terroir.workspace.database.PostgresAddress;
import dev.terroir.workspace.environments.EnvironmentRegistry;
import dev.terroir.workspace.images.DockerImageDetails;
import dev.terroir.workspace.images.ImageBuild;
import dev.terroir.workspace.locks.ForeignLock;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A workspace: the door to everything that is remembered, on this machine ([LocalWorkspace]) or on
/// a server of a team (module `client`). Safe for any number of threads; close it when done.
///
/// @since 0.1
public interface Workspace
    extends EnvironmentBuilder<ImageBuild, Workspace.LocalBuild, DockerImageDetails>,
        AutoCloseable {
  /// The workspace of a user who names none, made on first use.
  String DEFAULT_NAME = "default";

  /// Makes a workspace on this machine, as [LocalWorkspace#create].
  static LocalWorkspace create(
      String name, @Nullable Path directory, boolean exists, Settings settings, Progress progress) {
    return LocalWorkspace.create(name, directory, exists, settings, progress);
  }

  /// Makes a workspace whose records lie in a database of PostgreSQL, as [LocalWorkspace#create].
  static LocalWorkspace create(
      String name,
      @Nullable Path directory,
      @Nullable PostgresAddress address,
      boolean exists,
      Settings settings,
      Progress progress) {
    return LocalWorkspace.create(name, directory, address, exists, settings, progress);
  }

  /// Opens the workspace in a directory.
  ///
  /// @throws WorkspaceException code `workspace-not-found`
  static LocalWorkspace open(Path directory, Settings settings, Progress progress) {
    return LocalWorkspace.open(directory, settings, progress);
  }

  /// Opens the workspace of this machine that a project's config.json names.
  ///
  /// @param start a directory, or the file itself
  /// @throws WorkspaceException code `config-not-found`, with every place that was searched
  static LocalWorkspace fromConfig(Path start, Settings settings, Progress progress) {
    return LocalWorkspace.fromConfig(start, settings, progress);
  }

  /// Opens what a config.json names on this machine.
  static LocalWorkspace of(WorkspaceConfig config, Settings settings, Progress progress) {
    return LocalWorkspace.of(config, settings, progress);
  }

  /// The workspaces in Terroir's home.
  static List<Path> list(Settings settings) {
    return LocalWorkspace.list(settings);
  }

  /// Its name.
  String name();

  /// What it is told to be, as `get_details` of the retired service.
  WorkspaceDetails details();

  /// Changes what it is told to be, as `update` of the retired service. Its name stays.
  ///
  /// @param change gives the new details for those that are there
  /// @return the new ones
  WorkspaceDetails update(UnaryOperator<WorkspaceDetails> change);

  /// The process environment it was opened with.
  Settings settings();

  /// Registered environments.
  EnvironmentRegistry environments();

  /// Folders of data.
  Datastores datastores();

  /// Where runs may run.
  ComputeTargets computeTargets();

  /// Starts to build a definition's image into the workspace's registry, as `Environment.build` of
  /// the retired service. One that is not registered is registered first; one that has an image is
  /// resolved anew.
  @Override
  ImageBuild build(Environment environment);

  /// What [#buildLocal] made.
  sealed interface LocalBuild {
    /// A folder that scripts run from.
    ///
    /// @param ready the environment
    record Installed(Ready ready) implements LocalBuild {}

    /// An image in a container engine.
    ///
    /// @param engine which
    /// @param name what it calls the image
    /// @param image what it is
    /// @param isPushed whether the registry of the workspace has it too
    record InEngine(Engine.Kind engine, String name, BuiltImage image, boolean isPushed)
        implements LocalBuild {}
  }

  /// Makes an environment on this machine, with paths in the definition relative to the current
  /// directory.
  @Override
  LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr);

  /// Makes an environment on this machine, as `Environment.build_local` of the retired service.
  ///
  /// @param directory what paths in the definition are relative to
  LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr, Path directory);

  /// What is known of a definition's image; nothing is built.
  @Override
  DockerImageDetails getImageDetails(Environment environment);

  /// How to lock.
  ///
  /// @param platform for which machine
  /// @param pythonVersion `major.minor` instead of the definition's, or null
  /// @param update whether to resolve anew
  /// @param base what relative paths in the definition are relative to
  /// @param virtualPackages what the machine offers that runs it, such as `__cuda=12.4`, over what
  ///   the workspace says and what is detected here
  record LockOptions(
      Platform platform,
      @Nullable String pythonVersion,
      boolean update,
      Path base,
      List<String> virtualPackages) {
    /// For this machine, as the definition says, relative to the current directory.
    public static LockOptions here() {
      return new LockOptions(
          Platform.current(), null, false, Path.of("").toAbsolutePath(), List.of());
    }

    /// The same, relative to another directory.
    public LockOptions withBase(Path newBase) {
      return new LockOptions(
          platform, pythonVersion, update, newBase.toAbsolutePath(), virtualPackages);
    }
  }

  /// The lock of a definition: the one that is kept, else a new resolution, which is kept.
  LockStore.Stored lock(Environment environment, LockOptions options, Progress progress);

  /// The lock of a definition for this machine, when there is one; nothing is resolved.
  default Optional<Lock> findLock(Environment environment) {
    return findLock(environment, Platform.current(), null);
  }

  /// The lock of a definition that is kept; nothing is resolved.
  ///
  /// @param platform of the machine that runs it
  /// @param pythonVersion `major.minor` instead of the definition's, or null
  Optional<Lock> findLock(
      Environment environment, Platform platform, @Nullable String pythonVersion);

  /// An environment that means exactly what another tool's lock holds.
  ///
  /// @param environment its version, and whether it is new
  /// @param lock what was taken as its lock, so that nothing of it is resolved
  record ImportedLock(EnvironmentRegistry.Registered environment, Lock lock) {}

  /// Registers an environment that means exactly what another tool's lock holds, with that lock.
  ///
  /// @param warnings told what is left out of the file, each with file and line
  /// @throws WorkspaceException code `lock-taken` when the same packages are locked with other
  ///   archives, and `foreign` is not to take their place
  ImportedLock importLock(ForeignLock foreign, Consumer<String> warnings);

  /// An environment that is ready on this machine.
  ///
  /// @param hash definition hash
  /// @param resolved the lock, or null for a user-managed one
  /// @param python what to start
  /// @param isLockCached whether the lock was there already
  record Ready(String hash, @Nullable Lock resolved, LocalPython python, boolean isLockCached) {
    /// The lock, unless the environment is user-managed.
    public Optional<Lock> lock() {
      return Optional.ofNullable(resolved);
    }

    /// Whether nothing had to be resolved or installed.
    public boolean isCached() {
      return isLockCached && python.isCached();
    }
  }

  /// Local environments; shared by all workspaces of this user.
  Prefixes prefixes();

  /// Locks and installs a definition on this machine, as far as that is not done yet.
  default Ready realise(Environment environment, LockOptions options, Progress progress) {
    var hash = CanonicalForm.hash(environment);
    if (environment.python().userManagedDependencies()) {
      return new Ready(
          hash,
          null,
          Prefixes.userManaged(environment.python().interpreterPath(), settings()),
          true);
    }
    var stored = lock(environment, options, progress);
    return new Ready(
        hash, stored.lock(), prefixes().realise(stored.lock(), progress), stored.isCached());
  }

  /// The environment of a definition when it is installed on this machine already.
  default Optional<LocalPython> find(Environment environment) {
    if (environment.python().userManagedDependencies()) {
      return Optional.of(Prefixes.userManaged(environment.python().interpreterPath(), settings()));
    }
    return findLock(environment).flatMap(lock -> prefixes().find(lock.digest().hex()));
  }

  @Override
  void close();
}
