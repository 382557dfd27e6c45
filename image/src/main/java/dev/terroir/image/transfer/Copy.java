package dev.terroir.image.transfer;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageConfig;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciLimits;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Copies an image from where it is to where it shall be: blobs side by side, those that are there
/// already not at all, the manifest last. Immutable; may be used many times.
///
/// @param progress told the bytes that are done
/// @param parallel how many blobs move at once, at least 1
/// @since 0.1
public record Copy(Progress progress, int parallel) {
  /// How many blobs move at once unless said otherwise; what engines do, and registries bear.
  public static final int PARALLEL = 4;

  /// @throws IllegalArgumentException unless `parallel` is at least 1
  public Copy {
    if (parallel < 1) {
      throw new IllegalArgumentException("at least one blob must move at a time");
    }
  }

  /// With the usual number of blobs at once.
  public static Copy with(Progress progress) {
    return new Copy(progress, PARALLEL);
  }

  /// What a copy came to.
  ///
  /// @param root the manifest or index that was copied
  /// @param blobs how many different blobs the image has
  /// @param blobsSent how many of them had to be sent
  /// @param sizeBytes the size of all blobs
  /// @param sentBytes the bytes that were sent
  public record Report(Descriptor root, int blobs, int blobsSent, long sizeBytes, long sentBytes) {}

  private record Document(Descriptor descriptor, byte[] bytes) {}

  /// The manifest for a platform, and what it is; the root itself when it is a manifest.
  ///
  /// @param platform or null to take an index as it is
  /// @throws ImageException code `wrong-image-platform`, with the platforms there are
  public static Descriptor choose(ImageSource source, @Nullable Platform platform) {
    var root = source.root();
    if (platform == null) {
      return root;
    }
    if (MediaType.isIndex(root.mediaType())) {
      var index = ImageIndex.read(source.manifest(root), root.digest().toString());
      var chosen =
          index
              .find(platform)
              .orElseThrow(() ->
                  wrongPlatform(
                      root,
                      platform,
                      index.manifests().stream()
                          .flatMap(
                              entry -> java.util.Optional.ofNullable(entry.platform()).stream())
                          .filter(found -> !found.os().equals("unknown"))
                          .map(Platform::toString)
                          .distinct()
                          .toList()));
      return MediaType.isIndex(chosen.mediaType()) ? chosen : chosen.withAnnotations(Map.of());
    }
    var manifest = Manifest.read(source.manifest(root), root.digest().toString());
    if (manifest.config().mediaType().equals(MediaType.CONFIG)
        || manifest.config().mediaType().equals(MediaType.DOCKER_CONFIG)) {
      var found = config(source, manifest).platform();
      if (!found.equals(platform)) {
        throw wrongPlatform(root, platform, List.of(found.toString()));
      }
    }
    return root;
  }

