package dev.terroir.image.layout;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What lies where in a tar file, read strictly: an archive that could be read in two ways, or
/// whose names or links leave it, is refused as a whole. Immutable once read.
///
/// Read are the POSIX (ustar), pax and GNU forms; not read are sparse files, devices, and pax
/// headers that change the character set.
final class TarIndex {
  private static final int BLOCK = 512;

  /// Most members; a layout has one per layer and a handful more.
  private static final int MAX_MEMBERS = 200_000;

  /// Largest header of an extension, in bytes: it holds a name and a target.
  private static final long MAX_EXTENSION = 1 << 20;

  /// Longest name, in bytes, as Linux has it.
  private static final int MAX_NAME = 4096;

  /// Longest chain of links, as Linux has it.
  private static final int MAX_LINKS = 40;

  /// A member.
  sealed interface Member {
    /// Bytes.
    ///
    /// @param offset where they begin in the tar file
    /// @param sizeBytes how many
    record Regular(long offset, long sizeBytes) implements Member {}

    /// A directory.
    record Directory() implements Member {}

    /// A symbolic link.
    ///
    /// @param target as written
    record Link(String target) implements Member {}
  }

  private final String source;
  private final Map<String, Member> members;

  private TarIndex(String source, Map<String, Member> members) {
    this.source = source;
    this.members = members;
  }

  /// Reads a tar file from its beginning to its end; only headers are looked at.
  ///
  /// @param source what messages call it
  /// @throws ImageException code `invalid-archive`
  static TarIndex read(FileChannel channel, String source) throws IOException {
    return new Reader(channel, source).read();
  }

  /// The members by their normalized names, in the order of the archive.
  Map<String, Member> members() {
    return members;
  }

  /// The file of a name, through links within the archive.
  Optional<Member.Regular> file(String name) {
    var path = resolve(name);
    return path != null && members.get(path) instanceof Member.Regular regular
        ? Optional.of(regular)
        : Optional.empty();
  }

  /// Follows links, each path component by itself.
  ///
  /// @return the normalized name, or null when a link leads nowhere or round in a circle
  /// @throws ImageException code `invalid-archive`, when it leaves the archive
  private @Nullable String resolve(String name) {
    var pending = new ArrayDeque<String>(List.of(name.split("/", -1)));
    var path = new ArrayList<String>();
    int links = 0;
    if (name.startsWith("/")) {
      throw refused(name, "an absolute name or target");
    }
    while (!pending.isEmpty()) {
      var component = pending.pop();
      if (component.isEmpty() || component.equals(".")) {
        continue;
      }
      if (component.equals("..")) {
        if (path.isEmpty()) {
          throw refused(name, "a name or target that leads out of the archive");
        }
        path.removeLast();
        continue;
      }
      path.add(component);
      if (members.get(String.join("/", path)) instanceof Member.Link(var target)) {
        if (++links > MAX_LINKS) {
          return null;
        }
        if (target.startsWith("/")) {
          throw refused(name, "a link to an absolute path, `" + target + "`");
        }
        path.removeLast();
        var parts = target.split("/", -1);
        for (int i = parts.length - 1; i >= 0; i--) {
          pending.push(parts[i]);
        }
      }
    }
    return String.join("/", path);
  }

  private ImageException refused(String member, String why) {
    return refused(source, member, why);
  }

  static ImageException refused(String source, String member, String why) {
    return new ImageException(
        Problem.of(ImageCode.INVALID_ARCHIVE, "the archive is refused: it has " + why)
            .at(Place.of(source))
            .at(Place.of("member `" + printable(member) + "`"))
            .hint("get the archive anew from a source that is trusted"));
  }

