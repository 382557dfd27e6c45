package dev.terroir.image.archive;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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

  /// Bytes of a member's path in UTF-8; with a prefix before it, it must stay under Linux's 4096.
  public static final int MAX_PATH_BYTES = 2048;

  /// Bytes of one component, the limit of Linux's file systems.
  public static final int MAX_COMPONENT_BYTES = 255;

  /// Components of a path.
  public static final int MAX_DEPTH = 64;

  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int CENTRAL_SIGNATURE = 0x02014b50;
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END64_SIGNATURE = 0x06064b50;
  private static final int LOCATOR64_SIGNATURE = 0x07064b50;
  private static final int DESCRIPTOR_SIGNATURE = 0x08074b50;

  private static final int LOCAL_SIZE = 30;
  private static final int CENTRAL_SIZE = 46;
  private static final int END_SIZE = 22;
  private static final int END64_SIZE = 56;
  private static final int LOCATOR64_SIZE = 20;

  private static final int FLAG_ENCRYPTED = 1;
  private static final int FLAG_DESCRIPTOR = 1 << 3;
  private static final int FLAG_UTF8 = 1 << 11;

  /// Deflate's two bits of how hard it tried, descriptor, UTF-8; every other bit changes how the
  /// data are read.
  private static final int KNOWN_FLAGS = 0b110 | FLAG_DESCRIPTOR | FLAG_UTF8;

  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int EXTRA_ZIP64 = 0x0001;
  private static final int EXTRA_UNICODE_PATH = 0x7075;
  private static final long MAX_32 = 0xffff_ffffL;
  private static final int MAX_16 = 0xffff;

  private static final int MODE_TYPE = 0xf000;
  private static final int MODE_FOLDER = 0x4000;
  private static final int MODE_FILE = 0x8000;
  private static final int MODE_LINK = 0xa000;
  private static final int MODE_EXECUTE = 0x49;

  private static final int CHUNK = 1 << 16;
  private static final int INFLATED_CHUNK = 1 << 17;

  private final String source;
  private final FileChannel channel;
  private final long fileSize;
  private final List<ZipMember> members;
  private final Map<String, ZipMember> byName;
  private final byte[] packed = new byte[CHUNK];
  private final byte[] content = new byte[INFLATED_CHUNK];
  private final CRC32 crc = new CRC32();
  private @Nullable Inflater inflater;

  private ZipArchive(String source, FileChannel channel) throws IOException {
    this.source = source;
    this.channel = channel;
    this.fileSize = channel.size();
    this.members = readMembers();
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
    return source;
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
      fill(member.dataOffset() + done, packed, length);
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
          fill(member.dataOffset() + read, packed, length);
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
          fill(member.dataOffset(), packed, read);
          engine.setInput(packed, 0, read);
          for (int step = -1; size < length && step != 0; size += step) {
            step = engine.inflate(start, size, length - size);
          }
        } finally {
          engine.end();
        }
      } else {
        size = (int) Math.min(length, member.sizeBytes());
        fill(member.dataOffset(), start, size);
      }
    } catch (DataFormatException e) {
      throw refused(member.name(), "its deflate stream is damaged: " + e.getMessage());
    } catch (IOException e) {
      throw FoundationException.ofFile("the archive cannot be read", Path.of(source), e);
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
      throw FoundationException.ofFile("the archive cannot be read", Path.of(source), e);
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
    return refused(source, member, why);
  }

  /// A failure of an archive.
  ///
  /// @param source how messages name it
  /// @param member the member it is about, or null for the whole archive
  /// @param why one sentence without full stop
  public static ImageException refused(String source, @Nullable String member, String why) {
    var problem = Problem.of(ImageCode.INVALID_ARCHIVE, "the archive `" + source + "` is refused");
    return new ImageException(
        (member == null ? problem : problem.at(Place.of("member `" + printable(member) + "`")))
            .because(why)
            .hint("fetch it anew; if it stays so, pin a version whose archive is sound"));
  }

  private static String printable(String name) {
    var out = new StringBuilder();
    name.codePoints()
        .limit(200)
        .forEach(point -> {
          if (Character.isISOControl(point)) {
            out.append(String.format(Locale.ROOT, "\\x%02x", point));
          } else {
            out.appendCodePoint(point);
          }
        });
    return out.toString();
  }

  @Override
  public void close() {
    if (inflater != null) {
      inflater.end();
      inflater = null;
    }
    closeQuietly(channel);
  }

  private void fill(long position, byte[] bytes, int length) throws IOException {
    var buffer = ByteBuffer.wrap(bytes, 0, length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw refused(null, "it ends at byte " + (position + buffer.position()));
      }
    }
  }

  private ByteBuffer slice(long position, int length) throws IOException {
    if (position < 0 || position + length > fileSize) {
      throw refused(null, "it says that there are bytes at " + position + ", outside of itself");
    }
    var bytes = new byte[length];
    fill(position, bytes, length);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Where the central directory lies and how many members it lists.
  private record Directory(long offset, long size, long count, long end) {}

  /// What a central header says.
  private record Central(
      String name,
      byte[] rawName,
      int flags,
      int method,
      long crc32,
      long packedSize,
      long size,
      long offset,
      int mode) {}

  private List<ZipMember> readMembers() throws IOException {
    checkFirstBytes();
    var directory = readEnd();
    if (directory.count() > MAX_MEMBERS) {
      throw refused(null, "it has " + directory.count() + " members, over " + MAX_MEMBERS);
    }
    if (directory.size() > MAX_DIRECTORY_BYTES) {
      throw refused(null, "its directory has " + directory.size() + " bytes");
    }
    if (directory.offset() + directory.size() != directory.end()) {
      throw refused(
          null,
          "its directory is said to end at byte "
              + (directory.offset() + directory.size())
              + ", but the end record begins at "
              + directory.end());
    }
    var headers = slice(directory.offset(), (int) directory.size());
    var centrals = new ArrayList<Central>((int) directory.count());
    for (long i = 0; i < directory.count(); i++) {
      centrals.add(readCentral(headers));
    }
    if (headers.hasRemaining()) {
      throw refused(null, headers.remaining() + " bytes follow the last header of its directory");
    }
    checkTotals(centrals);
    return place(centrals, directory.offset());
  }

  /// One format only: a zip begins with a member, and is no tar archive beside that.
  private void checkFirstBytes() throws IOException {
    if (fileSize < END_SIZE) {
      throw refused(null, "it has only " + fileSize + " bytes and cannot be a zip archive");
    }
    var first = slice(0, (int) Math.min(fileSize, 512));
    int signature = first.getInt(0);
    if (signature != LOCAL_SIGNATURE && !(signature == END_SIGNATURE && fileSize == END_SIZE)) {
      throw refused(null, "it does not begin with a member of a zip archive");
    }
    if (first.limit() >= 263
        && Arrays.equals(
            Arrays.copyOfRange(first.array(), 257, 262),
            "ustar".getBytes(StandardCharsets.US_ASCII))) {
      throw refused(null, "it is a tar archive and a zip archive at once");
    }
  }

  private Directory readEnd() throws IOException {
    int tailSize = (int) Math.min(fileSize, END_SIZE + MAX_16);
    var tail = slice(fileSize - tailSize, tailSize);
    int at = -1;
    for (int i = tailSize - END_SIZE; i >= 0; i--) {
      if (tail.getInt(i) == END_SIGNATURE) {
        int comment = Short.toUnsignedInt(tail.getShort(i + 20));
        if (i + END_SIZE + comment == tailSize) {
          at = i;
          break;
        }
        if (at < 0) {
          throw refused(null, "bytes follow its end record");
        }
      }
    }
    if (at < 0) {
      throw refused(null, "it has no end record; it may be truncated");
    }
    for (int i = at + END_SIZE; i < tailSize; i++) {
      // An archive's comment may be text. A header of another archive always has control
      // characters.
      byte value = tail.get(i);
      if (value >= 0 && value < ' ' && value != '\n' && value != '\r' && value != '\t') {
        throw refused(null, "its comment is not text and could be another archive");
      }
    }
    long end = fileSize - tailSize + at;
    int disk = Short.toUnsignedInt(tail.getShort(at + 4));
    int directoryDisk = Short.toUnsignedInt(tail.getShort(at + 6));
    long diskCount = Short.toUnsignedInt(tail.getShort(at + 8));
    long count = Short.toUnsignedInt(tail.getShort(at + 10));
    long size = Integer.toUnsignedLong(tail.getInt(at + 12));
    long offset = Integer.toUnsignedLong(tail.getInt(at + 16));
    if (end >= LOCATOR64_SIZE) {
      var locator = slice(end - LOCATOR64_SIZE, LOCATOR64_SIZE);
      if (locator.getInt(0) == LOCATOR64_SIGNATURE) {
        return readEnd64(locator, end - LOCATOR64_SIZE, count, size, offset);
      }
    }
    if (disk != 0 || directoryDisk != 0 || diskCount != count) {
      throw refused(null, "it is said to be one of several parts");
    }
    return new Directory(offset, size, count, end);
  }

  private Directory readEnd64(
      ByteBuffer locator, long locatorOffset, long count32, long size32, long offset32)
      throws IOException {
    long position = locator.getLong(8);
    if (locator.getInt(4) != 0
        || locator.getInt(16) != 1
        || position != locatorOffset - END64_SIZE) {
      throw refused(null, "its zip64 end record is not where its locator says");
    }
    var record = slice(position, END64_SIZE);
    long count = record.getLong(32);
    long size = record.getLong(40);
    long offset = record.getLong(48);
    if (record.getInt(0) != END64_SIGNATURE
        || record.getLong(4) != END64_SIZE - 12
        || record.getInt(16) != 0
        || record.getInt(20) != 0
        || record.getLong(24) != count) {
      throw refused(null, "its zip64 end record is damaged");
    }
    if (count < 0
        || size < 0
        || offset < 0
        || (count32 != MAX_16 && count32 != count)
        || (size32 != MAX_32 && size32 != size)
        || (offset32 != MAX_32 && offset32 != offset)) {
      throw refused(null, "its two end records disagree");
    }
    return new Directory(offset, size, count, position);
  }

  private Central readCentral(ByteBuffer headers) {
    if (headers.remaining() < CENTRAL_SIZE
        || headers.getInt(headers.position()) != CENTRAL_SIGNATURE) {
      throw refused(null, "its directory ends before its last header");
    }
    int at = headers.position();
    int flags = Short.toUnsignedInt(headers.getShort(at + 8));
    int method = Short.toUnsignedInt(headers.getShort(at + 10));
    long crc32 = Integer.toUnsignedLong(headers.getInt(at + 16));
    long packedSize = Integer.toUnsignedLong(headers.getInt(at + 20));
    long size = Integer.toUnsignedLong(headers.getInt(at + 24));
    int nameSize = Short.toUnsignedInt(headers.getShort(at + 28));
    int extraSize = Short.toUnsignedInt(headers.getShort(at + 30));
    int commentSize = Short.toUnsignedInt(headers.getShort(at + 32));
    int disk = Short.toUnsignedInt(headers.getShort(at + 34));
    int mode = headers.getInt(at + 38) >>> 16;
    long offset = Integer.toUnsignedLong(headers.getInt(at + 42));
    headers.position(at + CENTRAL_SIZE);
    if (headers.remaining() < nameSize + extraSize + commentSize) {
      throw refused(null, "its directory ends within a header");
    }
    var rawName = new byte[nameSize];
    headers.get(rawName);
    var name = decode(rawName);
    var extras = readExtras(headers.slice(headers.position(), extraSize), name, rawName);
    headers.position(headers.position() + extraSize + commentSize);
    if (disk != 0) {
      throw refused(name, "it is said to lie in another part of the archive");
    }
    var wide = extras.get(EXTRA_ZIP64);
    if (wide != null) {
      int needed =
          (size == MAX_32 ? 8 : 0) + (packedSize == MAX_32 ? 8 : 0) + (offset == MAX_32 ? 8 : 0);
      // Writers that could not know the sizes leave room, and zeros in it.
      if (wide.remaining() != needed && (needed != 0 || !isVoid(wide, size, packedSize, offset))) {
        throw refused(name, "its zip64 field has " + wide.remaining() + " bytes, not " + needed);
      }
      size = size == MAX_32 ? wide.getLong() : size;
      packedSize = packedSize == MAX_32 ? wide.getLong() : packedSize;
      offset = offset == MAX_32 ? wide.getLong() : offset;
      if (size < 0 || packedSize < 0 || offset < 0) {
        throw refused(name, "a size in its zip64 field is negative");
      }
    } else if (size == MAX_32 || packedSize == MAX_32 || offset == MAX_32) {
      throw refused(name, "it lacks the zip64 field that its header calls for");
    }
    return new Central(name, rawName, flags, method, crc32, packedSize, size, offset, mode);
  }

  /// Whether a zip64 field that its header does not call for says nothing, or nothing else.
  private static boolean isVoid(ByteBuffer wide, long size, long packedSize, long offset) {
    var values = new long[] {size, packedSize, offset};
    if (wide.remaining() % 8 != 0 || wide.remaining() > 8 * values.length) {
      return false;
    }
    boolean isZero = true;
    boolean isSame = true;
    for (int i = 0; i < wide.remaining() / 8; i++) {
      long value = wide.getLong(wide.position() + 8 * i);
      isZero &= value == 0;
      isSame &= value == values[i];
    }
    return isZero || isSame;
  }

  private String decode(byte[] rawName) {
    // Without the UTF-8 flag the format says code page 437, and nobody writes it; a name that is
    // not UTF-8 either way is one that readers would read differently.
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(rawName)).toString();
    } catch (CharacterCodingException e) {
      throw refused(new String(rawName, StandardCharsets.ISO_8859_1), "its name is not UTF-8");
    }
  }

  private Map<Integer, ByteBuffer> readExtras(ByteBuffer extra, String name, byte[] rawName) {
    if (!extra.hasRemaining()) {
      return Map.of();
    }
    extra.order(ByteOrder.LITTLE_ENDIAN);
    var fields = new HashMap<Integer, ByteBuffer>();
    while (extra.hasRemaining()) {
      if (extra.remaining() < 4) {
        throw refused(name, "its extra fields are damaged");
      }
      int id = Short.toUnsignedInt(extra.getShort());
      int size = Short.toUnsignedInt(extra.getShort());
      if (size > extra.remaining()) {
        throw refused(name, "its extra fields are damaged");
      }
      var value = extra.slice(extra.position(), size).order(ByteOrder.LITTLE_ENDIAN);
      extra.position(extra.position() + size);
      if (fields.put(id, value) != null && (id == EXTRA_ZIP64 || id == EXTRA_UNICODE_PATH)) {
        throw refused(name, "it has the same extra field twice");
      }
    }
    var path = fields.get(EXTRA_UNICODE_PATH);
    if (path != null) {
      if (path.remaining() < 5
          || !path.slice(path.position() + 5, path.remaining() - 5)
              .equals(ByteBuffer.wrap(rawName))) {
        throw refused(name, "it has a second name in an extra field");
      }
    }
    return fields;
  }

  private void checkTotals(List<Central> centrals) {
    long total = 0;
    for (var central : centrals) {
      total = Math.addExact(total, Math.min(central.size(), MAX_CONTENT_BYTES));
      if (total > MAX_CONTENT_BYTES || (total > RATIO_FREE_BYTES && total / MAX_RATIO > fileSize)) {
        throw refused(
            central.name(),
            "its contents would have more than "
                + total
                + " bytes, out of "
                + fileSize
                + " bytes of archive");
      }
    }
  }

  /// Every member at its place: in the order of their offsets they follow each other, from byte 0
  /// to the directory.
  private List<ZipMember> place(List<Central> centrals, long directoryOffset) throws IOException {
    var ordered = new ArrayList<>(centrals);
    ordered.sort(Comparator.comparingLong(Central::offset));
    var placed = new ArrayList<ZipMember>(ordered.size());
    long expected = 0;
    for (int i = 0; i < ordered.size(); i++) {
      var central = ordered.get(i);
      if (central.offset() != expected) {
        throw refused(
            central.name(),
            "it begins at byte "
                + central.offset()
                + ", but what is before it ends at "
                + expected);
      }
      long next = i + 1 < ordered.size() ? ordered.get(i + 1).offset() : directoryOffset;
      placed.add(readLocal(central, next));
      expected = next;
    }
    if (expected != directoryOffset) {
      throw refused(null, "its directory does not follow its last member");
    }
    placed.sort(Comparator.comparing(ZipMember::name, ZipArchive::compareNames));
    return List.copyOf(placed);
  }

  /// Orders names by code point, as their UTF-8 bytes are ordered.
  public static int compareNames(String one, String other) {
    int length = Math.min(one.length(), other.length());
    for (int i = 0; i < length; i++) {
      char a = one.charAt(i);
      char b = other.charAt(i);
      if (a != b) {
        boolean surrogateA = Character.isSurrogate(a);
        boolean surrogateB = Character.isSurrogate(b);
        return surrogateA == surrogateB ? a - b : surrogateA ? 1 : -1;
      }
    }
    return one.length() - other.length();
  }

  private ZipMember readLocal(Central central, long next) throws IOException {
    var name = central.name();
    if ((central.flags() & FLAG_ENCRYPTED) != 0) {
      throw refused(name, "it is encrypted");
    }
    if ((central.flags() & ~KNOWN_FLAGS) != 0) {
      throw refused(
          name, String.format(Locale.ROOT, "its flags %04x are not known", central.flags()));
    }
    if (central.method() != STORED && central.method() != DEFLATED) {
      throw refused(
          name, "it has compression method " + central.method() + "; only 0 and 8 are read");
    }
    if (central.method() == STORED && central.packedSize() != central.size()) {
      throw refused(
          name, "it is stored, but has " + central.packedSize() + " bytes for " + central.size());
    }
    int fixed = LOCAL_SIZE + central.rawName().length;
    if (next - central.offset() < fixed) {
      throw refused(name, "it overlaps what follows");
    }
    var header = slice(central.offset(), fixed);
    if (header.getInt(0) != LOCAL_SIGNATURE) {
      throw refused(name, "no local header is where the directory says");
    }
    int extraSize = Short.toUnsignedInt(header.getShort(28));
    if (Short.toUnsignedInt(header.getShort(26)) != central.rawName().length
        || !header
            .slice(LOCAL_SIZE, central.rawName().length)
            .equals(ByteBuffer.wrap(central.rawName()))) {
      throw refused(name, "its local header has another name than the directory");
    }
    if (Short.toUnsignedInt(header.getShort(6)) != central.flags()
        || Short.toUnsignedInt(header.getShort(8)) != central.method()) {
      throw refused(name, "its local header has other flags or another method");
    }
    long data = central.offset() + fixed + extraSize;
    long after = data + central.packedSize();
    if (after < data || after > next) {
      throw refused(name, "it overlaps what follows");
    }
    checkLocalSizes(central, header, slice(central.offset() + fixed, extraSize));
    checkDescriptor(central, after, next);
    return member(central, data);
  }

  private void checkLocalSizes(Central central, ByteBuffer header, ByteBuffer extra) {
    var name = central.name();
    boolean hasDescriptor = (central.flags() & FLAG_DESCRIPTOR) != 0;
    long crc32 = Integer.toUnsignedLong(header.getInt(14));
    long packedSize = Integer.toUnsignedLong(header.getInt(18));
    long size = Integer.toUnsignedLong(header.getInt(22));
    var wide = readExtras(extra, name, central.rawName()).get(EXTRA_ZIP64);
    if (wide != null) {
      if (wide.remaining() != 16) {
        throw refused(name, "the zip64 field of its local header is damaged");
      }
      long wideSize = wide.getLong();
      long widePacked = wide.getLong();
      boolean agrees = wideSize == central.size() && widePacked == central.packedSize();
      boolean isBlank = hasDescriptor && wideSize == 0 && widePacked == 0;
      if (!agrees && !isBlank) {
        throw refused(name, "its local header has other sizes than the directory");
      }
      size = size == MAX_32 ? wideSize : size;
      packedSize = packedSize == MAX_32 ? widePacked : packedSize;
    }
    boolean agrees =
        crc32 == central.crc32() && packedSize == central.packedSize() && size == central.size();
    boolean isBlank = hasDescriptor && crc32 == 0 && packedSize == 0 && size == 0;
    if (!agrees && !isBlank) {
      throw refused(name, "its local header has another size or CRC-32 than the directory");
    }
  }

  /// A data descriptor is CRC-32 and both sizes, of 4 or 8 bytes, with or without a signature; only
  /// the room that there is tells which.
  private void checkDescriptor(Central central, long after, long next) throws IOException {
    var name = central.name();
    long room = next - after;
    if ((central.flags() & FLAG_DESCRIPTOR) == 0) {
      if (room != 0) {
        throw refused(name, room + " bytes follow it that belong to no member");
      }
      return;
    }
    if (room != 12 && room != 16 && room != 20 && room != 24) {
      throw refused(name, "its data descriptor would have " + room + " bytes");
    }
    var descriptor = slice(after, (int) room);
    boolean isSigned = room == 16 || room == 24;
    boolean isWide = room >= 20;
    int at = isSigned ? 4 : 0;
    long packedSize =
        isWide ? descriptor.getLong(at + 4) : Integer.toUnsignedLong(descriptor.getInt(at + 4));
    long size =
        isWide ? descriptor.getLong(at + 12) : Integer.toUnsignedLong(descriptor.getInt(at + 8));
    if ((isSigned && descriptor.getInt(0) != DESCRIPTOR_SIGNATURE)
        || Integer.toUnsignedLong(descriptor.getInt(at)) != central.crc32()
        || packedSize != central.packedSize()
        || size != central.size()) {
      throw refused(name, "its data descriptor disagrees with the directory");
    }
  }

  private ZipMember member(Central central, long data) {
    var name = central.name();
    boolean isFolder = name.endsWith("/");
    int type = central.mode() & MODE_TYPE;
    if (type == MODE_LINK) {
      throw refused(name, "it is a symbolic link");
    }
    if (type != 0 && type != (isFolder ? MODE_FOLDER : MODE_FILE)) {
      throw refused(name, "it is neither a file nor a folder");
    }
    if (isFolder && central.size() != 0) {
      throw refused(name, "it is a folder with content");
    }
    var path = isFolder ? name.substring(0, name.length() - 1) : name;
    checkPath(path)
        .ifPresent(why -> {
          throw refused(name, why);
        });
    return new ZipMember(
        path,
        isFolder,
        central.method() == DEFLATED,
        !isFolder && (central.mode() & MODE_EXECUTE) != 0,
        central.crc32(),
        central.packedSize(),
        central.size(),
        data);
  }

  /// What is wrong with a relative path that comes from an archive or is made of what one says;
  /// empty when it surely names a place below the folder that it is relative to, on every system.
  public static Optional<String> checkPath(String path) {
    if (path.isEmpty()) {
      return Optional.of("its path is empty");
    }
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '\\') {
        return Optional.of("its path has a backslash");
      }
      if (c < ' ' || c == 0x7f) {
        return Optional.of("its path has a control character");
      }
    }
    if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      return Optional.of("its path is longer than " + MAX_PATH_BYTES + " bytes");
    }
    if (path.startsWith("/")) {
      return Optional.of("its path is absolute");
    }
    if (path.length() >= 2 && path.charAt(1) == ':' && Character.isLetter(path.charAt(0))) {
      return Optional.of("its path begins with a drive letter");
    }
    var components = path.split("/", -1);
    if (components.length > MAX_DEPTH) {
      return Optional.of("its path has more than " + MAX_DEPTH + " components");
    }
    for (var component : components) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        return Optional.of("its path has the component `" + component + "`");
      }
      if (component.length() > MAX_COMPONENT_BYTES / 4
          && component.getBytes(StandardCharsets.UTF_8).length > MAX_COMPONENT_BYTES) {
        return Optional.of(
            "a component of its path is longer than " + MAX_COMPONENT_BYTES + " bytes");
      }
    }
    return Optional.empty();
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