  /// Reads the configuration of an image.
  public static ImageConfig config(ImageSource source, Manifest manifest) {
    var descriptor = manifest.config();
    if (descriptor.sizeBytes() > OciLimits.CONFIG_BYTES) {
      throw new ImageException(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  "an image configuration of " + descriptor.sizeBytes() + " bytes is not read")
              .at(Place.of("configuration " + descriptor.digest())));
    }
    try (var in =
        new VerifiedInput(source.blob(descriptor), descriptor, descriptor.digest().toString())) {
      return ImageConfig.read(in.readAllBytes(), "configuration " + descriptor.digest());
    } catch (IOException e) {
      throw new ImageException(
          Problem.of(ImageCode.REGISTRY_UNREACHABLE, "the configuration of an image cannot be read")
              .at(Place.of("configuration " + descriptor.digest()))
              .because(String.valueOf(e.getMessage())),
          e);
    }
  }

  private static ImageException wrongPlatform(
      Descriptor root, Platform wanted, List<String> offered) {
    return new ImageException(
        Problem.of(ImageCode.WRONG_IMAGE_PLATFORM, "the image does not exist for " + wanted)
            .at(Place.of("manifest " + root.digest()))
            .because("it exists for " + String.join(", ", offered))
            .hint("choose one of these platforms, or another image"));
  }

  /// Copies the image of a source.
  ///
  /// @param platform which one of an index, or null for the index with all it has
  /// @param tags what it is called at the target, or none
  /// @throws ImageException from the source or the target; what was sent stays there and is not
  ///   sent again by the next copy
  public Report run(
      ImageSource source, ImageTarget target, @Nullable Platform platform, List<String> tags) {
    var documents = new ArrayList<Document>();
    var blobs = new LinkedHashMap<Digest, Descriptor>();
    var root = choose(source, platform);
    // Everything is read before anything is written: a broken image leaves no traces.
    collect(source, root, 0, documents, blobs);
    target.comesFrom(source);
    long size = blobs.values().stream().mapToLong(Descriptor::sizeBytes).sum();
    var meter = new Meter(progress, size);
    var sent = new AtomicLong();
    var blobsSent = new AtomicLong();
    progress.advance(0, size);
    var slots = new Semaphore(parallel);
    try (var scope = Executors.newVirtualThreadPerTaskExecutor()) {
      var pending =
          blobs.values().stream()
              .map(blob ->
                  scope.submit(() -> {
                    slots.acquire();
                    try {
                      var passed = new AtomicLong();
                      var bytes = target.put(blob, () -> meter.watch(source.blob(blob), passed));
                      sent.addAndGet(bytes);
                      blobsSent.addAndGet(bytes > 0 ? 1 : 0);
                      meter.add(blob.sizeBytes() - passed.get());
                      return bytes;
                    } finally {
                      slots.release();
                    }
                  }))
              .toList();
      try {
        for (var result : pending) {
          result.get();
        }
      } catch (ExecutionException e) {
        scope.shutdownNow();
        throw thrown(e.getCause());
      } catch (InterruptedException e) {
        scope.shutdownNow();
        Thread.currentThread().interrupt();
        throw new FoundationException(
            Problem.of(FoundationCode.CANCELED, "copying the image was canceled"), e);
      }
    }
    for (int i = 0; i < documents.size(); i++) {
      var document = documents.get(i);
      var isRoot = i == documents.size() - 1;
      target.putManifest(document.descriptor(), document.bytes(), isRoot ? tags : List.of());
    }
    return new Report(root, blobs.size(), (int) blobsSent.get(), size, sent.get());
  }

  /// Adds up what has passed, of all blobs together, and tells it. Thread-safe.
  private static final class Meter {
    private final Progress progress;
    private final long size;
    private final AtomicLong done = new AtomicLong();

    Meter(Progress progress, long size) {
      this.progress = progress;
      this.size = size;
    }

    void add(long bytes) {
      progress.advance(done.addAndGet(bytes), size);
    }

    /// A stream that is counted while it is read.
    ///
    /// @param passed what has been counted for this blob; set back when it is sent anew
    InputStream watch(InputStream in, AtomicLong passed) {
      add(-passed.getAndSet(0));
      return new FilterInputStream(in) {
        @Override
        public int read() throws IOException {
          var one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          var read = in.read(bytes, offset, length);
          if (read > 0) {
            passed.addAndGet(read);
            add(read);
          }
          return read;
        }
      };
    }
  }

  private static RuntimeException thrown(@Nullable Throwable cause) {
    return switch (cause) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      case null, default -> new IllegalStateException("a blob could not be copied", cause);
    };
  }

  /// Children before their parents.
  private static void collect(
      ImageSource source,
      Descriptor descriptor,
      int depth,
      List<Document> documents,
      Map<Digest, Descriptor> blobs) {
    if (documents.stream().anyMatch(it -> it.descriptor().digest().equals(descriptor.digest()))) {
      return;
    }
    var name = descriptor.digest().toString();
    if (depth > OciLimits.INDEX_DEPTH) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "indexes are nested too deeply")
              .at(Place.of("index " + name)));
    }
    if (MediaType.isIndex(descriptor.mediaType())) {
      var bytes = source.manifest(descriptor);
      for (var child : ImageIndex.read(bytes, name).manifests()) {
        collect(source, child, depth + 1, documents, blobs);
      }
      documents.add(new Document(descriptor, bytes));
    } else if (MediaType.isManifest(descriptor.mediaType())) {
      var bytes = source.manifest(descriptor);
      var manifest = Manifest.read(bytes, name);
      blobs.putIfAbsent(manifest.config().digest(), manifest.config());
      manifest.layers().forEach(layer -> blobs.putIfAbsent(layer.digest(), layer));
      documents.add(new Document(descriptor, bytes));
    } else {
      throw new ImageException(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  "`" + descriptor.mediaType() + "` is neither a manifest nor an index")
              .at(Place.of("descriptor " + name))
              .hint(
                  descriptor.mediaType().contains("v1+prettyjws")
                          || descriptor.mediaType().endsWith("manifest.v1+json")
                      ? "push the image again with a present tool: it is of Docker's first format"
                      : "copy an image, not an artifact of another kind"));
    }
  }
}
