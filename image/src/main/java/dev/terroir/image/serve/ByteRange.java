package dev.terroir.image.serve;

import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Bytes of a blob, both ends included. Immutable.
///
/// @param from the first
/// @param to the last
record ByteRange(long from, long to) {
  /// RFC 9110, section 14.1.2: one range; several at once are answered with the whole, as a server
  /// may.
  private static final Pattern ASKED = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

  /// Of a chunk: `<start>-<end>` by the distribution specification; some clients write it as HTTP
  /// does, `bytes <start>-<end>/<size>`.
  private static final Pattern SENT =
      Pattern.compile("(?:bytes[ =])?([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]{1,18}|\\*))?");

  long count() {
    return to - from + 1;
  }

  /// Reads the header `Range`.
  ///
  /// @param size of what it is a part of
  /// @return empty when the whole is to be answered
  /// @throws Refusal 416, when there are no such bytes
  static Optional<ByteRange> asked(@Nullable String header, long size) throws Refusal {
    var matcher = ASKED.matcher(header == null ? "" : header.replace(" ", ""));
    if (!matcher.matches() || matcher.group(1).isEmpty() && matcher.group(2).isEmpty()) {
      return Optional.empty();
    }
    long from;
    long to = size - 1;
    if (matcher.group(1).isEmpty()) {
      from = Math.max(0, size - Long.parseLong(matcher.group(2)));
    } else {
      from = Long.parseLong(matcher.group(1));
      if (!matcher.group(2).isEmpty()) {
        to = Math.min(to, Long.parseLong(matcher.group(2)));
      }
    }
    if (from > to || from >= size) {
      throw new Refusal(416, "SIZE_INVALID", "the blob has " + size + " bytes");
    }
    return Optional.of(new ByteRange(from, to));
  }

  /// Reads the header `Content-Range` of a chunk.
  ///
  /// @throws Refusal 400, when it is none
  static Optional<ByteRange> sent(@Nullable String header) throws Refusal {
    if (header == null) {
      return Optional.empty();
    }
    var matcher = SENT.matcher(header.strip());
    if (!matcher.matches()) {
      throw new Refusal(
          400, "BLOB_UPLOAD_INVALID", "`" + header + "` is no range `<first>-<last>` of bytes");
    }
    var range = new ByteRange(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
    if (range.from > range.to) {
      throw new Refusal(400, "BLOB_UPLOAD_INVALID", "`" + header + "` ends before it begins");
    }
    return Optional.of(range);
  }
}
