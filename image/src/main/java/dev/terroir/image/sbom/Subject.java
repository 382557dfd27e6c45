package dev.terroir.image.sbom;

import dev.terroir.image.oci.Digest;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The image that a document is about. Immutable.
///
/// @param repository such as `azureml/azureml_49f2…`
/// @param digest of its manifest
/// @param lock what was installed
/// @param baseReference the base image as it was named, or null for an image without one
/// @param baseDigest digest of the base image's manifest, or null
/// @since 0.1
public record Subject(
    String repository,
    Digest digest,
    Lock lock,
    @Nullable String baseReference,
    @Nullable Digest baseDigest) {

  /// The package URL of a locked package, with where it came from unless that is the default.
  ///
  /// Spec: Package URL, type `pypi`.
  static String packageUrl(LockedPackage item) {
    return "pkg:pypi/" + item.name() + "@" + item.version().replace("+", "%2B");
  }

  /// A name-based identifier (RFC 9562, version 8 layout over SHA-256 is not understood everywhere,
  /// so version 3), the same for the same image.
  UUID identifier(String kind) {
    return UUID.nameUUIDFromBytes((kind + "\n" + digest).getBytes(StandardCharsets.UTF_8));
  }
}
