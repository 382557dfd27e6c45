package dev.terroir.image.layer;

import com.github.luben.zstd.ZstdOutputStream;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.image.archive.WheelArchive;
import dev.terroir.image.archive.ZipArchive;
import dev.terroir.image.archive.ZipMember;
import dev.terroir.image.blob.BlobStore;
import dev.terroir.image.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// Writes one layer into a blob store, in one pass. The same calls give the same bytes. Folders
/// above a file are written before the first file that needs them.
///
/// For one thread. Close it without [#finish] to leave nothing behind.
///
/// @since 0.1
public final class LayerWriter implements AutoCloseable {
  /// The level of what is compressed here: tar headers hardly differ between levels.
  private static final int GLUE_LEVEL = 6;

  private static final int ZSTD_LEVEL = 3;

  /// What stands between members of archives is collected up to here before it is compressed.
  private static final int GLUE_SIZE = 1 << 18;

  /// A member of no more than this is compressed with the headers around it: two gzip members less
  /// are worth more than not to compress so little again.
  private static final int SMALL_MEMBER = 512;

  private final BlobStore.Writer blob;
  private final Compression compression;
  private final OutputStream out;
  private final MessageDigest diffId = Sha256.engine();
  private final Set<String> folders = new HashSet<>();
  private final byte[] glue;
  private int glueSize;
  private long tarSize;

  /// Starts a layer.
  public LayerWriter(BlobStore blobs, Compression compression) throws IOException {
    this.blob = blobs.writer();
    this.compression = compression;
    this.glue = compression == Compression.GZIP ? new byte[GLUE_SIZE] : new byte[0];
    try {
      this.out =
          switch (compression) {
            case GZIP -> new Blocks(blob);
            // Equal blocks in, so that what zstd makes of them does not depend on how they came.
            case ZSTD -> new Blocks(new ZstdOutputStream(new Unclosed(blob), ZSTD_LEVEL));
          };
    } catch (IOException e) {
      blob.close();
      throw e;
    }
  }

  /// How large the tar is so far, in bytes.
  public long tarSizeBytes() {
    return tarSize;
  }

  /// Writes a folder, unless it was written.
  ///
  /// @param path relative to `/`, without `/` at either end
  public void folder(String path) throws IOException {
    if (folders.add(path)) {
      foldersAbove(path);
      plain(TarHeaders.folder(path));
    }
  }

