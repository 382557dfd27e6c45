package dev.terroir.image.transfer;

import dev.terroir.image.oci.Descriptor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A target that hands everything on to another; for those that do something more in the end.
///
/// @since 0.1
public abstract class ForwardingTarget implements ImageTarget {
  private final ImageTarget image;

  /// @param image takes everything, and is closed with this
  protected ForwardingTarget(ImageTarget image) {
    this.image = image;
  }

  @Override
  public void comesFrom(ImageSource source) {
    image.comesFrom(source);
  }

  @Override
  public boolean has(Descriptor blob) {
    return image.has(blob);
  }

  @Override
  public long put(Descriptor blob, Content content) {
    return image.put(blob, content);
  }

  @Override
  public void putManifest(Descriptor manifest, byte[] bytes, List<String> tags) {
    image.putManifest(manifest, bytes, tags);
  }

  @Override
  public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {
    image.putReferrer(subject, referrer, bytes);
  }

  @Override
  public @Nullable String address() {
    return image.address();
  }

  @Override
  public boolean takesZstd() {
    return image.takesZstd();
  }

  @Override
  public void close() {
    image.close();
  }
}
