package dev.terroir.image.build;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.base.BaseFacts;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.transfer.ImageSource;
import org.jspecify.annotations.Nullable;

/// A base image that is going to be built on. For one build; thread-safe.
///
/// @since 0.1
public final class OpenBase implements AutoCloseable {
  private final BaseImage image;
  private final ImageSource source;
  private final BaseImages bases;
  private @Nullable Ahead<BaseFacts> look;

  OpenBase(BaseImage image, ImageSource source, BaseImages bases) {
    this.image = image;
    this.source = source;
    this.bases = bases;
  }

  /// What it is.
  public BaseImage image() {
    return image;
  }

  ImageSource source() {
    return source;
  }

  /// Begins to find out what it holds, so that [#facts] need not wait as long.
  public synchronized void lookAhead(Progress progress) {
    if (look == null && bases.facts(image).isEmpty()) {
      look = new Ahead<>(() -> bases.facts(image, source, progress));
    }
  }

  private synchronized @Nullable Ahead<BaseFacts> begun() {
    return look;
  }

  /// What it holds.
  ///
  /// @throws dev.terroir.image.ImageException code `blob-mismatch` or `invalid-oci-document`
  public BaseFacts facts(Progress progress) {
    var begun = begun();
    return begun == null ? bases.facts(image, source, progress) : begun.get();
  }

  /// Ends what was begun; its source stays open.
  @Override
  public void close() {
    var begun = begun();
    if (begun != null) {
      begun.close();
    }
  }
}
