package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.layout.OciLayout.Change;
import dev.terroir.image.layout.OciLayout.Removal;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// Takes single manifests and blobs out of a layout: first out of its index, then the file, so that
/// a kill in between leaves a file too many and never one too few.
///
/// @param reached what hangs on entries of the index
record LayoutRemoval(LayoutContent content, Function<List<JsonObject>, Set<Digest>> reached) {
  /// Changes the index, and does something afterwards before anybody else may change it.
  @FunctionalInterface
  interface Changing {
    boolean change(Change change, Runnable afterwards);
  }

  /// Takes named entries away. An artifact about another image has no need of a name: it stays,
  /// without one, when its last is taken.
  ///
  /// @return whether there were any
  static boolean withdraw(
      LayoutContent content, List<JsonObject> entries, Predicate<JsonObject> which) {
    var withdrawn = entries.stream().filter(which).toList();
    entries.removeAll(withdrawn);
    for (var entry : withdrawn) {
      var digest = entry.string("digest");
      if (entries.stream().noneMatch(other -> other.string("digest").equals(digest))
          && isArtifact(content, entry)) {
        var descriptor = Descriptor.of(entry);
        var annotations = new LinkedHashMap<>(descriptor.annotations());
        annotations.remove(LayoutContent.REF_NAME);
        entries.add(descriptor.withAnnotations(annotations).toJson());
      }
    }
    return !withdrawn.isEmpty();
  }

  /// Whether it is about another image, as far as it can be read.
  static boolean isArtifact(LayoutContent content, JsonObject entry) {
    try {
      return content.subject(Descriptor.of(entry)).isPresent();
    } catch (TerroirException e) {
      // A damaged one is not worth keeping, and must not prevent that it is replaced.
      return false;
    }
  }

  Removal manifest(Changing layout, BlobStore blobs, Digest digest, String prefix) {
    var outcome = new Removal[] {Removal.MISSING};
    layout.change(
        entries -> {
          var own =
              entries.stream()
                  .filter(entry -> entry.string("digest").equals(digest.toString()))
                  .toList();
          var others = new ArrayList<>(entries);
          others.removeAll(own);
          var isNeeded =
              own.stream().anyMatch(entry -> !isUnnamed(entry) && !name(entry).startsWith(prefix))
                  || reached.apply(others).contains(digest);
          // Where others need it, only the names of this repository go.
          var gone =
              own.stream()
                  .filter(entry -> !isNeeded || !isUnnamed(entry) && name(entry).startsWith(prefix))
                  .toList();
          entries.removeAll(gone);
          if (!gone.isEmpty() || blobs.find(digest).isPresent()) {
            outcome[0] = isNeeded && gone.isEmpty() ? Removal.NEEDED : Removal.REMOVED;
          }
          return !gone.isEmpty();
        },
        () -> {
          if (outcome[0] == Removal.REMOVED) {
            deleteUnlessNeeded(blobs, digest);
          }
        });
    return outcome[0];
  }

  Removal blob(Changing layout, BlobStore blobs, Digest digest) {
    var outcome = new Removal[] {Removal.MISSING};
    layout.change(entries -> false, () -> outcome[0] = deleteUnlessNeeded(blobs, digest));
    return outcome[0];
  }

  private Removal deleteUnlessNeeded(BlobStore blobs, Digest digest) {
    if (blobs.find(digest).isEmpty()) {
      return Removal.MISSING;
    }
    if (reached.apply(content.index().objects("manifests")).contains(digest)) {
      return Removal.NEEDED;
    }
    try {
      return Files.deleteIfExists(blobs.path(digest)) ? Removal.REMOVED : Removal.MISSING;
    } catch (IOException e) {
      throw FoundationException.ofFile("a blob cannot be deleted", blobs.path(digest), e);
    }
  }

  private static boolean isUnnamed(JsonObject entry) {
    return OciLayout.isUnnamed(entry);
  }

  private static String name(JsonObject entry) {
    return OciLayout.annotation(entry, LayoutContent.REF_NAME);
  }
}
