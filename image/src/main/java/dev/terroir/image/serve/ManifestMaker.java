package dev.terroir.image.serve;

import dev.terroir.image.oci.Descriptor;
import java.util.Optional;

/// Makes the manifest that a pull asks for and that is not there, such as an environment's image on
/// its first pull. Requests for one reference that come while it is being made wait for it; they do
/// not make it again. Called from many threads.
///
/// @since 0.1
@FunctionalInterface
public interface ManifestMaker {
  /// Makes an image and puts it into the store.
  ///
  /// @param repository such as `environments/train`
  /// @param reference a tag or a digest
  /// @return what the store has now, or empty when there is nothing of that name to be made
  /// @throws dev.terroir.foundation.problem.TerroirException when it could not be made
  Optional<Descriptor> make(String repository, String reference);

  /// One that makes nothing.
  static ManifestMaker none() {
    return (_, _) -> Optional.empty();
  }
}
