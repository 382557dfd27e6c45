package dev.terroir.image.layer;

import dev.terroir.image.conda.CondaArchive;
import java.util.TreeMap;

/// A package while its layer is made.
final class OpenPackage implements AutoCloseable {
  final CondaLayerPackage item;
  final CondaArchive archive;
  final CondaContent content;

  /// Compressed bytes for each byte of content, about.
  final double ratio;

  /// What its record will say of each path.
  final TreeMap<String, CondaRecord.Path> record = new TreeMap<>(CondaRecord.ORDER);

  OpenPackage(
      CondaLayerPackage item, CondaArchive archive, CondaContent content, long packedBytes) {
    this.item = item;
    this.archive = archive;
    this.content = content;
    long total =
        content.files().values().stream().mapToLong(path -> Math.max(0, path.sizeBytes())).sum();
    this.ratio = Math.clamp((double) packedBytes / Math.max(1, total), 0.02, 1);
  }

  @Override
  public void close() {
    archive.close();
  }
}
