package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An OCI layout in a directory: blobs, and an index whose entries are named by
/// `org.opencontainers.image.ref.name`. Referrers are entries without a name.
///
/// Any number of threads and processes may use one layout: a blob appears by rename before the
/// index that names it, and the index is replaced whole by one process at a time. A kill at any
/// instant leaves a layout in which everything that is named is there.
///
/// Spec: OCI image specification, "Image layout".
///
/// @since 0.1
public final class OciLayout {
  /// The name of the file that says what the directory is.
  static final String MARKER = "oci-layout";

  /// The name of the index.
  static final String INDEX = "index.json";

  /// How long a change of the index waits for another; each takes some milliseconds.
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path directory;
  private final BlobStore blobs;
  private final LayoutContent content = new Content();
  private final LayoutChecking checking;

  /// A layout whose images survive a loss of power once they have their names.
  ///
  /// @param directory made when something is put there
  public OciLayout(Path directory) {
    this(directory, new BlobStore(directory.resolve("blobs")));
  }

  private OciLayout(Path directory, BlobStore blobs) {
    this.directory = directory;
    this.blobs = blobs;
    this.checking = new LayoutChecking(directory, blobs, content);
  }

  /// A layout that is handed over at once, as a file that any command writes: the system writes it
  /// to the disk when it has time.
  ///
  /// @param directory made when something is put there
  public static OciLayout output(Path directory) {
    return new OciLayout(directory, BlobStore.cache(directory.resolve("blobs")));
  }

  /// Where it lies.
  public Path directory() {
    return directory;
  }

  /// Its blobs.
  public BlobStore blobs() {
    return blobs;
  }

  /// Whether a layout is there.
  public boolean exists() {
    return Files.isRegularFile(directory.resolve(MARKER));
  }

  /// The images by name, in the order of the index.
  public Map<String, Descriptor> names() {
    var names = new LinkedHashMap<String, Descriptor>();
    for (var entry : content.entries()) {
      var name = entry.annotations().get(LayoutContent.REF_NAME);
      if (name != null) {
        names.putIfAbsent(name, LayoutContent.bare(entry));
      }
    }
    return Collections.unmodifiableMap(names);
  }

  /// The manifest or index that a name or a digest stands for.
  public Optional<Descriptor> find(String reference) {
    return content.find(reference);
  }

  /// The artifacts about a manifest, in the order they came.
  ///
  /// @param artifactType only those of it, or null for all
  public List<Descriptor> referrers(Digest subject, @Nullable String artifactType) {
    var referrers = new ArrayList<Descriptor>();
    for (var entry : content.entries()) {
      if (artifactType != null && !artifactType.equals(entry.artifactType())) {
        continue;
      }
      if (content.subject(entry).filter(found -> found.digest().equals(subject)).isPresent()) {
        referrers.add(entry);
      }
    }
    return List.copyOf(referrers);
  }

  /// One image, to be read.
  ///
  /// @param reference its name or digest, or null when there is one image only
  /// @throws ImageException code `image-not-found`, with the names that are there
  public ImageSource source(@Nullable String reference) {
    if (!exists()) {
      throw new ImageException(
          Problem.of(ImageCode.IMAGE_NOT_FOUND, "there is no OCI layout")
              .at(Place.file(directory))
              .because(
                  Files.isDirectory(directory)
                      ? "the directory has no file `" + MARKER + "`"
                      : "the directory does not exist"));
    }
    return new LayoutSource(content, content.choose(reference), () -> {});
  }

  /// Where images are put; their tags are names in this layout, so they may be as long as
  /// `team/app:1.0`.
  public ImageTarget target() {
    return new Target();
  }

  /// Takes a name away; its image stays for [#prune] unless it has another, or is an artifact about
  /// an image that is there.
  ///
  /// @return whether it was there
  public boolean remove(String name) {
    return change(entries ->
        LayoutRemoval.withdraw(
            content, entries, entry -> name.equals(annotation(entry, LayoutContent.REF_NAME))));
  }

