package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageCode;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What hangs on the entries of a layout's index, and what is wrong with it.
final class LayoutChecking {
  private final Path directory;
  private final BlobStore blobs;
  private final LayoutContent content;

  LayoutChecking(Path directory, BlobStore blobs, LayoutContent content) {
    this.directory = directory;
    this.blobs = blobs;
    this.content = content;
  }

  /// Everything that is wrong. Reads every blob.
  List<Problem> all() {
    var problems = new ArrayList<Problem>();
    try {
      OciDocument.LAYOUT.read(
          Files.readString(directory.resolve(OciLayout.MARKER)),
          directory.resolve(OciLayout.MARKER).toString());
      for (var blob : blobFiles()) {
        blob(blob, problems);
      }
      for (var entry : content.entries()) {
        walk(entry, 0, new HashMap<>(), problems);
      }
    } catch (TerroirException e) {
      problems.addAll(e.problems());
    } catch (IOException e) {
      problems.add(FoundationException.ofFile("the layout cannot be read", directory, e).problem());
    }
    return List.copyOf(problems);
  }

  private void blob(Path file, List<Problem> problems) throws IOException {
    var named = file.resolveSibling(".").normalize().getFileName() + ":" + file.getFileName();
    if (!Digest.isWellFormed(named)) {
      problems.add(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "a file among the blobs is named by no digest")
              .at(Place.file(file))
              .hint("delete it"));
      return;
    }
    var digest = Digest.parse(named);
    var engine = digest.engine();
    try (var in = Files.newInputStream(file)) {
      in.transferTo(new java.security.DigestOutputStream(OutputStream.nullOutputStream(), engine));
    } catch (NoSuchFileException e) {
      // Pruned by another process in the meantime.
      return;
    }
    if (!digest.finish(engine).equals(digest)) {
      problems.add(
          Problem.of(ImageCode.BLOB_MISMATCH, "a blob is not the one that its digest names")
              .at(Place.file(file))
              .hint("delete it and copy or build the image again"));
    }
  }

  /// Collects what hangs on a descriptor, and what is wrong with it.
  void walk(Descriptor descriptor, int depth, Map<Digest, Long> reached, List<Problem> problems) {
    if (reached.putIfAbsent(descriptor.digest(), descriptor.sizeBytes()) != null) {
      return;
    }
    var size = content.size(descriptor.digest());
    if (size.isEmpty() && MediaType.isNotDistributed(descriptor.mediaType())) {
      return;
    }
    if (size.isEmpty() || size.get() != descriptor.sizeBytes()) {
      problems.add(
          Problem.of(
                  ImageCode.IMAGE_NOT_FOUND,
                  size.isEmpty()
                      ? "a blob that is named is not in the layout"
                      : "a blob has " + size.get() + " bytes, not " + descriptor.sizeBytes())
              .at(Place.file(directory))
              .at(Place.of("blob " + descriptor.digest()))
              .hint("copy or build the image again"));
      return;
    }
    if (depth > OciLimits.INDEX_DEPTH) {
      problems.add(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "indexes are nested too deeply")
              .at(Place.file(directory))
              .at(Place.of("index " + descriptor.digest())));
      return;
    }
    try {
      for (var part : content.parts(descriptor)) {
        walk(part, depth + 1, reached, problems);
      }
    } catch (TerroirException e) {
      problems.addAll(e.problems());
    }
  }

  /// Every file below `blobs/<algorithm>`, sorted.
  List<Path> blobFiles() throws IOException {
    if (!Files.isDirectory(blobs.directory())) {
      return List.of();
    }
    try (var files = Files.walk(blobs.directory(), 2)) {
      return files
          .filter(file -> blobs.directory().relativize(file).getNameCount() == 2)
          .filter(file -> Files.isRegularFile(file))
          .sorted()
          .toList();
    }
  }
}
