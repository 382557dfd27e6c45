package dev.terroir.workspace.images;

import dev.terroir.foundation.home.Settings;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.build.BuiltImage;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.place.ImagePlaces;
import dev.terroir.image.transfer.ForwardingTarget;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.image.transfer.OwningSource;
import java.util.List;
import java.util.Optional;

/// Where the images of a workspace are: its own registry, which is an OCI layout in its folder, or
/// an outside one. Immutable and thread-safe.
///
/// @since 0.1
public sealed interface WorkspaceRegistry {
  /// Whether an image is there.
  boolean holds(BuiltImage image);

  /// An image that is there, to be read; closed by the caller.
  ImageSource source(BuiltImage image);

  /// A repository, to be written to; closed by the caller.
  ///
  /// @param repository `azureml/azureml_<hash>`
  /// @param mountFrom other repositories of the workspace that may hold blobs already
  ImageTarget target(String repository, List<String> mountFrom);

  /// What its target calls a tag of a repository.
  String tag(String repository, String tag);

  /// The host that people and engines reach it by, unless it is the workspace's own.
  Optional<String> address();

  /// The name of a repository at that host.
  String repository(String repository);

  /// The full name of an image.
  default String name(BuiltImage image) {
    return address().map(host -> host + "/").orElse("")
        + repository(image.repository())
        + "@"
        + image.manifest().digest();
  }

  /// The workspace's own.
  ///
  /// @param layout in the workspace's folder
  record Own(OciLayout layout) implements WorkspaceRegistry {
    @Override
    public boolean holds(BuiltImage image) {
      return layout.blobs().find(image.manifest().digest()).isPresent();
    }

    @Override
    public ImageSource source(BuiltImage image) {
      return layout.source(image.manifest().digest().toString());
    }

    @Override
    public ImageTarget target(String repository, List<String> mountFrom) {
      return layout.target();
    }

    @Override
    public String tag(String repository, String tag) {
      return repository + ":" + tag;
    }

    @Override
    public Optional<String> address() {
      return Optional.empty();
    }

    @Override
    public String repository(String repository) {
      return repository;
    }
  }

  /// A registry of others, with the credentials that `docker login` and `podman login` keep.
  ///
  /// @param prefix host and, where there is one, path, such as `registry.example.com/team`
  /// @param settings the process environment
  record Outside(String prefix, Settings settings) implements WorkspaceRegistry {
    private ImageReference reference(String repository) {
      return ImageReference.parse(prefix + "/" + repository);
    }

    @Override
    public boolean holds(BuiltImage image) {
      try (var target = target(image.repository(), List.of())) {
        return target.has(image.manifest());
      } catch (ImageException e) {
        // Some registries refuse to say what is in a repository that was never written to.
        if (e.problem().code() == ImageCode.IMAGE_NOT_FOUND) {
          return false;
        }
        throw e;
      }
    }

    @Override
    public ImageSource source(BuiltImage image) {
      var places = new ImagePlaces(settings);
      var reference = reference(image.repository()).withDigest(image.manifest().digest());
      return new OwningSource(
          places.source(new ImageLocation.InRegistry(reference)), places::close);
    }

    @Override
    public ImageTarget target(String repository, List<String> mountFrom) {
      var places = new ImagePlaces(settings);
      var opened =
          places.repository(
              reference(repository),
              mountFrom.stream()
                  .filter(other -> !other.equals(repository))
                  .map(this::repository)
                  .toList());
      return new ForwardingTarget(opened) {
        @Override
        public void close() {
          try {
            super.close();
          } finally {
            places.close();
          }
        }
      };
    }

    @Override
    public String tag(String repository, String tag) {
      return tag;
    }

    @Override
    public Optional<String> address() {
      return Optional.of(reference("x").domain());
    }

    @Override
    public String repository(String repository) {
      return reference(repository).path();
    }

    /// Its name in the registry by digest.
    ImageReference reference(BuiltImage image) {
      return reference(image.repository()).withDigest(image.manifest().digest());
    }
  }
}
