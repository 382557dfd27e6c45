package dev.terroir.image.serve;

import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Repositories that are named only when they are asked for, to be read from.
///
/// @param find what a name stands for
record ServedRepositories(Function<String, Optional<ServedRepository>> find)
    implements RegistryStore {
  @Override
  public List<String> repositories() {
    return List.of();
  }

  @Override
  public boolean hasRepository(String repository) {
    return find.apply(repository).isPresent();
  }

  @Override
  public List<String> tags(String repository) {
    return find.apply(repository).map(ServedRepository::tags).orElse(List.of());
  }

  @Override
  public Optional<Descriptor> manifest(String repository, String tagOrDigest) {
    return find.apply(repository).flatMap(served -> served.find(tagOrDigest));
  }

  @Override
  public Optional<Path> blob(String repository, Digest digest) {
    return find.apply(repository).flatMap(served -> served.layout().blobs().find(digest));
  }

  @Override
  public List<Descriptor> referrers(String repository, Digest subject) {
    return find.apply(repository)
        .map(served -> ServedRepository.referrers(served.layout(), subject))
        .orElse(List.of());
  }
}
