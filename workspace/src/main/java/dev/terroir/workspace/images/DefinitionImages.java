package dev.terroir.workspace.images;

import dev.terroir.environment.DockerSection;
import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.DefaultBases;
import dev.terroir.image.build.ImageBuilder;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.Resolver;
import dev.terroir.resolve.tool.Uv;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// From a definition to an image: chooses the base, locks, builds. Thread-safe; close it when done.
///
/// @since 0.1
public final class DefinitionImages implements AutoCloseable {
  private final LockStore locks;
  private final DefaultBases defaults;
  private final Supplier<Uv> uv;
  private final ImageBuilder builder;
  private final ImagePlaces places;

  /// @param locks where the first lock of a definition is kept
  /// @param defaults bases of definitions that choose none
  /// @param uv the tool, opened only when it is needed
  public DefinitionImages(
      Settings settings,
      TerroirHome home,
      LockStore locks,
      DefaultBases defaults,
      Supplier<Uv> uv) {
    this.locks = locks;
    this.defaults = defaults;
    this.uv = uv;
    this.builder = new ImageBuilder(settings, home, uv);
    this.places = new ImagePlaces(settings);
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
    var location = base(wish);
    var hash = CanonicalForm.hash(environment);
    var name = location.toString();
    try (var source = places.source(location)) {
      var base = builder.base(name, wish.platform(), source);
      var lock =
          environment.python().userManagedDependencies()
              ? null
              : lock(wish, hash, python(wish, base, source, progress), progress);
      return builder.build(
          new ImageBuilder.Request(
              hash,
              lock,
              environment.python().interpreterPath(),
              repositoryOf(hash),
              wish.options()),
          base,
          source,
          destinations,
          progress);
    }
  }

  private @Nullable String python(
      Wish wish, BaseImage base, ImageSource source, Progress progress) {
    if (wish.pythonVersion() != null || !wish.takesPythonOfBase()) {
      return wish.pythonVersion();
    }
    return builder.facts(base, source, progress).pythons().stream()
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
                new Resolver(uv.get(), Replacements.DEFAULT)
                    .resolve(
                        wish.environment(),
                        new Resolver.Target(wish.platform(), python, wish.directory()),
                        progress))
        .lock();
  }

  /// Where the base comes from: what was asked for, else what the definition names, else the
  /// default of its kind. A name that the retired service put into every definition counts as none.
  public ImageLocation base(Wish wish) {
    if (wish.base() != null) {
      return wish.base();
    }
    var docker = wish.environment().docker();
    if (docker.baseDockerfile() != null || docker.buildContext() != null) {
      throw new ImageException(
          Problem.of(ImageCode.NO_ENGINE, "a base Dockerfile is not built yet")
              .at(Place.field("docker.baseDockerfile"))
              .hint("build it with an engine and name the result with --base"));
    }
    return named(docker)
        .orElseGet(() ->
            ImageLocation.parse(defaults.reference(DefaultBases.Kind.CPU_PYTHON, pythonOf(wish))));
  }

  private Optional<ImageLocation> named(DockerSection docker) {
    var image = docker.baseImage();
    if (image == null || image.isBlank() || defaults.isRetiredDefault(image)) {
      return Optional.empty();
    }
    var address = docker.baseImageRegistry().address();
    return Optional.of(
        ImageLocation.parse(
            address == null || image.startsWith(address + "/") ? image : address + "/" + image));
  }

  private static String pythonOf(Wish wish) {
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
    places.close();
  }
}
