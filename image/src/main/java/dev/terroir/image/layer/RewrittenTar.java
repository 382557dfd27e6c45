package dev.terroir.image.layer;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Digest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarFile;

/// Makes a layer of ours of one that an engine wrote: sorted by path, the time of everything that
/// of our layers, no names of users. Contents, modes, numbers of owners, extended attributes and
/// whiteouts stay, since a layer names folders of the layers below too, and would change them else.
///
/// Spec: OCI image specification, "Image Layer Filesystem Changeset".
///
/// @since 0.1
public final class RewrittenTar {
  private static final String ATTRIBUTE = "SCHILY.xattr.";

  /// Stands for bytes that are no UTF-8.
  private static final char UNREADABLE = '\uFFFD';

  /// Places that engines mount something at while a program runs; what is left there is none of the
  /// program's doing.
  private static final Set<String> OF_ENGINES =
      Set.of(
          "dev",
          "proc",
          "sys",
          "run/.containerenv",
          "run/secrets",
          ".dockerenv",
          "etc/hosts",
          "etc/hostname",
          "etc/resolv.conf");

  private RewrittenTar() {}

  /// Writes the layer.
  ///
  /// @param tar uncompressed
  /// @param scratch for the new tar; must not exist, and is left to the caller
  /// @throws ImageException code `engine-failed`, for an extended attribute that is no text, such
  ///   as a program's capabilities
  public static MadeLayer gzip(Path tar, Path scratch, BlobStore blobs) {
    var engine = Sha256.engine();
    try (var from = new TarFile(tar);
        var out =
            new TarArchiveOutputStream(
                new DigestOutputStream(
                    new BufferedOutputStream(Files.newOutputStream(scratch), 1 << 16), engine),
                StandardCharsets.UTF_8.name())) {
      out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      out.setAddPaxHeadersForNonAsciiNames(true);
      for (var entry : sorted(from)) {
        out.putArchiveEntry(header(entry));
        if (entry.isFile() && entry.getSize() > 0) {
          try (var content = from.getInputStream(entry)) {
            content.transferTo(out);
          }
        }
        out.closeArchiveEntry();
      }
      out.finish();
      out.flush();
    } catch (IOException e) {
      throw FoundationException.ofFile("the layer of an engine cannot be rewritten", tar, e);
    }
    return PackedTar.gzip(scratch, Digest.of(Sha256.finish(engine)), blobs);
  }

  /// The entries by path; other names of files last, as they follow what they name.
  private static List<TarArchiveEntry> sorted(TarFile from) {
    var byPath = new TreeMap<String, TarArchiveEntry>();
    for (var entry : from.getEntries()) {
      var path = path(entry.getName());
      if (!path.isEmpty() && !OF_ENGINES.contains(path)) {
        byPath.put(path, entry);
      }
    }
    var entries = new ArrayList<>(byPath.values());
    entries.sort(Comparator.comparing(TarArchiveEntry::isLink));
    return entries;
  }

  private static String path(String name) {
    return name.replaceFirst("^(\\./|/)+", "").replaceFirst("/+$", "");
  }

  private static TarArchiveEntry header(TarArchiveEntry entry) {
    var path = path(entry.getName());
    var header = new TarArchiveEntry(path + (entry.isDirectory() ? "/" : ""), kind(entry));
    header.setMode(entry.getMode() & 07777);
    header.setUserId(entry.getLongUserId());
    header.setGroupId(entry.getLongGroupId());
    header.setUserName("");
    header.setGroupName("");
    header.setLastModifiedTime(FileTime.from(Instant.ofEpochSecond(TarHeaders.TIME_SECONDS)));
    if (entry.isLink()) {
      header.setLinkName(path(entry.getLinkName()));
    } else if (entry.isSymbolicLink()) {
      header.setLinkName(entry.getLinkName());
    } else if (entry.isFile()) {
      header.setSize(entry.getSize());
    } else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      header.setDevMajor(entry.getDevMajor());
      header.setDevMinor(entry.getDevMinor());
    }
    new TreeMap<>(entry.getExtraPaxHeaders())
        .forEach((name, value) -> {
          if (name.startsWith(ATTRIBUTE)) {
            if (value.indexOf(UNREADABLE) >= 0) {
              throw binary(path, name.substring(ATTRIBUTE.length()));
            }
            header.addPaxHeader(name, value);
          }
        });
    return header;
  }

  private static ImageException binary(String path, String attribute) {
    return new ImageException(
        Problem.of(ImageCode.ENGINE_FAILED, "an extended attribute of a file cannot be kept")
            .at(Place.of("/" + path))
            .because("`" + attribute + "` holds bytes that are no text"));
  }

  private static byte kind(TarArchiveEntry entry) {
    return entry.isDirectory()
        ? TarConstants.LF_DIR
        : entry.isSymbolicLink()
            ? TarConstants.LF_SYMLINK
            : entry.isLink()
                ? TarConstants.LF_LINK
                : entry.isCharacterDevice()
                    ? TarConstants.LF_CHR
                    : entry.isBlockDevice()
                        ? TarConstants.LF_BLK
                        : entry.isFIFO() ? TarConstants.LF_FIFO : TarConstants.LF_NORMAL;
  }
}
