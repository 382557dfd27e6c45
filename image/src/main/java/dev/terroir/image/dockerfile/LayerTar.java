package dev.terroir.image.dockerfile;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.oci.Digest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.time.Instant;
import java.util.SortedMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// Writes the tar of a layer: sorted, without names of users, so that equal files are equal bytes.
final class LayerTar {
  private LayerTar() {}

  /// @param items by path
  /// @param file where to; must not exist
  /// @param createdBy what history says of it
  static Evaluation.Layer write(
      SortedMap<String, LayeredTree.Item> items, Path file, String createdBy) {
    var engine = Sha256.engine();
    try (var out =
        new TarArchiveOutputStream(
            new DigestOutputStream(
                new BufferedOutputStream(Files.newOutputStream(file), 1 << 16), engine),
            StandardCharsets.UTF_8.name())) {
      out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      out.setAddPaxHeadersForNonAsciiNames(true);
      for (var item : items.values()) {
        write(item, out);
      }
      out.finish();
      out.flush();
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "the layer of `" + createdBy + "` cannot be written", file, e);
    }
    try {
      return new Evaluation.Layer(
          file, Digest.of(Sha256.finish(engine)), Files.size(file), createdBy);
    } catch (IOException e) {
      throw FoundationException.ofFile("the layer cannot be read", file, e);
    }
  }

  private static void write(LayeredTree.Item item, TarArchiveOutputStream out) throws IOException {
    var entry = item.entry();
    var header =
        new TarArchiveEntry(
            entry.path() + (entry.isDirectory() ? "/" : ""),
            switch (entry.type()) {
              case DIRECTORY -> TarConstants.LF_DIR;
              case LINK -> TarConstants.LF_SYMLINK;
              case FILE, SPECIAL -> TarConstants.LF_NORMAL;
            });
    header.setMode(entry.mode());
    header.setUserId(entry.uid());
    header.setGroupId(entry.gid());
    header.setUserName("");
    header.setGroupName("");
    header.setLastModifiedTime(FileTime.from(Instant.ofEpochSecond(entry.mtimeSeconds())));
    var target = entry.target();
    if (target != null) {
      header.setLinkName(target);
    }
    if (entry.type() == FileTree.Type.FILE) {
      header.setSize(entry.sizeBytes());
      out.putArchiveEntry(header);
      try (var in = item.content().open()) {
        if (in.transferTo(out) != entry.sizeBytes()) {
          throw new IOException("the file " + entry.path() + " changed while it was read");
        }
      }
    } else {
      out.putArchiveEntry(header);
    }
    out.closeArchiveEntry();
  }
}