  /// Deletes a manifest with those of its names that begin with a prefix, unless an image that is
  /// there needs it or has other names for it.
  ///
  /// @param prefix such as `team/app:`
  public Removal removeManifest(Digest digest, String prefix) {
    return new LayoutRemoval(content, this::reached).manifest(this::change, blobs, digest, prefix);
  }

  /// Deletes a blob, unless an image that is there needs it.
  public Removal removeBlob(Digest digest) {
    return new LayoutRemoval(content, this::reached).blob(this::change, blobs, digest);
  }

  /// How a deletion ended.
  public enum Removal {
    /// It is gone.
    REMOVED,
    /// It was not there.
    MISSING,
    /// It stays, because an image that is there needs it.
    NEEDED
  }

  private Set<Digest> reached(List<JsonObject> entries) {
    var problems = new ArrayList<Problem>();
    var reached = new HashMap<Digest, Long>();
    entries.forEach(entry -> checking.walk(Descriptor.of(entry), 0, reached, problems));
    if (!problems.isEmpty()) {
      throw damaged(problems);
    }
    return reached.keySet();
  }

  private static ImageException damaged(List<Problem> problems) {
    return new ImageException(
        problems
            .getFirst()
            .because("nothing was deleted: what belongs to a damaged image is not known"));
  }

  /// Puts a manifest or an index whose parts are all there.
  ///
  /// @param names names that it gets, taken from other images that have them
  public void putManifest(Descriptor manifest, byte[] bytes, List<String> names) {
    for (var name : names) {
      if (!ImageLocation.isRefName(name) && !ImageReference.isRepositoryTag(name)) {
        throw new ImageException(
            Problem.of(
                    ImageCode.INVALID_IMAGE_REFERENCE,
                    "`" + name + "` is no name that a layout can give an image")
                .at(Place.file(directory))
                .hint("use letters and digits, with `.`, `_`, `-`, `:`, `/` between them"));
      }
    }
    VerifiedInput.check(bytes, manifest, directory.toString());
    var parts = LayoutContent.partsOf(manifest, bytes);
    try (var writer = blobs.writer(manifest.digest())) {
      writer.write(bytes);
      writer.commit(manifest.digest());
    } catch (IOException e) {
      throw FoundationException.ofFile("a manifest cannot be written", directory, e);
    }
    change(entries -> {
      for (var part : parts) {
        if (!MediaType.isNotDistributed(part.mediaType())
            && content.size(part.digest()).filter(size -> size == part.sizeBytes()).isEmpty()) {
          throw new ImageException(
              Problem.of(
                      ImageCode.IMAGE_NOT_FOUND,
                      "a manifest names a blob that is not in the layout")
                  .at(Place.file(directory))
                  .at(Place.of("manifest " + manifest.digest()))
                  .at(Place.of("blob " + part.digest()))
                  .hint("copy the image again"));
        }
      }
      var before = List.copyOf(entries);
      if (MediaType.isIndex(manifest.mediaType())) {
        // What hangs on the index needs no entry of its own, unless it is about another image.
        var children = parts.stream().map(part -> part.digest().toString()).toList();
        entries.removeIf(entry ->
            isUnnamed(entry)
                && children.contains(entry.string("digest"))
                && !LayoutRemoval.isArtifact(content, entry));
      }
      var digest = manifest.digest().toString();
      if (names.isEmpty()) {
        if (entries.stream().noneMatch(entry -> entry.string("digest").equals(digest))) {
          entries.add(manifest.toJson());
        }
      } else {
        LayoutRemoval.withdraw(
            content, entries, entry -> names.contains(annotation(entry, LayoutContent.REF_NAME)));
        entries.removeIf(entry -> isUnnamed(entry) && entry.string("digest").equals(digest));
        for (var name : names) {
          var annotations = new LinkedHashMap<>(manifest.annotations());
          annotations.put(LayoutContent.REF_NAME, name);
          entries.add(manifest.withAnnotations(annotations).toJson());
        }
      }
      return !before.equals(entries);
    });
  }

  static boolean isUnnamed(JsonObject entry) {
    return annotation(entry, LayoutContent.REF_NAME).isEmpty();
  }

