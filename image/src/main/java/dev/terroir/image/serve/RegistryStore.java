package dev.terroir.image.serve;

import dev.terroir.image.layout.OciLayout.Removal;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What a registry holds, as the protocol asks for it. Thread-safe.
///
/// @since 0.1
public interface RegistryStore {
  /// The names of the repositories that have something, sorted.
  List<String> repositories();

  /// Whether there is such a repository to read from.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException of the kind *request*, when the name
  ///   may mean more than one; answered as a name that is unknown
  boolean hasRepository(String repository);

  /// The tags of a repository, sorted as the specification asks.
  List<String> tags(String repository);

  /// The manifest that a tag stands for, or that a digest is.
  Optional<Descriptor> manifest(String repository, String tagOrDigest);

  /// The file of a blob or of a manifest.
  Optional<Path> blob(String repository, Digest digest);

  /// What is about a manifest, as the list of referrers describes it: with the type and the
  /// annotations of each.
  List<Descriptor> referrers(String repository, Digest subject);

  /// One that can be written to.
  ///
  /// @since 0.1
  interface Writable extends RegistryStore {
    /// Keeps a blob from being swept as unused while its image is being pushed.
    ///
    /// @return whether it is there
    boolean lease(String repository, Digest digest);

    /// Where blobs come in.
    Uploads uploads();

    /// Keeps a manifest whose parts are there.
    ///
    /// @param tags those that it gets, taken from what has them
    void putManifest(String repository, Descriptor manifest, byte[] bytes, List<String> tags);

    /// Takes a tag away; what it stood for stays until it is swept.
    Removal removeTag(String repository, String tag);

    /// Deletes a manifest with its tags in the repository.
    Removal removeManifest(String repository, Digest digest);

    /// Deletes a blob.
    Removal removeBlob(String repository, Digest digest);
  }
}
