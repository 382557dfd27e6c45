package dev.terroir.workspace;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.lock.Lock;
import dev.terroir.prefix.Prefixes;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.artifact.LockedSources;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.compute.ComputeTargets;
import dev.terroir.workspace.compute.DatabaseComputeTargets;
import dev.terroir.workspace.config.WorkspaceConfig;
import dev.terroir.workspace.config.WorkspaceDetails;
import dev.terroir.workspace.data.Datasets;
import dev.terroir.workspace.data.LocalDatastores;
import dev.terroir.workspace.database.Database;
import dev.terroir.workspace.database.Leases;
import dev.terroir.workspace.database.PostgresAddress;
import dev.terroir.workspace.environments.CuratedEnvironments;
import dev.terroir.workspace.environments.DatabaseEnvironments;
import dev.terroir.workspace.environments.Listing;
import dev.terroir.workspace.images.DefinitionImages;
import dev.terroir.workspace.images.DockerImageDetails;
import dev.terroir.workspace.images.EngineDelivery;
import dev.terroir.workspace.images.ImageBuild;
import dev.terroir.workspace.images.ImageRecords;
import dev.terroir.workspace.images.WorkspaceImages;
import dev.terroir.workspace.images.WorkspaceRegistry;
import dev.terroir.workspace.locks.ForeignLock;
import dev.terroir.workspace.locks.LockStore;
import dev.terroir.workspace.locks.SharedWheels;
import dev.terroir.workspace.models.ModelRegistry;
import dev.terroir.workspace.runs.ExperimentRecords;
import dev.terroir.workspace.runs.RunMetrics;
import dev.terroir.workspace.runs.RunRecords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A workspace on this machine: a folder with a database. Safe for any number of threads and
/// processes; close it when done.
///
/// @since 0.1
public final class LocalWorkspace implements Workspace {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{1,31}");
  private static final String MARKER = "workspace.json";

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final List<String> BASE_HINTS =
      List.of(
          "name a base in the definition as `docker.baseImage`, or with `--base`, for instance"
              + " `--base oci:DIR:TAG`",
          "`terroir workspace update --default-base {kind}=REF` gives the workspace another");

  private final Path directory;
  private final Settings settings;
  private final TerroirHome home;
  private final Clock clock;
  private final Progress toolProgress;
  private @Nullable String name;
  private @Nullable Database database;
  private @Nullable Uv uv;

  private LocalWorkspace(
      @Nullable String name, Path directory, Settings settings, Progress toolProgress) {
    this.name = name;
    this.directory = directory;
    this.settings = settings;
    this.home = TerroirHome.of(settings);
    this.clock = Clock.systemUTC();
    this.toolProgress = toolProgress;
  }

  /// Makes a workspace.
  ///
  /// @param directory where, or null for its place in Terroir's home
  /// @param exists whether one that is there is opened instead
  /// @throws WorkspaceException code `workspace-exists`
  public static LocalWorkspace create(
      String name, @Nullable Path directory, boolean exists, Settings settings, Progress progress) {
    return create(name, directory, null, exists, settings, progress);
  }

