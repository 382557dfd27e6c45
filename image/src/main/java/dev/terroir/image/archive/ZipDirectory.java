package dev.terroir.image.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Reads what a zip archive says of its members, in its directory and in each local header, and
/// refuses it where two readers could understand it in two ways.
///
/// Spec: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3 (zip64).
final class ZipDirectory {
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

  private final ZipBytes bytes;

  ZipDirectory(ZipBytes bytes) {
    this.bytes = bytes;
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

  /// The members, sorted by name.
  List<ZipMember> members() throws IOException {
    checkFirstBytes();
    var directory = readEnd();
    if (directory.count() > ZipArchive.MAX_MEMBERS) {
      throw bytes.refused(
          null, "it has " + directory.count() + " members, over " + ZipArchive.MAX_MEMBERS);
    }
    if (directory.size() > ZipArchive.MAX_DIRECTORY_BYTES) {
      throw bytes.refused(null, "its directory has " + directory.size() + " bytes");
    }
    if (directory.offset() + directory.size() != directory.end()) {
      throw bytes.refused(
          null,
          "its directory is said to end at byte "
              + (directory.offset() + directory.size())
              + ", but the end record begins at "
              + directory.end());
    }
    var headers = bytes.slice(directory.offset(), (int) directory.size());
    var centrals = new ArrayList<Central>((int) directory.count());
    for (long i = 0; i < directory.count(); i++) {
      centrals.add(readCentral(headers));
    }
    if (headers.hasRemaining()) {
      throw bytes.refused(
          null, headers.remaining() + " bytes follow the last header of its directory");
    }
    checkTotals(centrals);
    return place(centrals, directory.offset());
  }

  /// One format only: a zip begins with a member, and is no tar archive beside that.
  private void checkFirstBytes() throws IOException {
    if (bytes.size() < END_SIZE) {
      throw bytes.refused(
          null, "it has only " + bytes.size() + " bytes and cannot be a zip archive");
    }
    var first = bytes.slice(0, (int) Math.min(bytes.size(), 512));
    int signature = first.getInt(0);
    if (signature != LOCAL_SIGNATURE && !(signature == END_SIGNATURE && bytes.size() == END_SIZE)) {
      throw bytes.refused(null, "it does not begin with a member of a zip archive");
    }
    if (first.limit() >= 263
        && Arrays.equals(
            Arrays.copyOfRange(first.array(), 257, 262),
            "ustar".getBytes(StandardCharsets.US_ASCII))) {
      throw bytes.refused(null, "it is a tar archive and a zip archive at once");
    }
  }

  private Directory readEnd() throws IOException {
    int tailSize = (int) Math.min(bytes.size(), END_SIZE + MAX_16);
    var tail = bytes.slice(bytes.size() - tailSize, tailSize);
    int at = -1;
    for (int i = tailSize - END_SIZE; i >= 0; i--) {
      if (tail.getInt(i) == END_SIGNATURE) {
        int comment = Short.toUnsignedInt(tail.getShort(i + 20));
        if (i + END_SIZE + comment == tailSize) {
          at = i;
          break;
        }
        if (at < 0) {
          throw bytes.refused(null, "bytes follow its end record");
        }
      }
    }
    if (at < 0) {
      throw bytes.refused(null, "it has no end record; it may be truncated");
    }
    for (int i = at + END_SIZE; i < tailSize; i++) {
      // An archive's comment may be text. A header of another archive always has control
      // characters.
      byte value = tail.get(i);
      if (value >= 0 && value < ' ' && value != '\n' && value != '\r' && value != '\t') {
        throw bytes.refused(null, "its comment is not text and could be another archive");
      }
    }
    long end = bytes.size() - tailSize + at;
    int disk = Short.toUnsignedInt(tail.getShort(at + 4));
    int directoryDisk = Short.toUnsignedInt(tail.getShort(at + 6));
    long diskCount = Short.toUnsignedInt(tail.getShort(at + 8));
    long count = Short.toUnsignedInt(tail.getShort(at + 10));
    long size = Integer.toUnsignedLong(tail.getInt(at + 12));
    long offset = Integer.toUnsignedLong(tail.getInt(at + 16));
    if (end >= LOCATOR64_SIZE) {
      var locator = bytes.slice(end - LOCATOR64_SIZE, LOCATOR64_SIZE);
      if (locator.getInt(0) == LOCATOR64_SIGNATURE) {
        return readEnd64(locator, end - LOCATOR64_SIZE, count, size, offset);
      }
    }
    if (disk != 0 || directoryDisk != 0 || diskCount != count) {
      throw bytes.refused(null, "it is said to be one of several parts");
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
      throw bytes.refused(null, "its zip64 end record is not where its locator says");
    }
    var record = bytes.slice(position, END64_SIZE);
    long count = record.getLong(32);
    long size = record.getLong(40);
    long offset = record.getLong(48);
    if (record.getInt(0) != END64_SIGNATURE
        || record.getLong(4) != END64_SIZE - 12
        || record.getInt(16) != 0
        || record.getInt(20) != 0
        || record.getLong(24) != count) {
      throw bytes.refused(null, "its zip64 end record is damaged");
    }
    if (count < 0
        || size < 0
        || offset < 0
        || (count32 != MAX_16 && count32 != count)
        || (size32 != MAX_32 && size32 != size)
        || (offset32 != MAX_32 && offset32 != offset)) {
      throw bytes.refused(null, "its two end records disagree");
    }
    return new Directory(offset, size, count, position);
  }

  private Central readCentral(ByteBuffer headers) {
    if (headers.remaining() < CENTRAL_SIZE
        || headers.getInt(headers.position()) != CENTRAL_SIGNATURE) {
      throw bytes.refused(null, "its directory ends before its last header");
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
      throw bytes.refused(null, "its directory ends within a header");
    }
    var rawName = new byte[nameSize];
    headers.get(rawName);
    var name = decode(rawName);
    var extras = readExtras(headers.slice(headers.position(), extraSize), name, rawName);
    headers.position(headers.position() + extraSize + commentSize);
    if (disk != 0) {
      throw bytes.refused(name, "it is said to lie in another part of the archive");
    }
    var wide = extras.get(EXTRA_ZIP64);
    if (wide != null) {
      int needed =
          (size == MAX_32 ? 8 : 0) + (packedSize == MAX_32 ? 8 : 0) + (offset == MAX_32 ? 8 : 0);
      // Writers that could not know the sizes leave room, and zeros in it.
      if (wide.remaining() != needed && (needed != 0 || !isVoid(wide, size, packedSize, offset))) {
        throw bytes.refused(
            name, "its zip64 field has " + wide.remaining() + " bytes, not " + needed);
      }
      size = size == MAX_32 ? wide.getLong() : size;
      packedSize = packedSize == MAX_32 ? wide.getLong() : packedSize;
      offset = offset == MAX_32 ? wide.getLong() : offset;
      if (size < 0 || packedSize < 0 || offset < 0) {
        throw bytes.refused(name, "a size in its zip64 field is negative");
      }
    } else if (size == MAX_32 || packedSize == MAX_32 || offset == MAX_32) {
      throw bytes.refused(name, "it lacks the zip64 field that its header calls for");
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
      throw bytes.refused(
          new String(rawName, StandardCharsets.ISO_8859_1), "its name is not UTF-8");
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
        throw bytes.refused(name, "its extra fields are damaged");
      }
      int id = Short.toUnsignedInt(extra.getShort());
      int size = Short.toUnsignedInt(extra.getShort());
      if (size > extra.remaining()) {
        throw bytes.refused(name, "its extra fields are damaged");
      }
      var value = extra.slice(extra.position(), size).order(ByteOrder.LITTLE_ENDIAN);
      extra.position(extra.position() + size);
      if (fields.put(id, value) != null && (id == EXTRA_ZIP64 || id == EXTRA_UNICODE_PATH)) {
        throw bytes.refused(name, "it has the same extra field twice");
      }
    }
    var path = fields.get(EXTRA_UNICODE_PATH);
    if (path != null) {
      if (path.remaining() < 5
          || !path.slice(path.position() + 5, path.remaining() - 5)
              .equals(ByteBuffer.wrap(rawName))) {
        throw bytes.refused(name, "it has a second name in an extra field");
      }
    }
    return fields;
  }

