package dev.terroir.image.serve;

import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.layout.OciLayout.Removal;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/// A layout as a registry of many repositories: the image `team/app:1.0` of the layout is the tag
/// `1.0` of the repository `team/app`, as the images of a workspace are named. Blobs, and manifests
/// by digest, belong to the layout: who may read one repository may read what any of them has, if
/// they know its digest. Any number of processes may serve one layout.
///
/// @since 0.1
public final class LayoutStore implements RegistryStore.Writable {
  private final OciLayout layout;
  private final Clock clock;
  private final Uploads uploads;

  /// @param layout made when the first image is pushed
  public LayoutStore(OciLayout layout, Clock clock) {
    this.layout = layout;
    this.clock = clock;
    this.uploads = new Uploads(layout.directory().resolve(".uploads"), layout.blobs(), clock);
  }

  @Override
  public List<String> repositories() {
    return layout.names().keySet().stream()
        .filter(ImageReference::isRepositoryTag)
        .map(name -> name.substring(0, name.lastIndexOf(':')))
        .distinct()
        .sorted()
        .toList();
  }

  /// Every name is a repository that nothing has been pushed to yet, but only those with a tag can
  /// be listed.
  @Override
  public boolean hasRepository(String repository) {
    return true;
  }

  @Override
  public List<String> tags(String repository) {
    return new ServedRepository(layout, repository).tags();
  }

  @Override
  public Optional<Descriptor> manifest(String repository, String tagOrDigest) {
    return new ServedRepository(layout, repository).find(tagOrDigest);
  }

  @Override
  public Optional<Path> blob(String repository, Digest digest) {
    return layout.blobs().find(digest);
  }

  @Override
  public List<Descriptor> referrers(String repository, Digest subject) {
    return ServedRepository.referrers(layout, subject);
  }

  @Override
  public boolean lease(String repository, Digest digest) {
    var file = layout.blobs().find(digest);
    if (file.isEmpty()) {
      return false;
    }
    try {
      Files.setLastModifiedTime(file.get(), FileTime.from(clock.instant()));
      return true;
    } catch (IOException e) {
      // Swept in this moment, or another user's file, whose age is theirs to keep.
      return Files.exists(file.get());
    }
  }

  @Override
  public Uploads uploads() {
    return uploads;
  }

  @Override
  public void putManifest(String repository, Descriptor manifest, byte[] bytes, List<String> tags) {
    layout.putManifest(manifest, bytes, tags.stream().map(tag -> repository + ":" + tag).toList());
  }

  @Override
  public Removal removeTag(String repository, String tag) {
    return layout.remove(repository + ":" + tag) ? Removal.REMOVED : Removal.MISSING;
  }

  @Override
  public Removal removeManifest(String repository, Digest digest) {
    return layout.find(digest.toString()).isEmpty()
        ? Removal.MISSING
        : layout.removeManifest(digest, repository + ":");
  }

  @Override
  public Removal removeBlob(String repository, Digest digest) {
    return layout.removeBlob(digest);
  }
}
