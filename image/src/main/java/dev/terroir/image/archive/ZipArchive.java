package dev.terroir.image.archive;

import dev.terroir.foundation.FoundationException;
import dev.terroir.image.ImageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// A zip archive that can be read in one way only. Opening it reads the central directory and every
/// local header and refuses the archive unless they agree and the members fill the file from its
/// first byte to the directory without gap or overlap, and the directory reaches the end record.
/// Content is checked against size and CRC-32 whenever it is read.
///
/// For one thread; [#close] it.
///
/// Spec: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3 (zip64).
///
/// @since 0.1
public final class ZipArchive implements AutoCloseable {
  /// More members than any real package has; the largest known have 30,000.
  public static final int MAX_MEMBERS = 200_000;

  /// Bytes of the central directory: [#MAX_MEMBERS] with names of usual length.
  public static final long MAX_DIRECTORY_BYTES = 64L << 20;

  /// Bytes of all contents together; the largest known wheels have 10 GiB.
  public static final long MAX_CONTENT_BYTES = 64L << 30;

  /// How many times larger than the archive its contents may be, once they exceed
  /// [#RATIO_FREE_BYTES]: a bomb has 1000, real packages stay under 30.
  public static final long MAX_RATIO = 200;

  /// Contents up to here may have any ratio.
  public static final long RATIO_FREE_BYTES = 128L << 20;

  private static final int CHUNK = 1 << 16;
  private static final int INFLATED_CHUNK = 1 << 17;

  private final FileChannel channel;
  private final ZipBytes bytes;
  private final List<ZipMember> members;
  private final Map<String, ZipMember> byName;
  private final byte[] packed = new byte[CHUNK];
  private final byte[] content = new byte[INFLATED_CHUNK];
  private final CRC32 crc = new CRC32();
  private @Nullable Inflater inflater;

  private ZipArchive(String source, FileChannel channel) throws IOException {
    this.channel = channel;
    this.bytes = new ZipBytes(source, channel);
    this.members = new ZipDirectory(bytes).members();
    this.byName = LinkedHashMap.newLinkedHashMap(members.size());
    checkNames();
  }

  /// Opens and checks an archive.
  ///
  /// @throws ImageException code `invalid-archive`
  public static ZipArchive open(Path file) {
    return open(file, String.valueOf(file.getFileName()));
  }

