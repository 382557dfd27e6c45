package dev.terroir.image.serve;

import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.util.List;
import java.util.Optional;

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

  Optional<Descriptor> find(String tagOrDigest) {
    return Digest.isWellFormed(tagOrDigest)
        ? layout.find(tagOrDigest)
        : layout.find(lead() + tagOrDigest);
  }
}
