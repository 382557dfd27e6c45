package dev.terroir.image.layout;

import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.transfer.ImageTarget;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Collects an image in a layout beside the archive and writes the archive from it at the end, so
/// that the order in which blobs came does not matter. Thread-safe.
abstract class ArchiveTarget implements ImageTarget {
  private final Path file;
  private final Path folder;
  private final OciLayout staged;
  private final ImageTarget target;
  private boolean hasFailed;
  private boolean isClosed;
  private @Nullable Descriptor image;
  private byte[] manifest = new byte[0];

  ArchiveTarget(Path file) {
    this.file = file;
    this.folder = AtomicFiles.temporaryBeside(file);
    this.staged = OciLayout.output(folder);
    this.target = staged.target();
  }

  /// Writes the archive.
  ///
  /// @param image the manifest or index that was put last
  abstract void write(OciLayout staged, Descriptor image, byte[] manifest, TarOutput tar)
      throws IOException;

  /// Looks at a manifest before it is taken.
  void check(Descriptor manifest, List<String> tags) {}

  @Override
  public boolean has(Descriptor blob) {
    return target.has(blob);
  }

  @Override
  public long put(Descriptor blob, Content content) {
    return watched(() -> target.put(blob, content));
  }

  @Override
  public void putManifest(Descriptor descriptor, byte[] bytes, List<String> tags) {
    watched(() -> {
      check(descriptor, tags);
      target.putManifest(descriptor, bytes, tags);
      synchronized (this) {
        image = descriptor;
        manifest = bytes.clone();
      }
      return 0L;
    });
  }

  @Override
  public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {
    watched(() -> {
      target.putReferrer(subject, referrer, bytes);
      return 0L;
    });
  }

  private long watched(java.util.function.LongSupplier work) {
    var done = false;
    try {
      var result = work.getAsLong();
      done = true;
      return result;
    } finally {
      if (!done) {
        synchronized (this) {
          hasFailed = true;
        }
      }
    }
  }

  @Override
  public synchronized void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    try {
      var last = image;
      if (last != null && !hasFailed) {
        AtomicFiles.write(
            file,
            out -> {
              var buffered = new BufferedOutputStream(out, 1 << 16);
              try (var tar = new TarOutput(buffered)) {
                write(staged, last, manifest, tar);
              }
              buffered.flush();
            });
      }
    } finally {
      Trees.delete(folder);
    }
  }
}
