package dev.terroir.image.base;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.transfer.ImageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/// Base images on this machine: manifests and configurations in a store of blobs, what references
/// stood for, and what images hold. A layer comes only when something has to be read from it.
/// Thread-safe; any number of processes may use one folder.
///
/// ```
/// references/<digits>.json     what a reference stood for, on one platform, and when
/// facts/<digits>.json          what the image of a manifest holds
/// programs/<digits>.json       where a program lies in the image of a manifest
/// ```
///
/// @since 0.1
public final class BaseImages {
  private static final String FORMAT = "terroir-base-reference/1";

  /// The path that a container has when its image says none.
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final BlobStore blobs;
  private final Path directory;
  private final Clock clock;

  /// @param blobs where documents and layers are kept
  /// @param directory for the records; made when the first one comes
  public BaseImages(BlobStore blobs, Path directory, Clock clock) {
    this.blobs = blobs;
    this.directory = directory;
    this.clock = clock;
  }

  /// Finds out what a reference stands for now, and remembers it.
  ///
  /// @param reference without credentials; the name under which it is remembered
  /// @param source the image it stands for; manifests that are kept already are not read from it
  /// @throws ImageException code `wrong-image-platform`, `invalid-oci-document`, `blob-mismatch`,
  ///   or one of the source
  public BaseImage resolve(String reference, Platform platform, ImageSource source) {
    var image =
        new ImageReader(reference, platform, descriptor -> document(descriptor, source))
            .read(source.root(), clock.instant());
    var json =
        JsonObject.builder()
            .put("format", FORMAT)
            .put("reference", reference)
            .put("platform", platform.toString())
            .put("manifest", image.manifest().toJson())
            .put("resolvedAt", image.resolvedAt().toString())
            .build();
    AtomicFiles.writeCached(record(reference, platform), JsonWriter.indented(json, 2) + "\n");
    return image;
  }