  /// The same, for an archive whose file has another name than people know it by.
  ///
  /// @param source how messages name it
  public static ZipArchive open(Path file, String source) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      return new ZipArchive(source, channel);
    } catch (IOException e) {
      closeQuietly(channel);
      throw FoundationException.ofFile("the archive cannot be read", file, e);
    } catch (RuntimeException e) {
      closeQuietly(channel);
      throw e;
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // It was only read; the first failure is the one to report.
      }
    }
  }

  /// How messages name it.
  public String source() {
    return bytes.source();
  }

  /// The members sorted by name, by Unicode code point.
  public List<ZipMember> members() {
    return members;
  }

  /// The file of a name.
  public Optional<ZipMember> find(String name) {
    return Optional.ofNullable(byName.get(name)).filter(member -> !member.isFolder());
  }

  /// Names that differ from an earlier one in case only, each with that one: sound on Linux, but
  /// not where files are told apart without case.
  public Map<String, String> caseClashes() {
    var clashes = new LinkedHashMap<String, String>();
    var seen = new HashMap<String, String>();
    for (var member : members) {
      var earlier = seen.putIfAbsent(member.name().toLowerCase(Locale.ROOT), member.name());
      if (earlier != null) {
        clashes.put(member.name(), earlier);
      }
    }
    return clashes;
  }

  /// Takes a member's bytes as they are read: those in the archive and the content that they are.
  public interface Sink {
    /// Bytes as they lie in the archive; for a stored member the same as the content.
    default void packed(byte[] bytes, int offset, int length) throws IOException {}

    /// Bytes of the content.
    void content(byte[] bytes, int offset, int length) throws IOException;
  }

  /// Reads one member, and checks its size, its CRC-32, and that its deflate stream ends where it
  /// should. What the sink got counts only when this returns.
  ///
  /// @throws ImageException code `invalid-archive`
  public void read(ZipMember member, Sink sink) throws IOException {
    crc.reset();
    long size = member.isDeflated() ? inflate(member, sink) : copy(member, sink);
    if (size != member.sizeBytes()) {
      throw refused(member.name(), "its content has " + size + " bytes, not " + member.sizeBytes());
    }
    if (crc.getValue() != member.crc32()) {
      throw refused(
          member.name(),
          String.format(
              Locale.ROOT,
              "the CRC-32 of its content is %08x, not %08x",
              crc.getValue(),
              member.crc32()));
    }
  }

  private long copy(ZipMember member, Sink sink) throws IOException {
    for (long done = 0; done < member.sizeBytes(); ) {
      int length = (int) Math.min(CHUNK, member.sizeBytes() - done);
      bytes.fill(member.dataOffset() + done, packed, length);
      crc.update(packed, 0, length);
      sink.packed(packed, 0, length);
      sink.content(packed, 0, length);
      done += length;
    }
    return member.sizeBytes();
  }

  private long inflate(ZipMember member, Sink sink) throws IOException {
    var engine = inflater;
    if (engine == null) {
      engine = new Inflater(true);
      inflater = engine;
    } else {
      engine.reset();
    }
    long read = 0;
    long size = 0;
    try {
      while (!engine.finished()) {
        if (engine.needsInput()) {
          int length = (int) Math.min(CHUNK, member.packedSizeBytes() - read);
          if (length == 0) {
            throw refused(member.name(), "its deflate stream does not end");
          }
          bytes.fill(member.dataOffset() + read, packed, length);
          read += length;
          engine.setInput(packed, 0, length);
          sink.packed(packed, 0, length);
        }
        int length = engine.inflate(content);
        size += length;
        if (size > member.sizeBytes()) {
          throw refused(
              member.name(), "its content has more than the " + member.sizeBytes() + " bytes said");
        }
        if (length > 0) {
          crc.update(content, 0, length);
          sink.content(content, 0, length);
        } else if (engine.needsDictionary()) {
          throw refused(member.name(), "its deflate stream wants a dictionary");
        }
      }
    } catch (DataFormatException e) {
      throw refused(member.name(), "its deflate stream is damaged: " + e.getMessage());
    }
    if (engine.getRemaining() > 0 || read < member.packedSizeBytes()) {
      throw refused(member.name(), "bytes follow its deflate stream");
    }
    return size;
  }

  /// The content of a stored member, to be read once from its beginning to its end, where its
  /// CRC-32 is checked. For use while nothing else of the archive is read.
  ///
  /// @throws ImageException code `invalid-archive`, also of reading it
  public InputStream stream(ZipMember member) {
    if (member.isDeflated()) {
      throw refused(member.name(), "it is compressed, and must be stored");
    }
    return new Stored(member);
  }

  private final class Stored extends InputStream {
    private final ZipMember member;
    private final CRC32 sum = new CRC32();
    private long done;
    private boolean isChecked;

    Stored(ZipMember member) {
      this.member = member;
    }

    @Override
    public int read() throws IOException {
      var one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (done == member.sizeBytes()) {
        if (!isChecked && sum.getValue() != member.crc32()) {
          throw refused(member.name(), "the CRC-32 of its content is not the one that it says");
        }
        isChecked = true;
        return -1;
      }
      int step = (int) Math.min(length, member.sizeBytes() - done);
      var buffer = ByteBuffer.wrap(bytes, offset, step);
      int read = channel.read(buffer, member.dataOffset() + done);
      if (read < 0) {
        throw refused(null, "it ends at byte " + (member.dataOffset() + done));
      }
      sum.update(bytes, offset, read);
      done += read;
      return read;
    }
  }

  /// The first bytes of a member's content, unchecked; fewer when it has fewer.
  public byte[] start(ZipMember member, int length) {
    var start = new byte[length];
    int size = 0;
    try {
      if (member.isDeflated()) {
        var engine = new Inflater(true);
        try {
          int read = (int) Math.min(CHUNK, member.packedSizeBytes());
          bytes.fill(member.dataOffset(), packed, read);
          engine.setInput(packed, 0, read);
          for (int step = -1; size < length && step != 0; size += step) {
            step = engine.inflate(start, size, length - size);
          }
        } finally {
          engine.end();
        }
      } else {
        size = (int) Math.min(length, member.sizeBytes());
        bytes.fill(member.dataOffset(), start, size);
      }
    } catch (DataFormatException e) {
      throw refused(member.name(), "its deflate stream is damaged: " + e.getMessage());
    } catch (IOException e) {
      throw FoundationException.ofFile("the archive cannot be read", Path.of(bytes.source()), e);
    }
    return Arrays.copyOf(start, size);
  }

  /// The content of a small member.
  ///
  /// @param maxBytes refused when it is larger
  public byte[] bytes(ZipMember member, int maxBytes) {
    if (member.sizeBytes() > maxBytes) {
      throw refused(member.name(), "it has " + member.sizeBytes() + " bytes, over " + maxBytes);
    }
    var out = new ByteArrayOutputStream((int) member.sizeBytes());
    try {
      read(member, out::write);
    } catch (IOException e) {
      throw FoundationException.ofFile("the archive cannot be read", Path.of(bytes.source()), e);
    }
    return out.toByteArray();
  }

  /// The content of a small member as text, which must be UTF-8.
  public String text(ZipMember member, int maxBytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes(member, maxBytes)))
          .toString();
    } catch (CharacterCodingException e) {
      throw refused(member.name(), "it is not UTF-8 text");
    }
  }

  /// A failure of this archive.
  ///
  /// @param member the member it is about, or null for the whole archive
  /// @param why one sentence without full stop
  public ImageException refused(@Nullable String member, String why) {
    return bytes.refused(member, why);
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
      inflater = null;
    }
    closeQuietly(channel);
  }

  /// No name twice, and no file where another member needs a folder.
  private void checkNames() {
    for (var member : members) {
      if (byName.put(member.name(), member) != null) {
        throw refused(member.name(), "it is there twice");
      }
    }
    Set<String> checked = new HashSet<>();
    for (var member : members) {
      var name = member.name();
      for (int slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
        var parent = name.substring(0, slash);
        if (!checked.add(parent)) {
          break;
        }
        var above = byName.get(parent);
        if (above != null && !above.isFolder()) {
          throw refused(name, "it lies below `" + parent + "`, which is a file");
        }
      }
    }
  }
}