  private static String printable(String text) {
    var shown = text.length() > 200 ? text.substring(0, 200) + "…" : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  private static final class Reader {
    private final FileChannel channel;
    private final String source;
    private final long length;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private long position;
    private String current = "(beginning)";

    Reader(FileChannel channel, String source) throws IOException {
      this.channel = channel;
      this.source = source;
      this.length = channel.size();
    }

    TarIndex read() throws IOException {
      var pax = new LinkedHashMap<String, String>();
      String longName = null;
      String longLink = null;
      while (true) {
        if (position == length) {
          // No end blocks: most readers take it, and nothing is ambiguous about it.
          if (!pax.isEmpty() || longName != null || longLink != null) {
            throw wrong("an extension header with no member after it");
          }
          break;
        }
        var header = block();
        if (isZero(header)) {
          end();
          break;
        }
        checkSum(header);
        var type = (char) header[156];
        var size = number(header, 124, 12);
        var ustar = text(header, 257, 5).equals("ustar");
        var magic = new String(header, 257, 8, StandardCharsets.ISO_8859_1);
        var posix = ustar && magic.startsWith("ustar\0");
        var name = text(header, 0, 100);
        if (posix && header[345] != 0) {
          name = text(header, 345, 155) + "/" + name;
        }
        current = name;
        switch (type) {
          case 'x' -> {
            if (!pax.isEmpty()) {
              throw wrong("two pax headers for one member");
            }
            pax.putAll(paxRecords(extension(size)));
          }
          case 'g' -> {
            var global = paxRecords(extension(size));
            for (var key : List.of("path", "linkpath", "size", "hdrcharset")) {
              if (global.containsKey(key)) {
                throw wrong("a global pax header that sets `" + key + "`");
              }
            }
          }
          case 'L' -> {
            if (longName != null) {
              throw wrong("two long names for one member");
            }
            longName = terminated(extension(size));
          }
          case 'K' -> {
            if (longLink != null) {
              throw wrong("two long targets for one member");
            }
            longLink = terminated(extension(size));
          }
          default -> {
            var link = text(header, 157, 100);
            if (longName != null && pax.containsKey("path")
                || longLink != null && pax.containsKey("linkpath")) {
              throw wrong("a name in a pax header and in a GNU header");
            }
            name = pax.getOrDefault("path", longName == null ? name : longName);
            link = pax.getOrDefault("linkpath", longLink == null ? link : longLink);
            current = name;
            if (pax.containsKey("size")) {
              size = paxSize(pax.get("size"));
            }
            if (pax.keySet().stream().anyMatch(key -> key.startsWith("GNU.sparse"))) {
              throw wrong("a sparse file");
            }
            member(type, name, link, size);
            pax.clear();
            longName = null;
            longLink = null;
          }
        }
      }
      var index = new TarIndex(source, members);
      checkTree(index);
      return index;
    }

    private void member(char type, String name, String link, long size) {
      if (members.size() >= MAX_MEMBERS) {
        throw wrong("more than " + MAX_MEMBERS + " members");
      }
      var directory = type == '5' || (type == '0' || type == '\0') && name.endsWith("/");
      var normalized = normalized(name);
      Member member =
          switch (type) {
            case '0', '\0', '7' ->
                directory ? new Member.Directory() : new Member.Regular(position, size);
            case '1' -> hardLink(link);
            case '2' -> {
              if (link.isEmpty()) {
                throw wrong("a symbolic link with no target");
              }
              yield new Member.Link(link);
            }
            case '5' -> new Member.Directory();
            case '3', '4' -> throw wrong("a device file");
            case '6' -> throw wrong("a named pipe");
            case 'S' -> throw wrong("a sparse file");
            default -> throw wrong("a member of the unknown type `" + printable("" + type) + "`");
          };
      if (type == '0' || type == '\0' || type == '7') {
        skip(size);
        if (directory && size != 0) {
          throw wrong("a directory with content");
        }
      } else if (size != 0) {
        // Readers disagree on whether bytes follow such a header.
        throw wrong("a link or directory with a size");
      }
      if (normalized.isEmpty()) {
        if (directory) {
          return;
        }
        throw wrong("a member without a name");
      }
      var before = members.putIfAbsent(normalized, member);
      if (before != null && !(before instanceof Member.Directory && directory)) {
        throw wrong("two members of one name");
      }
    }

    private Member hardLink(String target) {
      var normalized = normalized(target);
      if (members.get(normalized) instanceof Member.Regular regular) {
        return regular;
      }
      throw wrong("a hard link to `" + printable(target) + "`, which is no file before it");
    }

    /// A relative name by its components, without `.`; nothing that climbs.
    private String normalized(String name) {
      if (name.length() > MAX_NAME) {
        throw wrong("a name of " + name.length() + " characters");
      }
      if (name.startsWith("/")) {
        throw wrong("an absolute name");
      }
      if (name.indexOf('\0') >= 0) {
        throw wrong("a name with a null character");
      }
      var parts = new ArrayList<String>();
      for (var part : name.split("/")) {
        if (part.equals("..")) {
          throw wrong("a name that leads out of the archive or to and fro");
        }
        if (!part.isEmpty() && !part.equals(".")) {
          parts.add(part);
        }
      }
      return String.join("/", parts);
    }

    /// No member lies below a file or a link, and every link stays inside.
    private void checkTree(TarIndex index) {
      members.forEach((name, member) -> {
        current = name;
        for (int slash = name.lastIndexOf('/');
            slash > 0;
            slash = name.lastIndexOf('/', slash - 1)) {
          var above = members.get(name.substring(0, slash));
          if (above != null && !(above instanceof Member.Directory)) {
            throw wrong("a member below `" + name.substring(0, slash) + "`, which is no directory");
          }
        }
        if (member instanceof Member.Link) {
          index.resolve(name);
        }
      });
    }

    private byte[] block() throws IOException {
      if (length - position < BLOCK) {
        throw wrong("an end in the middle of a block");
      }
      var bytes = bytes(position, BLOCK);
      position += BLOCK;
      return bytes;
    }

    private byte[] bytes(long from, int count) throws IOException {
      var buffer = ByteBuffer.allocate(count);
      long at = from;
      while (buffer.hasRemaining()) {
        var read = channel.read(buffer, at);
        if (read < 0) {
          throw wrong("an end in the middle of a member");
        }
        at += read;
      }
      return buffer.array();
    }

    private byte[] extension(long size) throws IOException {
      if (size > MAX_EXTENSION) {
        throw wrong("an extension header of " + size + " bytes");
      }
      var from = position;
      skip(size);
      return bytes(from, (int) size);
    }

    private void skip(long size) {
      if (size < 0 || size > length - position) {
        throw wrong("a member of " + size + " bytes where " + (length - position) + " are left");
      }
      var padded = (size + BLOCK - 1) / BLOCK * BLOCK;
      if (padded > length - position) {
        throw wrong("an end in the middle of a block");
      }
      position += padded;
    }

    /// After the first zero block there is nothing but zeros.
    private void end() throws IOException {
      while (position < length) {
        var rest = bytes(position, (int) Math.min(1 << 16, length - position));
        if (!isZero(rest)) {
          throw wrong("bytes after its end");
        }
        position += rest.length;
      }
    }

    private static boolean isZero(byte[] bytes) {
      return Arrays.mismatch(bytes, new byte[bytes.length]) < 0;
    }

    private void checkSum(byte[] header) {
      long sum = 0;
      for (int i = 0; i < BLOCK; i++) {
        sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
      }
      if (sum != number(header, 148, 8)) {
        throw wrong("a header whose check sum is wrong");
      }
    }

    /// Octal digits ended by a space or zero, or GNU's base 256.
    private long number(byte[] header, int offset, int width) {
      if ((header[offset] & 0x80) != 0) {
        if ((header[offset] & 0xff) != 0x80) {
          throw wrong("a negative number");
        }
        long value = 0;
        for (int i = offset + 1; i < offset + width; i++) {
          if (value >>> 55 != 0) {
            throw wrong("a number that is too big");
          }
          value = value << 8 | header[i] & 0xff;
        }
        return value;
      }
      long value = 0;
      int i = offset;
      while (i < offset + width && header[i] == ' ') {
        i++;
      }
      for (; i < offset + width && header[i] != ' ' && header[i] != 0; i++) {
        if (header[i] < '0' || header[i] > '7') {
          throw wrong("a number that is not octal");
        }
        value = value * 8 + header[i] - '0';
      }
      return value;
    }

    private String text(byte[] header, int offset, int width) {
      int end = offset;
      while (end < offset + width && header[end] != 0) {
        end++;
      }
      return decode(Arrays.copyOfRange(header, offset, end));
    }

    private String terminated(byte[] bytes) {
      var text = decode(bytes);
      var trimmed = text.endsWith("\0") ? text.substring(0, text.length() - 1) : text;
      if (trimmed.isEmpty() || trimmed.indexOf('\0') >= 0) {
        throw wrong("a name that is empty or has a null character");
      }
      return trimmed;
    }

    private String decode(byte[] bytes) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        throw wrong("a name that is not UTF-8");
      }
    }

