package dev.terroir.image.base;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Digest;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// Reads the headers of layers into a tree: gzip, zstd or not compressed, told by their first
/// bytes, as media types are often wrong. Both digests of a layer are checked on the way. For one
/// thread.
final class LayerReader {
  /// A layer that unpacks to more is a bomb.
  private static final long MAX_UNPACKED = 256L << 30;

  private static final int BUFFER = 1 << 16;

  private final ImageTree tree;

  LayerReader(ImageTree tree) {
    this.tree = tree;
  }

  /// @throws ImageException code `blob-mismatch` when it is damaged, `invalid-oci-document` when it
  ///   is no archive
  void read(BaseImage.Layer layer, Path file) {
    tree.startLayer();
    var sha256 = Sha256.engine();
    var unpacked = Sha256.engine();
    try (var raw = new DigestInputStream(Files.newInputStream(file), sha256)) {
      try {
        // What is skipped is read in small pieces, each of which would be inflated by itself.
        var in =
            new BufferedInputStream(
                new DigestInputStream(
                    new Limited(open(new BufferedInputStream(raw, BUFFER))), unpacked),
                BUFFER);
        var tar = new TarArchiveInputStream(in, "UTF-8");
        for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
          add(entry, tar);
        }
        in.transferTo(OutputStream.nullOutputStream());
      } catch (IOException | IllegalArgumentException | ImageTree.TooManyNames e) {
        raw.transferTo(OutputStream.nullOutputStream());
        throw damaged(layer, Digest.of(Sha256.finish(sha256)), e);
      }
      raw.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer of the base image cannot be read", file, e);
    }
    var digest = Digest.of(Sha256.finish(sha256));
    var diffId = Digest.of(Sha256.finish(unpacked));
    if (!isSame(digest, layer.blob().digest())) {
      throw BaseImages.mismatch(layer.blob(), "its digest is " + digest);
    }
    if (!isSame(diffId, layer.diffId())) {
      throw BaseImages.mismatch(
          layer.blob(), "unpacked, its digest is " + diffId + ", not " + layer.diffId());
    }
  }

  /// Writes the uncompressed archive of a layer.
  ///
  /// @param to must not exist
  /// @throws ImageException code `blob-mismatch` when it is damaged
  static void unpack(BaseImage.Layer layer, Path file, Path to) {
    var unpacked = Sha256.engine();
    try (var raw = new BufferedInputStream(Files.newInputStream(file), BUFFER);
        var out = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW)) {
      try {
        new DigestInputStream(new Limited(open(raw)), unpacked).transferTo(out);
      } catch (ZipException | ZstdIOException | EOFException e) {
        throw BaseImages.mismatch(layer.blob(), String.valueOf(e.getMessage()));
      }
    } catch (IOException e) {
      throw FoundationException.ofFile("a layer of the base image cannot be unpacked", to, e);
    }
    var diffId = Digest.of(Sha256.finish(unpacked));
    if (!isSame(diffId, layer.diffId())) {
      throw BaseImages.mismatch(
          layer.blob(), "unpacked, its digest is " + diffId + ", not " + layer.diffId());
    }
  }

  /// Only SHA-256 is computed here; the store has checked another digest when the blob came.
  private static boolean isSame(Digest computed, Digest named) {
    return !named.algorithm().equals(computed.algorithm()) || named.equals(computed);
  }

  private static ImageException damaged(BaseImage.Layer layer, Digest digest, Exception e) {
    if (!isSame(digest, layer.blob().digest())) {
      return BaseImages.mismatch(layer.blob(), "its digest is " + digest);
    }
    return new ImageException(
        Problem.of(ImageCode.INVALID_OCI_DOCUMENT, "a layer of the base image is no readable tar")
            .at(Place.of(layer.blob().digest().toString()))
            .because(String.valueOf(e.getMessage()))
            .hint("name another base image"),
        e);
  }

  private static InputStream open(BufferedInputStream in) throws IOException {
    in.mark(8);
    var magic = in.readNBytes(4);
    in.reset();
    if (magic.length >= 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b) {
      return GzipCompressorInputStream.builder()
          .setInputStream(in)
          .setBufferSize(BUFFER)
          .setDecompressConcatenated(true)
          .get();
    }
    if (magic.length == 4
        && (magic[0] & 0xff) == 0x28
        && (magic[1] & 0xff) == 0xb5
        && (magic[2] & 0xff) == 0x2f
        && (magic[3] & 0xff) == 0xfd) {
      return new ZstdInputStream(in);
    }
    return in;
  }

  private void add(TarArchiveEntry entry, TarArchiveInputStream tar) throws IOException {
    var name = entry.getName();
    if (entry.isLink()) {
      tree.addHardLink(name, entry.getLinkName());
      return;
    }
    var executable = (entry.getMode() & 0111) != 0;
    if (entry.isSymbolicLink()) {
      tree.add(name, ImageTree.Kind.LINK, entry.getLinkName(), false, null);
    } else if (entry.isDirectory()) {
      tree.add(name, ImageTree.Kind.DIRECTORY, "", executable, null);
    } else if (entry.isFile()) {
      var last = name.substring(name.lastIndexOf('/') + 1);
      var facts =
          FileFacts.isWanted(last) && tar.canReadEntryData(entry)
              ? FileFacts.read(last, tar, entry.getSize())
              : null;
      tree.add(name, ImageTree.Kind.FILE, "", executable, facts);
    } else {
      tree.add(name, ImageTree.Kind.OTHER, "", executable, null);
    }
  }

  /// Ends a bomb.
  private static final class Limited extends InputStream {
    private final InputStream in;
    private long left = MAX_UNPACKED;

    Limited(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      var read = in.read(bytes, offset, length);
      left -= Math.max(0, read);
      if (left < 0) {
        throw new IOException("it unpacks to more than " + (MAX_UNPACKED >> 30) + " GiB");
      }
      return read;
    }
  }
}