  static String annotation(JsonObject entry, String name) {
    return entry.stringMap("annotations").getOrDefault(name, "");
  }

  @FunctionalInterface
  interface Change {
    /// @return whether anything is different now
    boolean apply(List<JsonObject> entries);
  }

  /// Changes the index, one process at a time; members of it that are not known here stay.
  private boolean change(Change change) {
    return change(change, () -> {});
  }

  /// The same, and something that no other process's change may come between.
  private boolean change(Change change, Runnable afterwards) {
    try (var _ = ProcessLock.acquire(directory.resolve(".terroir.lock"), PATIENCE)) {
      var index = content.index();
      var entries = new ArrayList<>(index.objects("manifests"));
      var changed = change.apply(entries);
      if (changed || !Files.exists(directory.resolve(INDEX))) {
        var written =
            index.toBuilder().put("manifests", new JsonValue.JsonArray(List.copyOf(entries)));
        AtomicFiles.write(directory.resolve(INDEX), JsonWriter.compact(written.build()));
      }
      if (!exists()) {
        // Last, so that a directory that says it is a layout is one.
        AtomicFiles.write(directory.resolve(MARKER), "{\"imageLayoutVersion\":\"1.0.0\"}");
      }
      afterwards.run();
      return changed;
    }
  }

  /// Everything that is wrong with the layout: blobs that are damaged or not there, documents that
  /// break the specification. Reads every blob.
  public List<Problem> verify() {
    return exists() ? checking.all() : List.of();
  }

  /// What a pruning took away.
  ///
  /// @param blobs how many blobs
  /// @param sizeBytes their size
  /// @param referrers how many artifacts whose subject is gone
  public record Pruned(int blobs, long sizeBytes, int referrers) {}