  /// Makes a workspace whose records lie in a database of PostgreSQL. Its folder holds everything
  /// else.
  ///
  /// @param directory where, or null for its place in Terroir's home
  /// @param address of the database, which is opened at once; null for SQLite in the folder
  /// @param exists whether one that is there is opened instead
  /// @throws WorkspaceException code `workspace-exists`, or `database-unreachable`
  public static LocalWorkspace create(
      String name,
      @Nullable Path directory,
      @Nullable PostgresAddress address,
      boolean exists,
      Settings settings,
      Progress progress) {
    if (!NAME.matcher(name).matches()) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_NAME, "`" + name + "` cannot name a workspace")
              .hint("use 2 to 32 letters, digits, `-` and `_`"));
    }
    var place = directory == null ? TerroirHome.of(settings).workspaces().resolve(name) : directory;
    place = place.toAbsolutePath().normalize();
    if (Files.exists(place.resolve(MARKER))) {
      if (!exists) {
        throw new WorkspaceException(
            Problem.of(WorkspaceCode.WORKSPACE_EXISTS, "a workspace is there already")
                .at(Place.file(place))
                .hint("choose another name, or open that one with `--workspace`"));
      }
      var there = open(place, settings, progress);
      if (address != null && !address.equals(there.details().database())) {
        throw new WorkspaceException(
            Problem.of(
                    WorkspaceCode.WORKSPACE_EXISTS,
                    "a workspace is there already, with its records elsewhere")
                .at(Place.file(place))
                .because("its database is " + there.details().toJson().string("database"))
                .hint("choose another name, or leave the database out to open that one"));
      }
      return there;
    }
    var database = address == null ? null : Database.open(address, settings);
    try {
      Files.createDirectories(place);
    } catch (IOException e) {
      throw FoundationException.ofFile("the workspace cannot be made", place, e);
    }
    write(place, WorkspaceDetails.of(name).withDatabase(address).write(JsonObject.EMPTY));
    var made = new LocalWorkspace(name, place, settings, progress);
    made.database = database;
    return made;
  }

  /// Opens the workspace in a directory.
  ///
  /// @throws WorkspaceException code `workspace-not-found`
  public static LocalWorkspace open(Path directory, Settings settings, Progress progress) {
    var place = directory.toAbsolutePath().normalize();
    var marker = place.resolve(MARKER);
    if (!Files.isRegularFile(marker)) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.WORKSPACE_NOT_FOUND, "no workspace is there")
              .at(Place.file(place))
              .hint("make one with `terroir workspace create -n NAME`"));
    }
    // Its name is read when it is asked for: many commands need none, and reading takes 12 ms of a
    // start.
    return new LocalWorkspace(null, place, settings, progress);
  }

  /// Opens the workspace that a project's config.json names; one of the retired service opens, and
  /// makes when need be, a local workspace of that name.
  ///
  /// @param start a directory, or the file itself
  /// @throws WorkspaceException code `config-not-found`, with every place that was searched
  public static LocalWorkspace fromConfig(Path start, Settings settings, Progress progress) {
    return of(WorkspaceConfig.find(start), settings, progress);
  }

  /// Opens what a config.json names.
  public static LocalWorkspace of(WorkspaceConfig config, Settings settings, Progress progress) {
    if (config.endpoint() != null) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.WORKSPACE_NOT_FOUND,
                  "the workspace is on a server and not on this machine")
              .at(Place.file(config.file()))
              .because("`endpoint` is " + config.endpoint())
              .hint("open it with `RemoteWorkspace.open` of the module `client`"));
    }
    var directory = config.directory();
    return directory == null
        ? create(config.workspaceName(), null, true, settings, progress)
        : open(directory, settings, progress);
  }

  /// The workspaces in Terroir's home.
  public static List<Path> list(Settings settings) {
    var root = TerroirHome.of(settings).workspaces();
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (var entries = Files.list(root)) {
      return entries.filter(entry -> Files.isRegularFile(entry.resolve(MARKER))).sorted().toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the workspaces cannot be listed", root, e);
    }
  }

  /// Its name.
  @Override
  public synchronized String name() {
    var known = name;
    if (known == null) {
      known = JsonReader.readObject(directory.resolve(MARKER)).string("name");
      name = known;
    }
    return known;
  }

  private static void write(Path directory, JsonObject details) {
    AtomicFiles.write(directory.resolve(MARKER), JsonWriter.indented(details, 2) + "\n");
  }

  /// What it is told to be, as `get_details` of the retired service.
  @Override
  public WorkspaceDetails details() {
    return WorkspaceDetails.read(JsonReader.readObject(directory.resolve(MARKER)));
  }

  /// Changes what it is told to be, as `update` of the retired service. Its name stays.
  ///
  /// @param change gives the new details for those that are there; called once, while nobody else
  ///   changes them
  /// @return the new ones
  @Override
  public WorkspaceDetails update(UnaryOperator<WorkspaceDetails> change) {
    try (var _ = ProcessLock.acquire(directory.resolve(MARKER + ".lock"), PATIENCE)) {
      var stored = JsonReader.readObject(directory.resolve(MARKER));
      var before = WorkspaceDetails.read(stored);
      var asked = change.apply(before);
      var after =
          new WorkspaceDetails(
              before.name(),
              asked.containerRegistry(),
              asked.defaultBases(),
              asked.conda(),
              before.database());
      write(directory, after.write(stored));
      return after;
    }
  }

  /// Where it lies.
  public Path directory() {
    return directory;
  }

  /// The process environment it was opened with.
  @Override
  public Settings settings() {
    return settings;
  }

  /// Tells the time for records.
  public Clock clock() {
    return clock;
  }

  /// Where everything that is recorded lies.
  public synchronized Database database() {
    var open = database;
    if (open == null) {
      var address = address();
      open = address == null ? Database.open(databaseFile()) : Database.open(address, settings);
      database = open;
    }
    return open;
  }

  private Path databaseFile() {
    return directory.resolve("workspace.db");
  }

  /// Where the server of its records is, or null. The file is looked through before it is read as
  /// JSON, which takes 12 ms of a start and which SQLite needs not.
  private @Nullable PostgresAddress address() {
    var marker = directory.resolve(MARKER);
    try {
      return Files.readString(marker).contains("\"database\"") ? details().database() : null;
    } catch (IOException e) {
      throw FoundationException.ofFile("the workspace cannot be read", marker, e);
    }
  }

  private synchronized Uv uv() {
    var open = uv;
    if (open == null) {
      open = Uv.open(settings, home, toolProgress);
      uv = open;
    }
    return open;
  }

  /// Registered environments.
  @Override
  public DatabaseEnvironments environments() {
    return new DatabaseEnvironments(database(), clock);
  }

  /// The list of registered environments as JSON text, without opening a database of SQLite when
  /// nothing was written since it was listed last.
  public Listing listing() {
    return new Listing(address() == null ? databaseFile() : null, this::environments, clock);
  }

  /// Locks by definition.
  public LockStore locks() {
    return new LockStore(directory.resolve("locks"), SharedWheels.of(directory, home));
  }

  /// Records of runs.
  public RunRecords runs() {
    return new RunRecords(database());
  }

  /// What runs have logged.
  public RunMetrics metrics() {
    return new RunMetrics(database());
  }

  /// Records of experiments.
  public ExperimentRecords experiments() {
    return new ExperimentRecords(database(), clock);
  }

  /// Folders of data.
  @Override
  public LocalDatastores datastores() {
    return new LocalDatastores(database(), directory.resolve("datastores"), clock);
  }

  /// Registered datasets.
  public Datasets datasets() {
    return new Datasets(database(), datastores(), clock);
  }

  /// Where runs may run.
  @Override
  public ComputeTargets computeTargets() {
    return new DatabaseComputeTargets(database(), clock);
  }

  /// What one process at a time may do.
  public Leases leases() {
    return new Leases(database());
  }

  /// Registered models.
  public ModelRegistry models() {
    return new ModelRegistry(database(), directory.resolve("models"), clock);
  }

  /// Images of environments, and the registry that holds them.
  public WorkspaceImages images() {
    var details = details();
    var bases = details.bases();
    return new WorkspaceImages(
        new ImageRecords(directory.resolve("images"), clock),
        details
            .registry()
            .<WorkspaceRegistry>map(name -> new WorkspaceRegistry.Outside(name, settings))
            .orElseGet(
                () -> new WorkspaceRegistry.Own(new OciLayout(directory.resolve("registry")))),
        locks(),
        bases,
        clock,
        details.conda().linkScripts(),
        () ->
            new DefinitionImages(
                settings, home, locks(), bases, details.conda(), this::uv, BASE_HINTS));
  }

  /// Starts to build a definition's image into the workspace's registry, as `Environment.build` of
  /// the retired service. One that is not registered is registered first; one that has an image is
  /// resolved anew. Paths in it are relative to the current directory.
  ///
  /// @return a build that goes on in a thread of this process
  @Override
  public ImageBuild build(Environment environment) {
    return build(DefinitionImages.Wish.of(environment, Path.of("").toAbsolutePath()));
  }

  /// The same with more said of the image than a definition says.
  public ImageBuild build(DefinitionImages.Wish wish) {
    registered(wish.environment());
    return images().build(wish, toolProgress);
  }

  /// The same, unless there is an image that the wish asks for, which is taken then.
  public ImageBuild buildMissing(DefinitionImages.Wish wish) {
    registered(wish.environment());
    return images().get(wish, toolProgress);
  }

  private Environment registered(Environment environment) {
    var hash = CanonicalForm.hash(environment);
    var isKnown =
        environments().versions(environment.name()).stream()
                .anyMatch(version -> version.hash().equals(hash))
            || CuratedEnvironments.find(environment.name())
                .filter(curated -> CanonicalForm.hash(curated).equals(hash))
                .isPresent();
    if (!isKnown) {
      toolProgress.line(
          "`" + environment.name() + "` is not registered: it is, before its image is built");
      environments().register(environment.withVersion(null));
    }
    return environment;
  }

  /// The same, with paths in the definition relative to the current directory.
  @Override
  public LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr) {
    return buildLocal(
        environment, useDocker, pushImageToWorkspaceAcr, Path.of("").toAbsolutePath());
  }

  /// Makes an environment on this machine, as `Environment.build_local` of the retired service.
  ///
  /// @param directory what paths in the definition are relative to
  /// @throws IllegalArgumentException when an image is to be pushed and none is made
  /// @throws dev.terroir.image.ImageException code `no-engine`, or what prevents the image
  @Override
  public LocalBuild buildLocal(
      Environment environment, boolean useDocker, boolean pushImageToWorkspaceAcr, Path directory) {
    if (!useDocker) {
      if (pushImageToWorkspaceAcr) {
        throw new IllegalArgumentException("pushImageToWorkspaceAcr needs useDocker");
      }
      return new LocalBuild.Installed(
          realise(registered(environment), LockOptions.here().withBase(directory), toolProgress));
    }
    var engine = Engine.forRuns(settings);
    var wish = DefinitionImages.Wish.of(registered(environment), directory);
    var images = images();
    if (!pushImageToWorkspaceAcr) {
      var local = images.buildInto(engine, wish, toolProgress);
      return new LocalBuild.InEngine(engine.kind(), local.delivered().name(), local.image(), false);
    }
    var image = images.build(wish, toolProgress).waitForCompletion(toolProgress::line).image();
    var delivered = new EngineDelivery(images.registry(), engine).deliver(image, toolProgress);
    return new LocalBuild.InEngine(engine.kind(), delivered.name(), image, true);
  }

  /// What is known of a definition's image, as `Environment.get_image_details` of the retired
  /// service; nothing is built.
  @Override
  public DockerImageDetails getImageDetails(Environment environment) {
    return images().details(environment);
  }

  @Override
  public Prefixes prefixes() {
    return new Prefixes(home, this::uv, details().conda());
  }

  /// The lock of a definition: the one that is kept, else a new resolution, which is kept.
  @Override
  public LockStore.Stored lock(Environment environment, LockOptions options, Progress progress) {
    return locks()
        .get(
            CanonicalForm.hash(environment),
            options.platform(),
            options.pythonVersion(),
            options.update(),
            () ->
                new Resolver(
                        uv(),
                        Replacements.DEFAULT,
                        details().conda().adding(options.virtualPackages()))
                    .resolve(
                        environment,
                        new Resolver.Target(
                            options.platform(), options.pythonVersion(), options.base()),
                        progress));
  }

  @Override
  public Optional<Lock> findLock(
      Environment environment, Platform platform, @Nullable String pythonVersion) {
    return locks().find(CanonicalForm.hash(environment), platform, pythonVersion);
  }

  @Override
  public ImportedLock importLock(ForeignLock foreign, Consumer<String> warnings) {
    var meaning = foreign.meaning(warnings, new LockedSources(this::uv, toolProgress));
    var other = locks().adopt(meaning.lock(), foreign.isReplacing());
    if (other.isPresent()) {
      throw new WorkspaceException(
          Problem.of(
                  WorkspaceCode.LOCK_TAKEN,
                  "the same packages are locked already, with other archives: lock "
                      + other.get().digest().hex().substring(0, 12))
              .at(Place.of(foreign.source()))
              .hint("`--update` takes the file's lock instead; the other one stays listed"));
    }
    return new ImportedLock(environments().register(meaning.definition()), meaning.lock());
  }

  /// The names of definitions that share a hash, for messages.
  public List<String> namesOf(String hash) {
    var names = new ArrayList<String>();
    environments()
        .list()
        .forEach((key, value) -> {
          if (value.hash().equals(hash)) {
            names.add(key);
          }
        });
    return names;
  }

  @Override
  public synchronized void close() {
    var open = database;
    if (open != null) {
      open.close();
      database = null;
    }
  }
}
