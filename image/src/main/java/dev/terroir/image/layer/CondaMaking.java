package dev.terroir.image.layer;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import dev.terroir.image.conda.CondaArchive;
import dev.terroir.image.conda.InstallOrder;
import dev.terroir.image.conda.PackagePath;
import dev.terroir.image.layer.GrowingLayers.Interrupted;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Makes the layers of some conda packages once. For one thread.
///
/// In a layer, the packages come in the order in which they would be installed, and of each its
/// files in the order of its archive, which is read once from its beginning to its end; then the
/// scripts that are made, byte-code, and last the record, which lists them.
final class CondaMaking implements AutoCloseable {
  /// As rattler makes scripts.
  private static final int SCRIPT_MODE = 0775;

  private final List<CondaLayerPackage> packages;
  private final Placement placement;
  private final BlobStore blobs;
  private final @Nullable Map<String, Set<String>> only;
  private final String root;
  private final List<OpenPackage> open = new ArrayList<>();
  private final GrowingLayers layers;
  private final Map<String, String> variables = new TreeMap<>();

  /// @param only paths of the image, by the names of the packages whose they are, that are written
  ///   and nothing else; null for all of all packages
  CondaMaking(
      List<CondaLayerPackage> packages,
      Placement placement,
      BlobStore blobs,
      Compiler compiler,
      long capBytes,
      Progress progress,
      @Nullable Map<String, Set<String>> only) {
    this.packages = packages;
    this.placement = placement;
    this.blobs = blobs;
    this.only = only;
    this.root = placement.prefix().substring(1) + "/";
    this.layers =
        new GrowingLayers(packages, placement, blobs, compiler, capBytes, progress, only == null);
  }

  MadeLayers run() throws IOException, InterruptedException {
    var order = InstallOrder.of(packages.stream().map(CondaLayerPackage::locked).toList());
    for (var locked : order) {
      for (var item : packages) {
        if (item.locked().equals(locked)) {
          open.add(open(item));
        }
      }
    }
    var owners = new PathOwners(open, root, only);
    for (var one : open) {
      write(one, owners);
      layers.finished(one);
    }
    layers.end();
    var paths = paths();
    paths.sort(null);
    var roots = paths.stream().map(LayerPath::root).distinct().sorted().toList();
    return new MadeLayers(layers.layers(), owners.clashes(), layers.uncompiled(), roots, variables);
  }

  List<LayerPath> paths() {
    return layers.paths();
  }

  private OpenPackage open(CondaLayerPackage item) throws IOException {
    var file = item.checkedArchive();
    var archive =
        CondaArchive.open(
            file.file(), item + " (" + item.locked().fileName() + ")", blobs.directory());
    try {
      return new OpenPackage(
          item, archive, CondaContent.of(item, archive, placement), Files.size(file.file()));
    } catch (IOException | RuntimeException e) {
      archive.close();
      throw e;
    }
  }

  private void write(OpenPackage one, PathOwners owners) throws IOException, InterruptedException {
    try {
      one.archive.read(new CondaFiles(one, owners, layers, placement, variables));
    } catch (Interrupted e) {
      throw e.cause();
    }
    for (var entry : one.content.files().entrySet()) {
      if (entry.getValue().kind() == PackagePath.Kind.FOLDER && only == null) {
        one.record.put(
            entry.getKey(),
            new CondaRecord.Path(entry.getKey(), "directory", null, null, -1, entry.getValue()));
        if (owners.owns(one, entry.getKey())) {
          layers.writer().folder(root + entry.getKey());
        }
      }
    }
    for (var script : one.content.scripts().entrySet()) {
      var content = script.getValue();
      one.record.put(
          script.getKey(),
          new CondaRecord.Path(
              script.getKey(),
              "unix_python_entry_point",
              Sha256.of(content).hex(),
              null,
              content.length,
              null));
      if (owners.owns(one, script.getKey())) {
        layers.makeRoom(GrowingLayers.ENTRY_BYTES + content.length);
        layers.writer().file(root + script.getKey(), SCRIPT_MODE, content);
        layers.note(one, script.getKey(), LayerPath.mark(content));
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      layers.close();
    } finally {
      open.forEach(OpenPackage::close);
    }
  }
}