    /// `length SP key=value LF`, again and again; anything else is refused, never skipped.
    private Map<String, String> paxRecords(byte[] bytes) {
      var records = new LinkedHashMap<String, String>();
      int at = 0;
      while (at < bytes.length) {
        int space = at;
        long size = 0;
        while (space < bytes.length && bytes[space] != ' ') {
          if (bytes[space] < '0' || bytes[space] > '9' || space - at > 8) {
            throw wrong("a malformed pax header");
          }
          size = size * 10 + bytes[space] - '0';
          space++;
        }
        long end = at + size;
        if (space == at || end > bytes.length || end <= space + 2 || bytes[(int) end - 1] != '\n') {
          throw wrong("a malformed pax header");
        }
        var line = Arrays.copyOfRange(bytes, space + 1, (int) end - 1);
        int equals = 0;
        while (equals < line.length && line[equals] != '=') {
          equals++;
        }
        if (equals == 0 || equals == line.length) {
          throw wrong("a malformed pax header");
        }
        var key = decode(Arrays.copyOfRange(line, 0, equals));
        // Extended attributes are bytes; only what names a member must be text.
        var value = Arrays.copyOfRange(line, equals + 1, line.length);
        var known = key.equals("path") || key.equals("linkpath") || key.equals("size");
        if (key.equals("hdrcharset")) {
          throw wrong("a pax header that changes the character set");
        }
        var text = known ? decode(value) : new String(value, StandardCharsets.ISO_8859_1);
        if (known && (text.isEmpty() || text.indexOf('\0') >= 0)) {
          throw wrong("a pax header with an empty `" + key + "` or a null character in it");
        }
        if (records.put(key, text) != null) {
          throw wrong("a pax header that says `" + printable(key) + "` twice");
        }
        at = (int) end;
      }
      return records;
    }

    private long paxSize(String text) {
      if (!text.matches("[0-9]{1,18}")) {
        throw wrong("a pax header with the size `" + printable(text) + "`");
      }
      return Long.parseLong(text);
    }

    private ImageException wrong(String why) {
      return refused(source, current, why);
    }
  }
}