  private void foldersAbove(String path) throws IOException {
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      folder(path.substring(0, slash));
    }
  }

  /// Writes a symbolic link.
  ///
  /// @param path relative to `/`
  /// @param target as it stands in the link
  public void link(String path, String target) throws IOException {
    foldersAbove(path);
    plain(TarHeaders.link(path, target));
  }

  /// Writes a file.
  ///
  /// @param path relative to `/`, checked by the caller
  public void file(String path, boolean isExecutable, byte[] content) throws IOException {
    foldersAbove(path);
    plain(TarHeaders.file(path, content.length, isExecutable));
    plain(content);
    pad(content.length);
  }

  /// Writes a file.
  ///
  /// @param path relative to `/`, checked by the caller
  /// @param mode permission bits
  public void file(String path, int mode, byte[] content) throws IOException {
    foldersAbove(path);
    plain(TarHeaders.file(path, content.length, mode));
    plain(content);
    pad(content.length);
  }

  /// Takes the bytes of a file.
  public interface Sink {
    /// Takes some.
    void write(byte[] bytes, int offset, int length) throws IOException;
  }

  /// Gives the bytes of a file.
  public interface Content {
    /// Hands all of them over.
    void writeTo(Sink sink) throws IOException;
  }

  /// Writes a file that is not held in memory.
  ///
  /// @param path relative to `/`, checked by the caller
  /// @param mode permission bits
  /// @param content gives exactly the bytes that the size says
  public void file(String path, int mode, long sizeBytes, Content content) throws IOException {
    foldersAbove(path);
    plain(TarHeaders.file(path, sizeBytes, mode));
    long before = tarSize;
    content.writeTo(this::plain);
    if (tarSize - before != sizeBytes) {
      throw new IllegalStateException(path + " has other bytes than its size says");
    }
    pad(sizeBytes);
  }

  /// Writes another name of a file that this layer holds.
  ///
  /// @param path relative to `/`
  /// @param target path of that file, relative to `/`
  /// @param mode its permission bits
  public void hardLink(String path, String target, int mode) throws IOException {
    foldersAbove(path);
    plain(TarHeaders.hardLink(path, target, mode));
  }

  /// Writes a member of a wheel, which is checked on the way.
  ///
  /// @param keep takes the content too, or null
  public void member(
      String path,
      boolean isExecutable,
      WheelArchive wheel,
      ZipMember member,
      @Nullable ByteArrayOutputStream keep)
      throws IOException {
    foldersAbove(path);
    plain(TarHeaders.file(path, member.sizeBytes(), isExecutable));
    boolean isPassedOn =
        compression == Compression.GZIP && member.isDeflated() && member.sizeBytes() > SMALL_MEMBER;
    if (isPassedOn) {
      flushGlue();
      out.write(GzipMembers.header());
      wheel.read(member, new PassingOn(keep));
      out.write(GzipMembers.trailer(member.crc32(), member.sizeBytes()));
      tarSize += member.sizeBytes();
    } else {
      wheel.read(
          member,
          (bytes, offset, length) -> {
            plain(bytes, offset, length);
            if (keep != null) {
              keep.write(bytes, offset, length);
            }
          });
    }
    pad(member.sizeBytes());
  }

  private final class PassingOn implements ZipArchive.Sink {
    private final @Nullable ByteArrayOutputStream keep;

    PassingOn(@Nullable ByteArrayOutputStream keep) {
      this.keep = keep;
    }

    @Override
    public void packed(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void content(byte[] bytes, int offset, int length) {
      diffId.update(bytes, offset, length);
      if (keep != null) {
        keep.write(bytes, offset, length);
      }
    }
  }

  /// A file that was compressed beforehand, in another thread.
  ///
  /// @param sizeBytes size of its content
  /// @param bytes a gzip member, or the content itself where that is of no use
  @SuppressWarnings("ArrayRecordComponent") // handed on once and never compared
  public record Packed(int sizeBytes, byte[] bytes, boolean isCompressed) {}

  /// Compresses a file for a layer.
  ///
  /// @param level 1 to 9, for gzip
  public static Packed pack(byte[] content, Compression compression, int level) {
    return switch (compression) {
      case GZIP ->
          new Packed(content.length, GzipMembers.compress(content, content.length, level), true);
      case ZSTD -> new Packed(content.length, content, false);
    };
  }

  /// Writes such a file, never executable.
  public void packed(String path, Packed file) throws IOException {
    if (!file.isCompressed()) {
      file(path, false, file.bytes());
      return;
    }
    foldersAbove(path);
    plain(TarHeaders.file(path, file.sizeBytes(), false));
    flushGlue();
    out.write(file.bytes());
    hashContent(file);
    tarSize += file.sizeBytes();
    pad(file.sizeBytes());
  }

  private void hashContent(Packed file) {
    var inflater = new Inflater(true);
    try {
      int header = GzipMembers.header().length;
      inflater.setInput(file.bytes(), header, file.bytes().length - header);
      var buffer = new byte[1 << 15];
      while (!inflater.finished()) {
        diffId.update(buffer, 0, inflater.inflate(buffer));
      }
    } catch (DataFormatException e) {
      throw new IllegalStateException("the encoder wrote what cannot be read", e);
    } finally {
      inflater.end();
    }
  }

  private void pad(long sizeBytes) throws IOException {
    plain(ZEROS, 0, TarHeaders.padding(sizeBytes));
  }

  private static final byte[] ZEROS = new byte[2 * TarHeaders.BLOCK];

  private void plain(byte[] bytes) throws IOException {
    plain(bytes, 0, bytes.length);
  }

  /// Takes bytes of the tar that have to be compressed.
  private void plain(byte[] bytes, int offset, int length) throws IOException {
    diffId.update(bytes, offset, length);
    tarSize += length;
    if (compression == Compression.ZSTD) {
      out.write(bytes, offset, length);
      return;
    }
    for (int done = 0; done < length; ) {
      int step = Math.min(length - done, glue.length - glueSize);
      System.arraycopy(bytes, offset + done, glue, glueSize, step);
      glueSize += step;
      done += step;
      if (glueSize == glue.length) {
        flushGlue();
      }
    }
  }

  private void flushGlue() throws IOException {
    if (glueSize > 0) {
      out.write(GzipMembers.compress(glue, glueSize, GLUE_LEVEL));
      glueSize = 0;
    }
  }

  /// Ends the layer and gives the blob its name.
  public MadeLayer finish() throws IOException {
    plain(ZEROS);
    flushGlue();
    out.close();
    var stored = blob.commit(null);
    return new MadeLayer(
        compression.mediaType(),
        stored.digest(),
        Digest.of(Sha256.finish(diffId)),
        stored.sizeBytes(),
        tarSize);
  }

  /// Frees what zstd holds and, unless finished, throws the layer away.
  @Override
  public void close() throws IOException {
    try {
      out.close();
    } finally {
      blob.close();
    }
  }

  /// Hands on blocks of one size whatever the sizes that come. Closing it passes the rest on and
  /// closes a compressor, but leaves the blob open for its commit.
  private static final class Blocks extends OutputStream {
    private final OutputStream target;
    private final byte[] block = new byte[1 << 17];
    private int size;
    private boolean isClosed;

    Blocks(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      for (int done = 0; done < length; ) {
        int step = Math.min(length - done, block.length - size);
        System.arraycopy(bytes, offset + done, block, size, step);
        size += step;
        done += step;
        if (size == block.length) {
          target.write(block, 0, size);
          size = 0;
        }
      }
    }

    @Override
    public void close() throws IOException {
      if (isClosed) {
        return;
      }
      isClosed = true;
      try {
        target.write(block, 0, size);
      } finally {
        if (!(target instanceof BlobStore.Writer)) {
          target.close();
        }
      }
    }
  }

  private static final class Unclosed extends OutputStream {
    private final OutputStream target;

    Unclosed(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int value) throws IOException {
      target.write(value);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      target.write(bytes, offset, length);
    }
  }
}
