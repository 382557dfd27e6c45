package dev.terroir.image.place;

import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.layout.OciArchive;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.registry.CredentialFiles;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Registries;
import dev.terroir.image.registry.RegistryOptions;
import dev.terroir.image.transfer.Destination;
import dev.terroir.image.transfer.ImageSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Opens the places of images. Thread-safe; close it when the sources and targets are closed.
///
/// @since 0.1
public final class ImagePlaces implements AutoCloseable {
  private final CredentialSource credentials;
  private @Nullable Registries registries;

  /// With the credentials that `docker login` and `podman login` keep.
  public ImagePlaces(Settings settings) {
    this(
        new CredentialFiles(
            settings, Path.of(settings.get("HOME").orElse(System.getProperty("user.home")))));
  }

  /// With credentials of the caller's.
  public ImagePlaces(CredentialSource credentials) {
    this.credentials = credentials;
  }

  private synchronized Registries registries() {
    var open = registries;
    if (open == null) {
      open = new Registries(RegistryOptions.of(credentials));
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
      case ImageLocation.InDocker(var reference) -> throw inEngine("docker", reference);
      case ImageLocation.InPodman(var reference) -> throw inEngine("podman", reference);
    };
  }

  /// Where an image is to be written; its target is closed by the caller.
  public Destination target(ImageLocation location) {
    return switch (location) {
      case ImageLocation.InRegistry(var reference) ->
          new Destination(
              registries().target(reference, List.of()), List.of(reference.tagOrLatest()));
      case ImageLocation.InLayout layout ->
          new Destination(
              new OciLayout(layout.directory()).target(),
              layout.tag() == null ? List.of() : List.of(layout.tag()));
      case ImageLocation.InOciArchive archive ->
          new Destination(OciArchive.target(archive.file(), archive.tag()), List.of());
      case ImageLocation.InDockerArchive archive ->
          new Destination(
              DockerArchive.target(
                  archive.file(),
                  Optional.ofNullable(archive.reference()).map(List::of).orElse(List.of())),
              List.of());
      case ImageLocation.InDocker(var reference) -> throw inEngine("docker", reference);
      case ImageLocation.InPodman(var reference) -> throw inEngine("podman", reference);
    };
  }

  private static ImageException inEngine(String engine, ImageReference reference) {
    return new ImageException(
        Problem.of(
                ImageCode.NO_ENGINE,
                "an engine's own store is not reached directly: `" + reference + "`")
            .at(Place.of(engine))
            .hint(
                "save it with `"
                    + engine
                    + " save -o image.tar "
                    + reference
                    + "` and name `docker-archive:image.tar`"));
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
