package dev.terroir.image.transfer;

import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A place to which images can be written. Thread-safe; blobs come before the manifests that name
/// them. Close it when done: an archive is complete only then.
///
/// @since 0.1
public interface ImageTarget extends AutoCloseable {
  /// Opens the bytes of a blob, as often as they are needed.
  @FunctionalInterface
  interface Content {
    /// @return a new stream that the caller closes
    InputStream open() throws IOException;
  }

  /// The bytes of a file that nobody writes to again, so that a target may link to it.
  ///
  /// @param file where they are
  /// @param isChecked whether this process has seen that they have the blob's digest
  record FileContent(Path file, boolean isChecked) implements Content {
    /// A blob of a store.
    public static FileContent of(BlobStore blobs, Digest digest) {
      return new FileContent(blobs.path(digest), blobs.isChecked(digest));
    }

    @Override
    public InputStream open() throws IOException {
      return Files.newInputStream(file);
    }
  }

  /// Says where the blobs to come are from, so that a registry can take them from another of its
  /// repositories. Others do nothing.
  default void comesFrom(ImageSource source) {}

  /// Whether the target holds a blob already, so that it need not be made.
  boolean has(Descriptor blob);

  /// Takes a blob unless it is there.
  ///
  /// @param content opened only when the bytes are needed
  /// @return how many bytes were sent; 0 when it was there or could be mounted from another
  ///   repository
  long put(Descriptor blob, Content content);

  /// Takes a manifest or an index whose parts are all there.
  ///
  /// @param tags names that it gets, or none
  void putManifest(Descriptor manifest, byte[] bytes, List<String> tags);

  /// Attaches an artifact to a manifest: a manifest whose `subject` is that one.
  ///
  /// @param subject what it is about
  /// @param referrer the artifact's manifest, with `artifactType` and annotations
  void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes);

  /// The address of the image for people and engines, or null when it has none.
  @Nullable String address();

  @Override
  void close();

  /// Whether everybody who reads it can read layers that zstd compressed.
  default boolean takesZstd() {
    return true;
  }
}