  /// Deletes the blobs that no entry of the index needs, and the artifacts about images that are
  /// gone.
  ///
  /// @param grace blobs that were written or asked for within this time stay: they may belong to an
  ///   image that is being copied
  public Pruned prune(Duration grace) {
    if (!exists()) {
      return new Pruned(0, 0, 0);
    }
    var pruned = new int[2];
    var size = new long[1];
    change(entries -> {
      var problems = new ArrayList<Problem>();
      var reached = new HashMap<Digest, Long>();
      var artifacts = new LinkedHashMap<JsonObject, Digest>();
      for (var entry : entries) {
        var descriptor = Descriptor.of(entry);
        var subject = content.subject(descriptor);
        if (subject.isPresent() && isUnnamed(entry)) {
          artifacts.put(entry, subject.get().digest());
        } else {
          checking.walk(descriptor, 0, reached, problems);
        }
      }
      // An artifact may be about an artifact.
      for (boolean more = true; more; ) {
        more = false;
        for (var artifact : List.copyOf(artifacts.entrySet())) {
          if (reached.containsKey(artifact.getValue())) {
            checking.walk(Descriptor.of(artifact.getKey()), 0, reached, problems);
            artifacts.remove(artifact.getKey());
            more = true;
          }
        }
      }
      if (!problems.isEmpty()) {
        // What hangs on a damaged manifest cannot be known, so nothing is deleted.
        throw damaged(problems);
      }
      entries.removeAll(artifacts.keySet());
      pruned[1] = artifacts.size();
      var limit = Instant.now().minus(grace);
      try {
        for (var file : checking.blobFiles()) {
          var named = file.resolveSibling(".").normalize().getFileName() + ":" + file.getFileName();
          if (Digest.isWellFormed(named)
              && !reached.containsKey(Digest.parse(named))
              && Files.getLastModifiedTime(file).toInstant().isBefore(limit)) {
            size[0] += Files.size(file);
            pruned[0]++;
            Files.delete(file);
          }
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("the layout cannot be pruned", directory, e);
      }
      return !artifacts.isEmpty();
    });
    AtomicFiles.sweep(blobs.directory());
    AtomicFiles.sweep(directory);
    return new Pruned(pruned[0], size[0], pruned[1]);
  }

  /// What the index says and the blobs hold, read anew each time.
  private final class Content implements LayoutContent {
    @Override
    public String name() {
      return directory.toString();
    }

    @Override
    public JsonObject index() {
      var file = directory.resolve(INDEX);
      try {
        return OciDocument.INDEX.read(Files.readAllBytes(file), file.toString());
      } catch (NoSuchFileException e) {
        return JsonObject.builder()
            .put("schemaVersion", 2)
            .put("mediaType", MediaType.INDEX)
            .put("manifests", List.of())
            .build();
      } catch (IOException e) {
        throw FoundationException.ofFile("the index of the layout cannot be read", file, e);
      }
    }

    @Override
    public Optional<Long> size(Digest digest) {
      var file = blobs.path(digest);
      try {
        return Files.isRegularFile(file) ? Optional.of(Files.size(file)) : Optional.empty();
      } catch (NoSuchFileException e) {
        return Optional.empty();
      } catch (IOException e) {
        throw FoundationException.ofFile("a blob cannot be read", file, e);
      }
    }

    @Override
    public InputStream open(Digest digest) {
      var file = blobs.path(digest);
      try {
        return Files.newInputStream(file);
      } catch (NoSuchFileException e) {
        throw new ImageException(
            Problem.of(ImageCode.IMAGE_NOT_FOUND, "a blob is not in the layout")
                .at(Place.file(directory))
                .at(Place.of("blob " + digest))
                .hint("copy or build the image again"),
            e);
      } catch (IOException e) {
        throw FoundationException.ofFile("a blob cannot be read", file, e);
      }
    }

    @Override
    public byte[] document(Descriptor descriptor) {
      if (descriptor.sizeBytes() > OciLimits.CONFIG_BYTES) {
        throw new ImageException(
            Problem.of(
                    ImageCode.INVALID_OCI_DOCUMENT,
                    "a document of " + descriptor.sizeBytes() + " bytes is not read")
                .at(Place.of(descriptor.digest().toString())));
      }
      try (var in = new VerifiedInput(open(descriptor.digest()), descriptor, name())) {
        return in.readAllBytes();
      } catch (IOException e) {
        throw FoundationException.ofFile("a blob cannot be read", directory, e);
      }
    }
  }

  private final class Target implements ImageTarget {
    private volatile @Nullable String lastName;

    @Override
    public boolean has(Descriptor blob) {
      var isThere =
          content.size(blob.digest()).filter(size -> size == blob.sizeBytes()).isPresent();
      if (isThere) {
        try {
          // A lease: prune leaves alone what was asked for a moment ago.
          Files.setLastModifiedTime(blobs.path(blob.digest()), FileTime.from(Instant.now()));
        } catch (NoSuchFileException e) {
          return false;
        } catch (IOException e) {
          // Another user's file: its age is theirs to keep.
          return true;
        }
      }
      return isThere;
    }

    @Override
    public long put(Descriptor blob, ImageTarget.Content bytes) {
      if (has(blob)) {
        return 0;
      }
      try {
        if (bytes instanceof FileContent(var file, var isChecked)) {
          return blobs.link(file, blob.digest(), isChecked).sizeBytes();
        }
        try (var writer = blobs.writer(blob.digest());
            var in = new VerifiedInput(bytes.open(), blob, directory.toString())) {
          in.transferTo(writer);
          return writer.commit(blob.digest()).sizeBytes();
        }
      } catch (IOException e) {
        throw FoundationException.ofFile("a blob cannot be written", directory, e);
      }
    }

    @Override
    public void putManifest(Descriptor manifest, byte[] bytes, List<String> tags) {
      OciLayout.this.putManifest(manifest, bytes, tags);
      if (!tags.isEmpty()) {
        lastName = tags.getFirst();
      }
    }

    @Override
    public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {
      OciLayout.this.putManifest(referrer, bytes, List.of());
    }

    @Override
    public @Nullable String address() {
      var name = lastName;
      return "oci:" + directory + (name == null ? "" : ":" + name);
    }

    @Override
    public void close() {}
  }
}
