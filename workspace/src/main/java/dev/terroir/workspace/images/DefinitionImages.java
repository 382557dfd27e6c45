package dev.terroir.workspace.images;

import dev.terroir.environment.DockerSection;
import dev.terroir.environment.Environment;
import dev.terroir.environment.Validation;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.base.GpuRule;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.build.OpenBase;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Credentials;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.conda.CondaOptions;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// From a definition to an image: chooses the base, locks, builds. Thread-safe; close it when done.
///
/// @since 0.1
public final class DefinitionImages implements AutoCloseable {
  private final Settings settings;
  private final LockStore locks;
  private final DefaultBases defaults;
  private final CondaOptions conda;
  private final Supplier<Uv> uv;
  private final List<String> hints;
  private final ImageBuilder builder;
  private final GpuRule gpu = GpuRule.builtIn();

  /// @param locks where the first lock of a definition is kept
  /// @param defaults bases of definitions that choose none
  /// @param conda what is decided about conda packages
  /// @param uv the tool, opened only when it is needed
  /// @param hints how else a base may be named, for a default that cannot be had; `{kind}` stands
  ///   for its kind
  public DefinitionImages(
      Settings settings,
      TerroirHome home,
      LockStore locks,
      DefaultBases defaults,
      CondaOptions conda,
      Supplier<Uv> uv,
      List<String> hints) {
    this.hints = List.copyOf(hints);
    this.settings = settings;
    this.locks = locks;
    this.defaults = defaults;
    this.conda = conda;
    this.uv = uv;
    this.builder = new ImageBuilder(settings, home, uv);
  }

  /// What to build of what.
  ///
  /// @param environment the definition
  /// @param platform what the image runs on
  /// @param pythonVersion `major.minor` instead of the definition's, or null
  /// @param takesPythonOfBase whether the base's own Python is used when the definition leaves it
  ///   open
  /// @param update whether to resolve anew
  /// @param directory what relative paths in the definition are relative to
  /// @param base a base instead of the definition's, or null
  /// @param options how to build
  public record Wish(
      Environment environment,
      Platform platform,
      @Nullable String pythonVersion,
      boolean takesPythonOfBase,
      boolean update,
      Path directory,
      @Nullable ImageLocation base,
      ImageBuilder.Options options) {
    /// The definition on the platform that it names.
    public static Wish of(Environment environment, Path directory) {
      return new Wish(
          environment,
          platformOf(environment),
          null,
          false,
          false,
          directory,
          null,
          ImageBuilder.Options.DEFAULT);
    }

    /// The same, resolved anew.
    public Wish updated() {
      return new Wish(
          environment, platform, pythonVersion, takesPythonOfBase, true, directory, base, options);
    }
  }

  /// The platform that a definition names.
  public static Platform platformOf(Environment environment) {
    var platform = environment.docker().platform();
    return Platform.parse(
        platform.os().toLowerCase(Locale.ROOT)
            + "/"
            + platform.architecture().toLowerCase(Locale.ROOT));
  }

  /// The repository of a definition's image.
  public static String repositoryOf(String hash) {
    return "azureml/azureml_" + hash;
  }

  /// Builds an image.
  ///
  /// @param destinations stay open
  public ImageBuilder.Outcome build(Wish wish, List<Destination> destinations, Progress progress) {
    var environment = wish.environment();
    var python = environment.python();
    var base = BaseChoice.of(wish, defaults);
    if (python.userManagedDependencies() || base instanceof BaseChoice.OfDockerfile) {
      Validation.check(environment);
    }
    var hash = CanonicalForm.hash(environment);
    try (var places = new ImagePlaces(settings, credentials(environment.docker(), base))) {
      return switch (base) {
        case BaseChoice.Named(var location) ->
            build(
                wish,
                hash,
                open(location.toString(), places.source(location), wish, null),
                null,
                destinations,
                progress);
        case BaseChoice.OfDockerfile dockerfile -> {
          var made =
              builder
                  .dockerfiles(places)
                  .make(
                      dockerfile.read(wish.directory(), wish.platform()), wish.update(), progress);
          yield build(
              wish,
              hash,
              open(made.name(), made.source(), wish, null),
              null,
              destinations,
              progress);
        }
        case BaseChoice.Default() -> {
          // The packages say of which kind the base is, unless it says which Python they are for.
          var lock =
              python.userManagedDependencies() || takesPythonOfBase(wish)
                  ? null
                  : lock(wish, hash, wish.pythonVersion(), progress);
          var kind = kind(wish, lock, progress);
          var location =
              ImageLocation.parse(
                  defaults.reference(kind, lock == null ? pythonOf(wish) : lock.pythonVersion()));
          yield build(
              wish, hash, ofDefault(kind, location, places, wish), lock, destinations, progress);
        }
      };
    }
  }

  /// A base, opened.
  ///
  /// @param base closed before its source
  /// @param kind of the default base, or null where one is named
  private record Base(ImageSource source, OpenBase base, DefaultBases.@Nullable Kind kind)
      implements AutoCloseable {
    @Override
    public void close() {
      base.close();
      source.close();
    }
  }

