package dev.terroir.image.sbom;

import dev.terroir.image.oci.Digest;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.lock.Locked;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
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
    return "pkg:pypi/"
        + item.name()
        + "@"
        + item.version().replace("+", "%2B")
        + published(item)
            .map(commit -> "?vcs_url=" + escaped(commit.directUrl().replaceFirst("#.*", "")))
            .orElse("");
  }

  /// The commit that a package is built of, unless its repository is this machine's.
  private static Optional<RepositoryCommit> published(Locked item) {
    return item instanceof LockedPackage wheel
        ? wheel.commit().filter(commit -> !commit.url().startsWith("file:"))
        : Optional.empty();
  }

  /// The package URL of a package of either kind.
  static String packageUrl(Locked item) {
    return switch (item) {
      case LockedPackage wheel -> packageUrl(wheel);
      case CondaPackage conda -> packageUrl(conda);
    };
  }

  /// The package URL of a conda package.
  ///
  /// Spec: Package URL, type `conda`.
  static String packageUrl(CondaPackage item) {
    var channel = item.channel().replaceAll("/+$", "");
    return "pkg:conda/"
        + escaped(item.name())
        + "@"
        + escaped(item.version())
        + "?build="
        + escaped(item.build())
        + "&channel="
        + escaped(channel.substring(channel.lastIndexOf('/') + 1))
        + "&subdir="
        + escaped(item.subdir())
        + "&type="
        + (item.fileName().endsWith(".conda") ? "conda" : "tar.bz2");
  }

  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
  }

  /// Where it was fetched; of a local archive only its name, for the path is this machine's.
  static String distribution(Locked item) {
    if (item instanceof LockedPackage wheel && wheel.commit().isPresent()) {
      // As SPDX writes locations in repositories: the path follows `#`.
      return published(item)
          .map(commit ->
              "git+"
                  + commit.url()
                  + "@"
                  + commit.commit()
                  + (commit.subdirectory() == null ? "" : "#" + commit.subdirectory()))
          .orElse(item.fileName());
    }
    return item.url().startsWith("file:") ? item.fileName() : item.url();
  }

  /// The MD5 of an archive of which nothing better is known, else null.
  static @Nullable String md5(Locked item) {
    return item instanceof CondaPackage conda && conda.sha256() == null ? conda.md5() : null;
  }

  /// The package of a kind's name that requires another of its kind.
  Optional<Locked> requirer(Locked item, String name) {
    return switch (item) {
      case LockedPackage _ -> lock.find(name).map(found -> found);
      case CondaPackage _ -> lock.conda().find(name).map(found -> found);
    };
  }

  /// A name-based identifier (RFC 9562, version 8 layout over SHA-256 is not understood everywhere,
  /// so version 3), the same for the same image.
  UUID identifier(String kind) {
    return UUID.nameUUIDFromBytes((kind + "\n" + digest).getBytes(StandardCharsets.UTF_8));
  }
}
