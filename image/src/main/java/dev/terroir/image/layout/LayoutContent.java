package dev.terroir.image.layout;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a layout holds, wherever it lies: its index and its blobs.
interface LayoutContent {
  /// The annotation with the name that a layout gives an image.
  String REF_NAME = "org.opencontainers.image.ref.name";

  /// What messages call it.
  String name();

  /// The file `index.json`.
  JsonObject index();

  /// The size of a blob that is there.
  Optional<Long> size(Digest digest);

  /// The bytes of a blob that is there, unchecked.
  InputStream open(Digest digest);

  /// The bytes of a document, checked against its digest.
  byte[] document(Descriptor descriptor);

  /// The entries of the index, names still in their annotations.
  default List<Descriptor> entries() {
    return index().objects("manifests").stream().map(Descriptor::of).toList();
  }

  /// The entry that a name stands for, or that a digest is.
  default Optional<Descriptor> find(String reference) {
    var named =
        entries().stream()
            .filter(entry -> reference.equals(entry.annotations().get(REF_NAME)))
            .findFirst();
    if (named.isPresent() || !Digest.isWellFormed(reference)) {
      return named.map(LayoutContent::bare);
    }
    var digest = Digest.parse(reference);
    return entries().stream()
        .filter(entry -> entry.digest().equals(digest))
        .findFirst()
        .map(LayoutContent::bare)
        .or(() -> described(digest));
  }

  /// A manifest or index that is there as a blob, read to know which of them it is.
  private Optional<Descriptor> described(Digest digest) {
    return size(digest)
        .filter(size -> size <= OciLimits.MANIFEST_BYTES)
        .map(size -> Descriptor.of(MediaType.MANIFEST, digest, size))
        .flatMap(descriptor -> {
          try {
            var json =
                dev.terroir.foundation.json.JsonReader.parseObject(
                    new String(document(descriptor), java.nio.charset.StandardCharsets.UTF_8),
                    digest.toString());
            var kind = OciDocument.kindOf(json);
            if (kind != OciDocument.MANIFEST && kind != OciDocument.INDEX
                || !(kind == OciDocument.INDEX ? kind : OciDocument.STORED_MANIFEST)
                    .check(json)
                    .isEmpty()) {
              return Optional.empty();
            }
            return Optional.of(
                new Descriptor(
                    json.optionalString("mediaType")
                        .orElse(kind == OciDocument.INDEX ? MediaType.INDEX : MediaType.MANIFEST),
                    digest,
                    descriptor.sizeBytes(),
                    null,
                    json.optionalString("artifactType").orElse(null),
                    Map.of()));
          } catch (dev.terroir.foundation.FoundationException e) {
            // Not JSON, so neither of them.
            return Optional.empty();
          }
        });
  }

  /// The image that is meant.
  ///
  /// @param reference a name or digest, or null when there is one image only
  /// @throws ImageException code `image-not-found`, with the names that are there
  default Descriptor choose(@Nullable String reference) {
    if (reference != null) {
      return find(reference).orElseThrow(() -> notFound("has no image `" + reference + "`"));
    }
    var images =
        entries().stream()
            .filter(entry -> subject(entry).isEmpty())
            .map(LayoutContent::bare)
            .distinct()
            .toList();
    if (images.size() != 1) {
      throw notFound(
          images.isEmpty()
              ? "has no image"
              : "has " + images.size() + " images, and none of them is named");
    }
    return images.getFirst();
  }

  private ImageException notFound(String what) {
    var names =
        entries().stream()
            .flatMap(entry -> Optional.ofNullable(entry.annotations().get(REF_NAME)).stream())
            .limit(20)
            .map(name -> "`" + name + "`")
            .toList();
    return new ImageException(
        Problem.of(ImageCode.IMAGE_NOT_FOUND, "the layout " + what)
            .at(Place.of(name()))
            .hint(
                names.isEmpty()
                    ? "put an image there first"
                    : "name one that is there: " + String.join(", ", names)));
  }

  /// What the manifest of an artifact is about.
  default Optional<Descriptor> subject(Descriptor entry) {
    if (size(entry.digest()).isEmpty()) {
      return Optional.empty();
    }
    if (MediaType.isManifest(entry.mediaType())) {
      return Optional.ofNullable(
          Manifest.readStored(document(entry), entry.digest().toString()).subject());
    }
    if (MediaType.isIndex(entry.mediaType())) {
      return Optional.ofNullable(
          ImageIndex.read(document(entry), entry.digest().toString()).subject());
    }
    return Optional.empty();
  }

  /// The parts that a manifest or an index names, directly.
  default List<Descriptor> parts(Descriptor descriptor) {
    var isDocument =
        MediaType.isIndex(descriptor.mediaType()) || MediaType.isManifest(descriptor.mediaType());
    return isDocument ? partsOf(descriptor, document(descriptor)) : List.of();
  }

  /// The parts that a manifest or an index names, directly.
  static List<Descriptor> partsOf(Descriptor descriptor, byte[] bytes) {
    var source = descriptor.digest().toString();
    if (MediaType.isIndex(descriptor.mediaType())) {
      return ImageIndex.read(bytes, source).manifests();
    }
    if (MediaType.isManifest(descriptor.mediaType())) {
      var manifest = Manifest.readStored(bytes, source);
      var parts = new ArrayList<Descriptor>();
      parts.add(manifest.config());
      parts.addAll(manifest.layers());
      return parts;
    }
    return List.of();
  }

  /// The same without the annotations that belong to the index it stands in.
  static Descriptor bare(Descriptor entry) {
    return entry.withAnnotations(Map.of());
  }
}
