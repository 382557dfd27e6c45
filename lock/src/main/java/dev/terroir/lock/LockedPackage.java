package dev.terroir.lock;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One package of a lock with the artifact that is installed. Immutable.
///
/// @param name normalised project name
/// @param version PEP 440 version
/// @param artifact what is installed
/// @param index URL of the index it was found on, without credentials, or null when it came by URL
///   or path
/// @param requiredBy names of the packages that require it, `(definition)` for the definition
///   itself
/// @since 0.1
public record LockedPackage(
    String name, String version, Artifact artifact, @Nullable String index, List<String> requiredBy)
    implements Locked {
  /// Stands in `requiredBy` for the definition.
  public static final String DEFINITION = "(definition)";

  /// The kind of a wheel that is built of a commit of a repository.
  public static final String VCS = "vcs";

  /// A wheel or source distribution.
  ///
  /// @param kind `wheel`, `sdist`, `archive` for one given by URL or path, or [#VCS]
  /// @param url where it is fetched, without credentials; `file:` for local ones, and for a wheel
  ///   of a repository the commit it is built of, as [RepositoryCommit#directUrl] writes it
  /// @param fileName its file name
  /// @param sha256 64 hex digits
  /// @param sizeBytes its size, or -1 when the index did not say
  public record Artifact(String kind, String url, String fileName, String sha256, long sizeBytes) {}

  /// Copies the list.
  public LockedPackage {
    requiredBy = List.copyOf(requiredBy);
  }

  @Override
  public String url() {
    return artifact.url();
  }

  @Override
  public String fileName() {
    return artifact.fileName();
  }

  @Override
  public String digest() {
    return artifact.sha256();
  }

  @Override
  public long sizeBytes() {
    return artifact.sizeBytes();
  }

  /// The commit that its wheel is built of, when it comes from a repository.
  public Optional<RepositoryCommit> commit() {
    return artifact.kind().equals(VCS) ? RepositoryCommit.parse(artifact.url()) : Optional.empty();
  }

  /// The same with its archive at another place.
  ///
  /// @param kind as of [Artifact]
  public LockedPackage at(String kind, String url) {
    return new LockedPackage(
        name,
        version,
        new Artifact(kind, url, artifact.fileName(), artifact.sha256(), artifact.sizeBytes()),
        index,
        requiredBy);
  }

  /// The same with the packages that require it.
  public LockedPackage withRequiredBy(List<String> names) {
    return new LockedPackage(name, version, artifact, index, names);
  }
}
