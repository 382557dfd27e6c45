package dev.terroir.image.layout;

import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.InputStream;

/// One image of a layout. Thread-safe.
final class LayoutSource implements ImageSource {
  private final LayoutContent content;
  private final Descriptor root;
  private final Runnable onClose;

  LayoutSource(LayoutContent content, Descriptor root, Runnable onClose) {
    this.content = content;
    this.root = root;
    this.onClose = onClose;
  }

  @Override
  public Descriptor root() {
    return root;
  }

  @Override
  public byte[] manifest(Descriptor descriptor) {
    return content.document(descriptor);
  }

  @Override
  public InputStream blob(Descriptor descriptor) {
    return new VerifiedInput(content.open(descriptor.digest()), descriptor, content.name());
  }

  @Override
  public void close() {
    onClose.run();
  }
}
