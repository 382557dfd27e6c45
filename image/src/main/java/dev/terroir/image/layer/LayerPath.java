package dev.terroir.image.layer;

import java.util.Comparator;
import java.util.zip.CRC32;

/// A file in the layers of packages. Immutable; sorted by path.
///
/// @param path relative to `/`
/// @param owner the package that brought it, with its version
/// @param content the same for files of equal content; empty for byte-code, whose module says it
/// @since 0.1
public record LayerPath(String path, String owner, String content)
    implements Comparable<LayerPath> {
  private static final String SITE_PACKAGES = "/site-packages/";

  private static final Comparator<LayerPath> ORDER =
      Comparator.comparing(LayerPath::path).thenComparing(LayerPath::owner);

  /// The mark of a content.
  static String mark(byte[] content) {
    var crc32 = new CRC32();
    crc32.update(content);
    return mark(crc32.getValue(), content.length);
  }

  /// The mark of a content that is not at hand.
  static String mark(long crc32, long sizeBytes) {
    return Long.toHexString(crc32) + "-" + Long.toHexString(sizeBytes);
  }

  /// Whether it was compiled of a module of the same owner.
  public boolean isByteCode() {
    return content.isEmpty();
  }

  /// What it lies in: its package or module in `site-packages`, or itself.
  String root() {
    int folder = path.indexOf(SITE_PACKAGES);
    if (folder < 0) {
      return path;
    }
    int slash = path.indexOf('/', folder + SITE_PACKAGES.length());
    return slash < 0 ? path : path.substring(0, slash);
  }

  @Override
  public int compareTo(LayerPath other) {
    return ORDER.compare(this, other);
  }
}
