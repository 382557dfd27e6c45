package dev.terroir.image.conda;

import dev.terroir.image.ImageException;
import dev.terroir.image.archive.ArchivePath;
import dev.terroir.image.archive.ArchiveRefusal;
import dev.terroir.image.archive.ZipArchive;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/// The members of the tar archive in a conda package, each judged by itself.
///
/// Spec: POSIX.1-2017 `pax`.
final class CondaTar {
  /// Members of a package; the largest real ones have 60 000.
  private static final int MAX_MEMBERS = 500_000;

  enum Kind {
    FILE,
    FOLDER,
    LINK,
    HARD_LINK
  }

  record Entry(String name, Kind kind, int mode, long sizeBytes, String target) {}

  private final String source;
  private final TarArchiveInputStream tar;
  private final long packedBytes;
  private long total;
  private int count;

  CondaTar(String source, InputStream in, long packedBytes) {
    this.source = source;
    this.tar = new TarArchiveInputStream(in, "UTF-8");
    this.packedBytes = packedBytes;
  }

  TarArchiveInputStream tar() {
    return tar;
  }

  @Nullable Entry next() throws IOException {
    TarArchiveEntry entry;
    try {
      entry = tar.getNextEntry();
    } catch (IOException e) {
      throw damaged(source, e);
    } catch (IllegalArgumentException e) {
      throw damaged(source, new IOException(e));
    }
    if (entry == null) {
      return null;
    }
    var name = entry.getName();
    while (name.startsWith("./")) {
      name = name.substring(2);
    }
    while (name.endsWith("/") && name.length() > 1) {
      name = name.substring(0, name.length() - 1);
    }
    if (!entry.isCheckSumOK()) {
      throw ArchiveRefusal.of(source, name, "the sum of its header is wrong");
    }
    if (++count > MAX_MEMBERS) {
      throw ArchiveRefusal.of(source, name, "it has more than " + MAX_MEMBERS + " members");
    }
    var kind = kind(entry, name);
    if (kind == Kind.FOLDER && (name.isEmpty() || name.equals("."))) {
      return new Entry("", kind, 0755, 0, "");
    }
    if (name.indexOf('\ufffd') >= 0) {
      throw ArchiveRefusal.of(source, name, "its path is not UTF-8");
    }
    check(name);
    long size = kind == Kind.FILE ? entry.getSize() : 0;
    total += size;
    checkTotal(source, name, total, packedBytes);
    return new Entry(name, kind, entry.getMode() & 0777, size, entry.getLinkName());
  }

  private void check(String name) {
    ArchivePath.problem(name)
        .ifPresent(why -> {
          throw ArchiveRefusal.of(source, name, why);
        });
  }

  private Kind kind(TarArchiveEntry entry, String name) {
    if (entry.isSparse()) {
      throw ArchiveRefusal.of(source, name, "it is a sparse file");
    }
    if (entry.isSymbolicLink()) {
      return Kind.LINK;
    }
    if (entry.isLink()) {
      return Kind.HARD_LINK;
    }
    if (entry.isDirectory()) {
      return Kind.FOLDER;
    }
    byte flag = entry.getLinkFlag();
    if (flag == '0' || flag == 0 || flag == '7') {
      return Kind.FILE;
    }
    throw ArchiveRefusal.of(
        source, name, "it is a device, a pipe, or something else that no package has");
  }

  static void checkTotal(String source, @Nullable String member, long total, long packedBytes) {
    if (total > ZipArchive.MAX_CONTENT_BYTES
        || (total > ZipArchive.RATIO_FREE_BYTES
            && total / Math.max(1, packedBytes) > ZipArchive.MAX_RATIO)) {
      throw ArchiveRefusal.of(
          source,
          member,
          "its content grows to more than " + total + " bytes, out of " + packedBytes);
    }
  }

  /// The decoders say in the same way what an archive's own bytes bring about.
  private static boolean isDisk(IOException e) {
    return e instanceof FileSystemException || e instanceof ClosedByInterruptException;
  }

  static ImageException damaged(String source, IOException e) throws IOException {
    if (isDisk(e)) {
      throw e;
    }
    return ArchiveRefusal.of(source, null, "it is damaged: " + e.getMessage());
  }
}