  /// What a reference stood for when it was last resolved, if all documents are still here.
  public Optional<BaseImage> remembered(String reference, Platform platform) {
    var file = record(reference, platform);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      var json = JsonReader.readObject(file);
      var manifest = json.object("manifest");
      if (!json.string("format").equals(FORMAT)
          || !json.string("reference").equals(reference)
          || !json.string("platform").equals(platform.toString())) {
        return Optional.empty();
      }
      var descriptor =
          Descriptor.of(
              manifest.string("mediaType"),
              Digest.parse(manifest.string("digest")),
              manifest.longValue("size"));
      return Optional.of(
          new ImageReader(
                  reference, platform, wanted -> kept(wanted).orElseThrow(() -> missing(wanted)))
              .read(descriptor, Instant.parse(json.string("resolvedAt"))));
    } catch (TerroirException | DateTimeParseException e) {
      // A record that cannot be used is as good as none: resolving it again mends it.
      return Optional.empty();
    }
  }

  private static ImageException missing(Descriptor descriptor) {
    return new ImageException(
        Problem.of(ImageCode.IMAGE_NOT_FOUND, "a document of a base image is not kept")
            .at(Place.of(descriptor.digest().toString())));
  }

  private Path record(String reference, Platform platform) {
    return directory
        .resolve("references")
        .resolve(Sha256.of(reference + "\n" + platform).hex() + ".json");
  }

  /// The checked bytes of a document: kept ones, else the source's, which are then kept.
  private byte[] document(Descriptor descriptor, ImageSource source) {
    var there = kept(descriptor);
    if (there.isPresent()) {
      return there.get();
    }
    var isConfig =
        descriptor.mediaType().contains("config")
            || descriptor.mediaType().contains("container.image");
    byte[] bytes;
    if (isConfig) {
      bytes = read(fetch(descriptor, source));
    } else {
      bytes = source.manifest(descriptor);
      if (!matches(descriptor, bytes)) {
        throw mismatch(descriptor, "it has " + bytes.length + " bytes with another digest");
      }
      blobs.put(bytes);
    }
    return bytes;
  }

  private Optional<byte[]> kept(Descriptor descriptor) {
    var file = blobs.find(descriptor.digest());
    if (file.isEmpty()) {
      return Optional.empty();
    }
    var bytes = read(file.get());
    if (matches(descriptor, bytes)) {
      return Optional.of(bytes);
    }
    delete(file.get());
    return Optional.empty();
  }

  private static boolean matches(Descriptor descriptor, byte[] bytes) {
    return bytes.length == descriptor.sizeBytes()
        && Digest.of(Sha256.of(bytes)).equals(descriptor.digest());
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("a document of a base image cannot be read", file, e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw FoundationException.ofFile("a damaged blob cannot be deleted", file, e);
    }
  }

  /// A blob of a base image as a file of this machine; fetched when it is not here, or damaged.
  ///
  /// @throws ImageException code `blob-mismatch`, when the source delivers another or only a part
  public Path fetch(Descriptor descriptor, ImageSource source) {
    try {
      var kept = blobs.path(descriptor.digest());
      if (blobs.verify(descriptor.digest()) && Files.size(kept) == descriptor.sizeBytes()) {
        return kept;
      }
      try (var in = source.blob(descriptor);
          var out = blobs.writer(descriptor.digest())) {
        var buffer = new byte[1 << 16];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          if (out.sizeBytes() + read > descriptor.sizeBytes()) {
            throw mismatch(
                descriptor, "more than its " + descriptor.sizeBytes() + " bytes were delivered");
          }
          out.write(buffer, 0, read);
        }
        if (out.sizeBytes() < descriptor.sizeBytes()) {
          throw mismatch(
              descriptor,
              "only "
                  + out.sizeBytes()
                  + " of its "
                  + descriptor.sizeBytes()
                  + " bytes were delivered");
        }
        out.commit(descriptor.digest());
      }
      return kept;
    } catch (IOException e) {
      throw new ImageException(
          Problem.of(ImageCode.REGISTRY_UNREACHABLE, "a blob of the base image cannot be fetched")
              .at(Place.of(descriptor.digest().toString()))
              .because(String.valueOf(e.getMessage()))
              .hint("try again; nothing of it was kept"),
          e);
    }
  }

  static ImageException mismatch(Descriptor descriptor, String why) {
    return new ImageException(
        Problem.of(ImageCode.BLOB_MISMATCH, "a blob of the base image is not what its digest names")
            .at(Place.of(descriptor.digest().toString()))
            .because(why)
            .hint("try again: it is fetched anew; if it stays so, name another base image"));
  }

  /// What an image holds, if it was looked at before.
  public Optional<BaseFacts> facts(BaseImage image) {
    var file = factsFile(image);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return BaseFacts.parse(JsonReader.readObject(file));
    } catch (FoundationException e) {
      // Damaged; looking again replaces it.
      return Optional.empty();
    }
  }

  /// What an image holds: kept, else found in its layers, which are fetched for it.
  ///
  /// @throws ImageException code `blob-mismatch` or `invalid-oci-document`
  public BaseFacts facts(BaseImage image, ImageSource source, Progress progress) {
    var known = facts(image);
    if (known.isPresent()) {
      return known.get();
    }
    var tree = tree(image, source, progress);
    var facts = new FactFinder(tree, image.environment()).find();
    AtomicFiles.writeCached(factsFile(image), JsonWriter.indented(facts.toJson(), 2) + "\n");
    return facts;
  }

  private ImageTree tree(BaseImage image, ImageSource source, Progress progress) {
    progress.step("looking into the base image " + image.reference());
    var tree = new ImageTree();
    var reader = new LayerReader(tree);
    for (int i = 0; i < image.layers().size(); i++) {
      var layer = image.layers().get(i);
      var file = fetch(layer.blob(), source);
      try {
        reader.read(layer, file);
      } catch (ImageException e) {
        // What is damaged here is not what the next try finds.
        delete(file);
        throw e;
      }
      progress.advance(i + 1, image.layers().size(), Progress.Unit.ITEMS);
    }
    return tree;
  }

  /// Where a program lies in an image, all links followed, as a shell in it would find it.
  ///
  /// @param name a path, or a name on the image's PATH
  /// @return empty when it is not there or cannot be executed
  /// @throws ImageException code `blob-mismatch` or `invalid-oci-document`
  public Optional<String> program(
      BaseImage image, String name, ImageSource source, Progress progress) {
    var file =
        directory
            .resolve("programs")
            .resolve(Sha256.of(image.manifest().digest() + "\n" + name).hex() + ".json");
    if (Files.isRegularFile(file)) {
      try {
        return JsonReader.readObject(file).optionalString("path");
      } catch (FoundationException e) {
        // Damaged; looking again replaces it.
      }
    }
    var tree = tree(image, source, progress);
    var candidates =
        name.contains("/")
            ? List.of("/" + name)
            : path(image).stream().map(folder -> folder + "/" + name).toList();
    var found =
        candidates.stream()
            .flatMap(candidate -> tree.file(candidate).stream())
            .filter(candidate -> candidate.node().isExecutable())
            .map(ImageTree.Resolved::path)
            .findFirst();
    var json = JsonObject.builder().put("program", name).put("path", found.orElse(null)).build();
    AtomicFiles.writeCached(file, JsonWriter.indented(json, 2) + "\n");
    return found;
  }

  private static List<String> path(BaseImage image) {
    var path =
        image.environment().stream()
            .filter(line -> line.startsWith("PATH="))
            .map(line -> line.substring("PATH=".length()))
            .reduce((_, last) -> last)
            .orElse(DEFAULT_PATH);
    return List.of(path.split(":")).stream().filter(folder -> folder.startsWith("/")).toList();
  }

  /// Writes the uncompressed archive of a layer, which is fetched when it is not here.
  ///
  /// @param to must not exist
  /// @throws ImageException code `blob-mismatch`
  public void unpack(BaseImage.Layer layer, ImageSource source, Path to) {
    var file = fetch(layer.blob(), source);
    try {
      LayerReader.unpack(layer, file, to);
    } catch (ImageException e) {
      // What is damaged here is not what the next try finds.
      delete(file);
      throw e;
    }
  }

  private Path factsFile(BaseImage image) {
    return directory.resolve("facts").resolve(image.manifest().digest().encoded() + ".json");
  }
}
