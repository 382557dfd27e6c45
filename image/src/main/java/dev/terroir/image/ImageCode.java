package dev.terroir.image;

import dev.terroir.foundation.problem.Code;

/// The failures of images.
///
/// @since 0.1
public enum ImageCode implements Code {
  /// A package archive is damaged, ambiguous or hostile; nothing of it is used.
  INVALID_ARCHIVE("invalid-archive", Kind.REQUEST),
  /// A fetched archive is not the one that its SHA-256 in the lock names.
  ARCHIVE_MISMATCH("archive-mismatch", Kind.SURROUNDINGS),
  /// A package archive cannot be fetched.
  ARCHIVE_UNREACHABLE("archive-unreachable", Kind.SURROUNDINGS),
  /// Python modules cannot be compiled to byte-code.
  BYTE_CODE("byte-code", Kind.SURROUNDINGS),
  /// A manifest, index, configuration or layout breaks the OCI image specification.
  INVALID_OCI_DOCUMENT("invalid-oci-document", Kind.REQUEST),
  /// A name of an image does not follow the grammar of references.
  INVALID_IMAGE_REFERENCE("invalid-image-reference", Kind.REQUEST),
  /// An image, tag or blob is not where it was looked for.
  IMAGE_NOT_FOUND("image-not-found", Kind.REQUEST),
  /// An image does not exist for the platform that is asked for.
  WRONG_IMAGE_PLATFORM("wrong-image-platform", Kind.REQUEST),
  /// A registry does not answer, or stops in the middle of a transfer.
  REGISTRY_UNREACHABLE("registry-unreachable", Kind.SURROUNDINGS),
  /// A registry refuses the credentials or the permission.
  REGISTRY_DENIED("registry-denied", Kind.SURROUNDINGS),
  /// A registry refuses a request for another reason, such as a quota or a read-only mode.
  REGISTRY_REFUSED("registry-refused", Kind.SURROUNDINGS),
  /// A blob is not the one that its digest names.
  BLOB_MISMATCH("blob-mismatch", Kind.SURROUNDINGS),
  /// A base image lacks what the environment needs of it.
  BASE_NOT_FIT("base-not-fit", Kind.REQUEST),
  /// A Dockerfile breaks its grammar.
  DOCKERFILE_SYNTAX("dockerfile-syntax", Kind.REQUEST),
  /// An engine could not build a Dockerfile.
  DOCKERFILE_FAILED("dockerfile-failed", Kind.FAILED),
  /// A container engine is needed and none is there.
  NO_ENGINE("no-engine", Kind.SURROUNDINGS),
  /// A container engine ended with an error.
  ENGINE_FAILED("engine-failed", Kind.SURROUNDINGS),
  /// An image could not be built.
  IMAGE_BUILD_FAILED("image-build-failed", Kind.FAILED);

  private final String id;
  private final Kind kind;

  ImageCode(String id, Kind kind) {
    this.id = id;
    this.kind = kind;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Kind kind() {
    return kind;
  }
}