  private void checkTotals(List<Central> centrals) {
    long total = 0;
    for (var central : centrals) {
      total = Math.addExact(total, Math.min(central.size(), ZipArchive.MAX_CONTENT_BYTES));
      if (total > ZipArchive.MAX_CONTENT_BYTES
          || (total > ZipArchive.RATIO_FREE_BYTES && total / ZipArchive.MAX_RATIO > bytes.size())) {
        throw bytes.refused(
            central.name(),
            "its contents would have more than "
                + total
                + " bytes, out of "
                + bytes.size()
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
        throw bytes.refused(
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
      throw bytes.refused(null, "its directory does not follow its last member");
    }
    placed.sort(Comparator.comparing(ZipMember::name, ArchivePath::compare));
    return List.copyOf(placed);
  }

  private ZipMember readLocal(Central central, long next) throws IOException {
    var name = central.name();
    if ((central.flags() & FLAG_ENCRYPTED) != 0) {
      throw bytes.refused(name, "it is encrypted");
    }
    if ((central.flags() & ~KNOWN_FLAGS) != 0) {
      throw bytes.refused(
          name, String.format(Locale.ROOT, "its flags %04x are not known", central.flags()));
    }
    if (central.method() != STORED && central.method() != DEFLATED) {
      throw bytes.refused(
          name, "it has compression method " + central.method() + "; only 0 and 8 are read");
    }
    if (central.method() == STORED && central.packedSize() != central.size()) {
      throw bytes.refused(
          name, "it is stored, but has " + central.packedSize() + " bytes for " + central.size());
    }
    int fixed = LOCAL_SIZE + central.rawName().length;
    if (next - central.offset() < fixed) {
      throw bytes.refused(name, "it overlaps what follows");
    }
    var header = bytes.slice(central.offset(), fixed);
    if (header.getInt(0) != LOCAL_SIGNATURE) {
      throw bytes.refused(name, "no local header is where the directory says");
    }
    int extraSize = Short.toUnsignedInt(header.getShort(28));
    if (Short.toUnsignedInt(header.getShort(26)) != central.rawName().length
        || !header
            .slice(LOCAL_SIZE, central.rawName().length)
            .equals(ByteBuffer.wrap(central.rawName()))) {
      throw bytes.refused(name, "its local header has another name than the directory");
    }
    if (Short.toUnsignedInt(header.getShort(6)) != central.flags()
        || Short.toUnsignedInt(header.getShort(8)) != central.method()) {
      throw bytes.refused(name, "its local header has other flags or another method");
    }
    long data = central.offset() + fixed + extraSize;
    long after = data + central.packedSize();
    if (after < data || after > next) {
      throw bytes.refused(name, "it overlaps what follows");
    }
    checkLocalSizes(central, header, bytes.slice(central.offset() + fixed, extraSize));
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
        throw bytes.refused(name, "the zip64 field of its local header is damaged");
      }
      long wideSize = wide.getLong();
      long widePacked = wide.getLong();
      boolean agrees = wideSize == central.size() && widePacked == central.packedSize();
      boolean isBlank = hasDescriptor && wideSize == 0 && widePacked == 0;
      if (!agrees && !isBlank) {
        throw bytes.refused(name, "its local header has other sizes than the directory");
      }
      size = size == MAX_32 ? wideSize : size;
      packedSize = packedSize == MAX_32 ? widePacked : packedSize;
    }
    boolean agrees =
        crc32 == central.crc32() && packedSize == central.packedSize() && size == central.size();
    boolean isBlank = hasDescriptor && crc32 == 0 && packedSize == 0 && size == 0;
    if (!agrees && !isBlank) {
      throw bytes.refused(name, "its local header has another size or CRC-32 than the directory");
    }
  }

  /// A data descriptor is CRC-32 and both sizes, of 4 or 8 bytes, with or without a signature; only
  /// the room that there is tells which.
  private void checkDescriptor(Central central, long after, long next) throws IOException {
    var name = central.name();
    long room = next - after;
    if ((central.flags() & FLAG_DESCRIPTOR) == 0) {
      if (room != 0) {
        throw bytes.refused(name, room + " bytes follow it that belong to no member");
      }
      return;
    }
    if (room != 12 && room != 16 && room != 20 && room != 24) {
      throw bytes.refused(name, "its data descriptor would have " + room + " bytes");
    }
    var descriptor = bytes.slice(after, (int) room);
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
      throw bytes.refused(name, "its data descriptor disagrees with the directory");
    }
  }

  private ZipMember member(Central central, long data) {
    var name = central.name();
    boolean isFolder = name.endsWith("/");
    int type = central.mode() & MODE_TYPE;
    if (type == MODE_LINK) {
      throw bytes.refused(name, "it is a symbolic link");
    }
    if (type != 0 && type != (isFolder ? MODE_FOLDER : MODE_FILE)) {
      throw bytes.refused(name, "it is neither a file nor a folder");
    }
    if (isFolder && central.size() != 0) {
      throw bytes.refused(name, "it is a folder with content");
    }
    var path = isFolder ? name.substring(0, name.length() - 1) : name;
    ArchivePath.problem(path)
        .ifPresent(why -> {
          throw bytes.refused(name, why);
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
}
