package dev.terroir.image.dockerfile;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/// Recognises the archives that ADD unpacks, by their content: tar, plain or compressed with gzip,
/// bzip2, xz or zstd.
final class Archives {
  /// More than any model or data set that is shipped in a build context; a bomb ends here.
  private static final long MAX_UNPACKED_BYTES = 64L << 30;

  /// The memory that an xz stream may ask for, in KiB.
  private static final int MAX_XZ_KIB = 256 << 10;

  private static final int BLOCK = 512;

  private Archives() {}

  /// Writes the plain tar of an archive, if it is one.
  ///
  /// @param tar where to; must not exist
  /// @return false if it is no archive; nothing is written then
  static boolean expand(LayeredTree.Content content, Path tar) throws IOException {
    try (var in = decompressed(new BufferedInputStream(content.open(), 1 << 16))) {
      var block = in.readNBytes(BLOCK);
      if (block.length < BLOCK || isZero(block) || !TarUtils.verifyCheckSum(block)) {
        return false;
      }
      try (var out = new BufferedOutputStream(Files.newOutputStream(tar), 1 << 16)) {
        out.write(block);
        var size = (long) block.length;
        var buffer = new byte[1 << 16];
        for (var read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          size += read;
          if (size > MAX_UNPACKED_BYTES) {
            throw new IOException("it holds more than 64 GiB");
          }
          out.write(buffer, 0, read);
        }
      }
      return true;
    }
  }

  private static boolean isZero(byte[] block) {
    for (var b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private static InputStream decompressed(BufferedInputStream in) throws IOException {
    in.mark(8);
    var magic = in.readNBytes(6);
    in.reset();
    if (startsWith(magic, 0x1f, 0x8b)) {
      return new GZIPInputStream(in, 1 << 16);
    }
    if (startsWith(magic, 'B', 'Z', 'h')) {
      return new BZip2CompressorInputStream(in, true);
    }
    if (startsWith(magic, 0xfd, '7', 'z', 'X', 'Z', 0)) {
      return XZCompressorInputStream.builder()
          .setInputStream(in)
          .setDecompressConcatenated(true)
          .setMemoryLimitKiB(MAX_XZ_KIB)
          .get();
    }
    if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
      return new ZstdInputStream(in);
    }
    return in;
  }

  private static boolean startsWith(byte[] bytes, int... magic) {
    var wanted = new byte[magic.length];
    for (var i = 0; i < magic.length; i++) {
      wanted[i] = (byte) magic[i];
    }
    return bytes.length >= magic.length
        && Arrays.equals(bytes, 0, magic.length, wanted, 0, magic.length);
  }
}
