package dev.terroir.image.place;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.engine.Engine;
import dev.terroir.image.layout.DockerArchive;
import dev.terroir.image.oci.ImageLocation;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.transfer.ForwardingTarget;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.image.transfer.OwningSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The store of an engine, reached by archives that it writes and reads.
///
/// @param engine whose store it is
/// @param location what messages call the image
/// @param directory where the archives lie meanwhile
record EngineStore(Engine engine, ImageLocation location, Path directory) {

  /// @throws ImageException code `image-not-found` or `engine-failed`
  ImageSource source(ImageReference reference) {
    if (!engine.exists(reference.toString())) {
      throw new ImageException(
          Problem.of(
                  ImageCode.IMAGE_NOT_FOUND,
                  "the store of `" + engine.kind().program() + "` has no such image")
              .at(Place.of(location.toString()))
              .hint(
                  "`"
                      + engine.kind().program()
                      + " images` lists those that it has; without a"
                      + " transport the name is looked for in its registry"));
    }
    var archive = archive();
    try {
      engine.save(reference.toString(), archive, Progress.SILENT);
      return new OwningSource(DockerArchive.source(archive, null), () -> Trees.delete(archive));
    } catch (RuntimeException e) {
      Trees.delete(archive);
      throw e;
    }
  }

  ImageTarget target(ImageReference reference) {
    var archive = archive();
    return new Loaded(DockerArchive.target(archive, List.of(reference)), archive, this);
  }

  private Path archive() {
    AtomicFiles.sweep(directory);
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw FoundationException.ofFile("the directory cannot be made", directory, e);
    }
    return AtomicFiles.temporaryBeside(directory.resolve("engine"));
  }

  /// An archive that the engine takes when it is complete.
  private static final class Loaded extends ForwardingTarget {
    private final Path archive;
    private final EngineStore store;

    Loaded(ImageTarget image, Path archive, EngineStore store) {
      super(image);
      this.archive = archive;
      this.store = store;
    }

    @Override
    public String address() {
      return store.location.toString();
    }

    @Override
    public void close() {
      try {
        super.close();
        if (Files.isRegularFile(archive)) {
          store.engine.load(archive, Progress.SILENT);
        }
      } finally {
        Trees.delete(archive);
      }
    }
  }
}
