package dev.terroir.image.layer;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.bytecode.Compiler;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Makes layers in a process of its own, which a test may kill: the cache, the interpreter, and the
/// wheels. Prints the digests.
final class LayerMaker {
  private LayerMaker() {}

  public static void main(String[] arguments) {
    var cache = Path.of(arguments[0]);
    try (var compiler = new Compiler(_ -> Path.of(arguments[1]), 2)) {
      var layers = new PackageLayers(cache, new BlobStore(cache.resolve("blobs")), compiler);
      System.out.println("ready");
      for (var wheel : Arrays.asList(arguments).subList(2, arguments.length)) {
        var item = RealWheels.packageOf(Path.of(wheel), true);
        var placement =
            new Placement(RealWheels.PYTHON_VERSION, Placement.PREFIX, true, Compression.GZIP);
        var made = layers.make(List.of(item), placement, Progress.SILENT);
        made.layers().forEach(layer -> System.out.println(layer.digest()));
      }
    }
  }
}
