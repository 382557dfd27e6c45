package dev.terroir.image.place;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.layout.OciArchive;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.registry.CredentialFiles;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.PushedBlobs;
import dev.terroir.image.registry.Registries;
import dev.terroir.image.registry.RegistryOptions;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Opens the places of images. Engines are asked by their command lines, with archives in Terroir's
/// cache folder between. Thread-safe; close it when the sources and targets are closed.
///
/// @since 0.1
public final class ImagePlaces implements AutoCloseable {
  private final Settings settings;
  private final CredentialSource credentials;
  private @Nullable Registries registries;

  /// With the credentials that `docker login` and `podman login` keep.
  public ImagePlaces(Settings settings) {
    this(settings, CredentialSource.none());
  }

  /// With credentials of the caller's, and those that `docker login` and `podman login` keep where
  /// the caller's know none.
  public ImagePlaces(Settings settings, CredentialSource own) {
    this.settings = settings;
    this.credentials =
        CredentialSource.first(
            List.of(
                own,
                new CredentialFiles(
                    settings,
                    Path.of(settings.get("HOME").orElse(System.getProperty("user.home"))))));
  }

  private synchronized Registries registries() {
    var open = registries;
    if (open == null) {
      var cache = TerroirHome.of(settings).cache().resolve("images");
      open =
          new Registries(
              RegistryOptions.of(credentials), settings, new PushedBlobs(cache.resolve("pushed")));
      registries = open;
    }
    return open;
  }

  /// An image to be read.
  ///
  /// @throws ImageException code `image-not-found`, or one of the place
  public ImageSource source(ImageLocation location) {
    return switch (location) {
      case ImageLocation.InRegistry(var reference) -> registries().source(reference);
      case ImageLocation.InLayout layout -> new OciLayout(layout.directory()).source(layout.tag());
      case ImageLocation.InOciArchive archive -> OciArchive.source(archive.file(), archive.tag());
      case ImageLocation.InDockerArchive archive ->
          DockerArchive.source(archive.file(), archive.reference());
      case ImageLocation.InDocker(var reference) ->
          store(location, Engine.Kind.DOCKER).source(reference);
      case ImageLocation.InPodman(var reference) ->
          store(location, Engine.Kind.PODMAN, Engine.Kind.BUILDAH).source(reference);
    };
  }

  /// A repository of a registry, to be written to; closed by the caller.
  ///
  /// @param mountFrom other repositories of the registry that may hold the blobs already
  public ImageTarget repository(ImageReference reference, List<String> mountFrom) {
    return registries().target(reference, mountFrom);
  }

  /// Where an image is to be written; its target is closed by the caller.
  public Destination target(ImageLocation location) {
    return switch (location) {
      case ImageLocation.InRegistry(var reference) ->
          new Destination(
              registries().target(reference, List.of()), List.of(reference.tagOrLatest()));
      case ImageLocation.InLayout layout ->
          new Destination(
              OciLayout.output(layout.directory()).target(),
              layout.tag() == null ? List.of() : List.of(layout.tag()));
      case ImageLocation.InOciArchive archive ->
          new Destination(OciArchive.target(archive.file(), archive.tag()), List.of());
      case ImageLocation.InDockerArchive archive ->
          new Destination(
              DockerArchive.target(
                  archive.file(),
                  Optional.ofNullable(archive.reference()).map(List::of).orElse(List.of())),
              List.of());
      case ImageLocation.InDocker(var reference) ->
          new Destination(store(location, Engine.Kind.DOCKER).target(reference), List.of());
      case ImageLocation.InPodman(var reference) ->
          new Destination(
              store(location, Engine.Kind.PODMAN, Engine.Kind.BUILDAH).target(reference),
              List.of());
    };
  }

  /// The store of the first engine that is there; buildah shares that of Podman.
  private EngineStore store(ImageLocation location, Engine.Kind... kinds) {
    var problem =
        Problem.of(ImageCode.NO_ENGINE, "the store of an engine that is not there is named")
            .at(Place.of(location.toString()));
    for (var kind : kinds) {
      var engine = Engine.of(kind, settings);
      if (engine.isPresent()) {
        return new EngineStore(
            engine.get(), location, TerroirHome.of(settings).cache().resolve("images"));
      }
      problem = problem.because("`" + kind.program() + "` is not on PATH or does not answer");
    }
    throw new ImageException(
        problem.hint("install it and start its service, or name another place for the image"));
  }

  /// The artifacts about an image.
  ///
  /// @param artifactType only those of it, or null for all
  public List<Descriptor> referrers(
      ImageLocation location, Digest subject, @Nullable String artifactType) {
    return switch (location) {
      case ImageLocation.InRegistry(var reference) ->
          registries().referrers(reference, subject, artifactType);
      case ImageLocation.InLayout layout ->
          new OciLayout(layout.directory()).referrers(subject, artifactType);
      case ImageLocation.InOciArchive _,
          ImageLocation.InDockerArchive _,
          ImageLocation.InDocker _,
          ImageLocation.InPodman _ ->
          List.of();
    };
  }

  @Override
  public synchronized void close() {
    var open = registries;
    if (open != null) {
      open.close();
      registries = null;
    }
  }
}
