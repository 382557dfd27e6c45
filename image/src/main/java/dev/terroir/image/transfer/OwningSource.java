package dev.terroir.image.transfer;

import dev.terroir.image.oci.Descriptor;
import java.io.InputStream;

/// A source that ends something else when it is closed: a client, or a file that was made for it.
///
/// @param image what is read
/// @param then called when that is closed
/// @since 0.1
public record OwningSource(ImageSource image, Runnable then) implements ImageSource {
  @Override
  public Descriptor root() {
    return image.root();
  }

  @Override
  public byte[] manifest(Descriptor descriptor) {
    return image.manifest(descriptor);
  }

  @Override
  public InputStream blob(Descriptor descriptor) {
    return image.blob(descriptor);
  }

  @Override
  public ImageSource origin() {
    return image.origin();
  }

  @Override
  public void close() {
    try {
      image.close();
    } finally {
      then.run();
    }
  }
}
