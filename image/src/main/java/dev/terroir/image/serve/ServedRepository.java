package dev.terroir.image.serve;

import dev.terroir.foundation.FoundationException;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a repository's name stands for: the images of a layout, or those of them whose names begin
/// with a prefix. Immutable.
///
/// @param layout where the images are
/// @param prefix what comes before `:` and the tag in the layout's names, or empty when they are
///   the tags
/// @since 0.1
public record ServedRepository(OciLayout layout, String prefix) {
  /// All images of a layout, by their names.
  public static ServedRepository of(OciLayout layout) {
    return new ServedRepository(layout, "");
  }

  private String lead() {
    return prefix.isEmpty() ? "" : prefix + ":";
  }

  /// The tags, sorted as the specification asks.
  List<String> tags() {
    return layout.names().keySet().stream()
        .filter(name -> name.startsWith(lead()))
        .map(name -> name.substring(lead().length()))
        .filter(dev.terroir.image.oci.ImageReference::isTag)
        .sorted()
        .toList();
  }

  /// What is about a manifest, each described with its type and annotations as the specification
  /// asks: an artifact without a type of its own has that of its configuration.
  static List<Descriptor> referrers(OciLayout layout, Digest subject) {
    return layout.referrers(subject, null).stream()
        .collect(
            Collectors.toMap(
                Descriptor::digest, Function.identity(), (one, _) -> one, LinkedHashMap::new))
        .values()
        .stream()
        .flatMap(entry -> described(layout, entry).stream())
        .toList();
  }

  private static Optional<Descriptor> described(OciLayout layout, Descriptor entry) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(layout.blobs().path(entry.digest()));
    } catch (NoSuchFileException e) {
      // Deleted by another process in the meantime.
      return Optional.empty();
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "a manifest cannot be read", layout.blobs().path(entry.digest()), e);
    }
    var source = entry.digest().toString();
    String type;
    Map<String, String> annotations;
    if (MediaType.isIndex(entry.mediaType())) {
      var index = ImageIndex.read(bytes, source);
      type = index.artifactType();
      annotations = index.annotations();
    } else {
      var manifest = Manifest.readStored(bytes, source);
      type =
          manifest.artifactType() == null ? manifest.config().mediaType() : manifest.artifactType();
      annotations = manifest.annotations();
    }
    return Optional.of(
        new Descriptor(
            entry.mediaType(), entry.digest(), entry.sizeBytes(), null, type, annotations));
  }

  Optional<Descriptor> find(String tagOrDigest) {
    return Digest.isWellFormed(tagOrDigest)
        ? layout.find(tagOrDigest)
        : layout.find(lead() + tagOrDigest);
  }
}
