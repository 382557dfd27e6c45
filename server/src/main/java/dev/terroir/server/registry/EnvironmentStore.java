package dev.terroir.server.registry;

import dev.terroir.image.layout.OciLayout.Removal;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.serve.LayoutStore;
import dev.terroir.image.serve.RegistryStore;
import dev.terroir.image.serve.Uploads;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/// The workspace's layout, and beside what it names the environments, whose images are those of
/// their definitions: `environments/<name>` is only another name of them. Thread-safe.
final class EnvironmentStore implements RegistryStore.Writable {
  private final LayoutStore layout;
  private final EnvironmentRepositories environments;
  private final EnvironmentImages images;
  private final BiConsumer<String, String> audit;

  /// @param audit is told the action and the subject of what was pushed or deleted
  EnvironmentStore(
      LayoutStore layout,
      EnvironmentRepositories environments,
      EnvironmentImages images,
      BiConsumer<String, String> audit) {
    this.layout = layout;
    this.environments = environments;
    this.images = images;
    this.audit = audit;
  }

  private static boolean isEnvironment(String repository) {
    return repository.startsWith(EnvironmentRepositories.LEAD);
  }

  @Override
  public List<String> repositories() {
    var all = new TreeSet<>(layout.repositories());
    all.addAll(environments.all());
    return List.copyOf(all);
  }

  @Override
  public boolean hasRepository(String repository) {
    return isEnvironment(repository)
        ? environments.name(repository).isPresent()
        : layout.hasRepository(repository);
  }

  @Override
  public List<String> tags(String repository) {
    return isEnvironment(repository) ? environments.tags(repository) : layout.tags(repository);
  }

  @Override
  public Optional<Descriptor> manifest(String repository, String tagOrDigest) {
    return isEnvironment(repository) && ImageReference.isTag(tagOrDigest)
        ? environments.find(repository, tagOrDigest).flatMap(images::find)
        : layout.manifest(repository, tagOrDigest);
  }

  @Override
  public Optional<Path> blob(String repository, Digest digest) {
    return layout.blob(repository, digest);
  }

  @Override
  public List<Descriptor> referrers(String repository, Digest subject) {
    return layout.referrers(repository, subject);
  }

  @Override
  public boolean lease(String repository, Digest digest) {
    return layout.lease(repository, digest);
  }

  @Override
  public Uploads uploads() {
    return layout.uploads();
  }

  @Override
  public void putManifest(String repository, Descriptor manifest, byte[] bytes, List<String> tags) {
    layout.putManifest(repository, manifest, bytes, tags);
    var names =
        tags.isEmpty()
            ? List.of("@" + manifest.digest())
            : tags.stream().map(tag -> ":" + tag).toList();
    names.forEach(name -> audit.accept("registry.push", repository + name));
  }

  @Override
  public Removal removeTag(String repository, String tag) {
    return deleted(repository + ":" + tag, layout.removeTag(repository, tag));
  }

  @Override
  public Removal removeManifest(String repository, Digest digest) {
    return deleted(repository + "@" + digest, layout.removeManifest(repository, digest));
  }

  @Override
  public Removal removeBlob(String repository, Digest digest) {
    return deleted(repository + "@" + digest, layout.removeBlob(repository, digest));
  }

  private Removal deleted(String subject, Removal outcome) {
    if (outcome == Removal.REMOVED) {
      audit.accept("registry.delete", subject);
    }
    return outcome;
  }
}
