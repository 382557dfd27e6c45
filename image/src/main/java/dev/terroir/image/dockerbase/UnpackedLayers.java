package dev.terroir.image.dockerbase;

import dev.terroir.foundation.FoundationException;
import dev.terroir.image.base.BaseImage;
import dev.terroir.image.base.BaseImages;
import dev.terroir.image.dockerfile.FileTree;
import dev.terroir.image.dockerfile.TarTree;
import dev.terroir.image.transfer.ImageSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The files of an image whose layers are fetched and unpacked only when one is asked for: a
/// Dockerfile that copies nothing does not look at them.
final class UnpackedLayers implements FileTree, AutoCloseable {
  private final BaseImage image;
  private final ImageSource source;
  private final BaseImages bases;
  private final Path directory;
  private @Nullable TarTree tree;

  /// @param directory for the unpacked layers; the caller deletes it
  UnpackedLayers(BaseImage image, ImageSource source, BaseImages bases, Path directory) {
    this.image = image;
    this.source = source;
    this.bases = bases;
    this.directory = directory;
  }

  private synchronized TarTree tree() {
    var open = tree;
    if (open == null) {
      try {
        Files.createDirectories(directory);
      } catch (IOException e) {
        throw FoundationException.ofFile("the layers cannot be unpacked", directory, e);
      }
      var tars = new ArrayList<Path>();
      for (var layer : image.layers()) {
        var tar = directory.resolve(tars.size() + ".tar");
        bases.unpack(layer, source, tar);
        tars.add(tar);
      }
      open = TarTree.open(tars);
      tree = open;
    }
    return open;
  }

  @Override
  public Optional<Entry> find(String path) {
    return tree().find(path);
  }

  @Override
  public List<String> children(String path) {
    return tree().children(path);
  }

  @Override
  public InputStream open(Entry entry) throws IOException {
    return tree().open(entry);
  }

  @Override
  public synchronized void close() {
    if (tree != null) {
      tree.close();
    }
  }
}