  /// @param name under which it is remembered
  /// @param source closed when it cannot be opened
  private Base open(String name, ImageSource source, Wish wish, DefaultBases.@Nullable Kind kind) {
    try {
      return new Base(source, builder.base(name, wish.platform(), source), kind);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /// A default base; whoever cannot have it is told how to name another.
  private Base ofDefault(
      DefaultBases.Kind kind, ImageLocation location, ImagePlaces places, Wish wish) {
    try {
      return open(location.toString(), places.source(location), wish, kind);
    } catch (ImageException e) {
      var problem = e.problem().because("it is the default base of the kind `" + kind.id() + "`");
      for (var hint : hints) {
        problem = problem.hint(hint.replace("{kind}", kind.id()));
      }
      throw new ImageException(problem, e);
    }
  }

  private ImageBuilder.Outcome build(
      Wish wish,
      String hash,
      Base opened,
      @Nullable Lock locked,
      List<Destination> destinations,
      Progress progress) {
    var environment = wish.environment();
    try (opened) {
      var base = opened.base();
      var lock = locked;
      if (lock == null && !environment.python().userManagedDependencies()) {
        // While the packages are resolved.
        base.lookAhead(progress);
        lock = lock(wish, hash, python(wish, base, progress), progress);
      }
      var variables =
          opened.kind() != null && lock != null && gpu.isNeeded(lock)
              ? defaults.get(DefaultBases.Kind.GPU_PYTHON).environment()
              : Map.<String, String>of();
      return builder.build(
          new ImageBuilder.Request(
              hash,
              lock,
              environment.python().interpreterPath(),
              repositoryOf(hash),
              wish.options(),
              variables,
              conda.linkScripts()),
          base,
          destinations,
          progress);
    }
  }

  private DefaultBases.Kind kind(Wish wish, @Nullable Lock lock, Progress progress) {
    if (lock == null) {
      return DefaultBases.Kind.of(false, needsPython(wish.environment()));
    }
    var needing = gpu.find(lock);
    needing.ifPresent(
        item -> progress.line(item.name() + " " + item.version() + " calls for a base with a GPU"));
    return DefaultBases.Kind.of(needing.isPresent(), true);
  }

  /// Whether the base of a definition must have a Python: not when its user manages the packages
  /// and another program runs the scripts.
  static boolean needsPython(Environment environment) {
    var python = environment.python();
    return !python.userManagedDependencies()
        || String.valueOf(Path.of(python.interpreterPath()).getFileName())
            .matches("(python|pypy)[0-9.]*");
  }

  private static boolean takesPythonOfBase(Wish wish) {
    return wish.takesPythonOfBase() && wish.pythonVersion() == null;
  }

  /// The password of this process for the registry that the definition names, with the user there.
  private CredentialSource credentials(DockerSection docker, BaseChoice base) {
    var registry = docker.baseImageRegistry();
    var user = registry.username();
    var password = settings.get(Settings.TERROIR_REGISTRY_PASSWORD);
    if (user == null || user.isBlank() || password.isEmpty()) {
      return CredentialSource.none();
    }
    var address = registry.address();
    if (address != null && !address.isBlank()) {
      return CredentialSource.of(Map.of(host(address), Credentials.of(user, password.get())));
    }
    return base instanceof BaseChoice.Named(ImageLocation.InRegistry(var reference))
        ? CredentialSource.of(Map.of(reference.domain(), Credentials.of(user, password.get())))
        : CredentialSource.none();
  }

  /// Whether files beside a definition decide its image too, so that its hash alone says little.
  public static boolean dependsOnFiles(Environment environment) {
    return BaseChoice.dockerfile(environment.docker())
        .filter(dockerfile -> !dockerfile.isText())
        .isPresent();
  }

  /// The host of a registry's address, which people also write as a URL.
  static String host(String address) {
    var host = address.strip().replaceFirst("^https?://", "").replaceFirst("/.*$", "");
    return host.equals("index.docker.io") ? "docker.io" : host;
  }

  private @Nullable String python(Wish wish, OpenBase base, Progress progress) {
    if (!takesPythonOfBase(wish)) {
      return wish.pythonVersion();
    }
    return base.facts(progress).pythons().stream()
        .filter(python -> python.isComplete())
        .map(python -> python.version())
        .findFirst()
        .orElse(null);
  }

  private Lock lock(Wish wish, String hash, @Nullable String python, Progress progress) {
    return locks
        .get(
            hash,
            wish.platform(),
            python,
            wish.update(),
            () ->
                new Resolver(uv.get(), Replacements.DEFAULT, conda)
                    .resolve(
                        wish.environment(),
                        new Resolver.Target(wish.platform(), python, wish.directory()),
                        progress))
        .lock();
  }

  /// The Python of a definition, as far as it says, for the name of a base.
  static String pythonOf(Wish wish) {
    if (wish.pythonVersion() != null) {
      return wish.pythonVersion();
    }
    var asked =
        wish.environment()
            .condaDependencies()
            .flatMap(packages -> packages.pythonVersion())
            .orElse(dev.terroir.environment.conda.CondaDependencies.DEFAULT_PYTHON);
    var numbers = asked.replaceAll("[^0-9.].*", "").split("\\.");
    return numbers.length > 1 ? numbers[0] + "." + numbers[1] : numbers[0];
  }

  @Override
  public void close() {
    builder.close();
  }
}
