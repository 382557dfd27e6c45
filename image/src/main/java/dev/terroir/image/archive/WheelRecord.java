package dev.terroir.image.archive;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The file `RECORD` of a distribution: its files with digests and sizes. Immutable.
///
/// Spec: Python packaging, "Recording installed projects", "The RECORD file": CSV with the default
/// dialect of Python's `csv` module, three fields a row.
///
/// @param rows in the order of the file
/// @since 0.1
public record WheelRecord(List<Row> rows) {
  /// The algorithms that Python's `hashlib` always has, without which a row is malformed.
  private static final Set<String> ALGORITHMS =
      Set.of(
          "md5",
          "sha1",
          "sha224",
          "sha256",
          "sha384",
          "sha512",
          "sha3_224",
          "sha3_256",
          "sha3_384",
          "sha3_512",
          "shake_128",
          "shake_256",
          "blake2b",
          "blake2s");

  /// Those that are strong enough to say anything, with their names in Java: `sha256` or better.
  private static final List<String> STRONG = List.of("sha256", "sha384", "sha512");

  /// One file.
  ///
  /// @param path relative to `site-packages`
  /// @param algorithm name of the hash, or null when there is none
  /// @param hash the digest as written: URL-safe base64 without padding, or null
  /// @param sizeBytes size, or -1 when there is none
  public record Row(
      String path, @Nullable String algorithm, @Nullable String hash, long sizeBytes) {

    /// Reads the three fields of a row.
    ///
    /// @param source how messages name the archive
    /// @throws dev.terroir.image.ImageException code `invalid-archive`
    public static Row parse(String source, List<String> fields) {
      if (fields.size() != 3) {
        throw invalid(
            source, "the row `" + String.join(",", fields) + "` has " + fields.size() + " fields");
      }
      var path = fields.get(0);
      if (path.isEmpty()) {
        throw invalid(source, "a row has no path");
      }
      var digest = fields.get(1);
      String algorithm = null;
      String hash = null;
      if (!digest.isEmpty()) {
        int equals = digest.indexOf('=');
        algorithm = equals < 0 ? digest : digest.substring(0, equals);
        hash = equals < 0 ? "" : digest.substring(equals + 1);
        if (!ALGORITHMS.contains(algorithm) || hash.isEmpty()) {
          throw invalid(source, "`" + digest + "` of `" + path + "` is no digest");
        }
      }
      var size = fields.get(2);
      if (!size.isEmpty()
          && (size.length() > 18 || !size.chars().allMatch(c -> c >= '0' && c <= '9'))) {
        throw invalid(source, "`" + size + "` of `" + path + "` is no size");
      }
      return new Row(path, algorithm, hash, size.isEmpty() ? -1 : Long.parseLong(size));
    }

    /// Whether the digest is one of SHA-256 or better.
    public boolean isStrong() {
      return algorithm != null && STRONG.contains(algorithm);
    }

    /// An engine for the row's algorithm, which must be a strong one.
    public MessageDigest engine() {
      try {
        return MessageDigest.getInstance(
            String.valueOf(algorithm).toUpperCase(Locale.ROOT).replace("SHA", "SHA-"));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256 to SHA-512", e);
      }
    }

    /// Whether a finished digest and a size are those of the row.
    public boolean matches(byte[] digest, long size) {
      return (sizeBytes < 0 || sizeBytes == size)
          && (hash == null || stripped(hash).equals(encode(digest)));
    }

    private static String stripped(String hash) {
      int end = hash.length();
      while (end > 0 && hash.charAt(end - 1) == '=') {
        end--;
      }
      return hash.substring(0, end);
    }

    /// The line, without its line break.
    @Override
    public String toString() {
      return quoted(path)
          + ","
          + (algorithm == null ? "" : algorithm + "=" + hash)
          + ","
          + (sizeBytes < 0 ? "" : Long.toString(sizeBytes));
    }

    private static String quoted(String field) {
      for (int i = 0; i < field.length(); i++) {
        char c = field.charAt(i);
        if (c == ',' || c == '"' || c == '\n' || c == '\r') {
          return '"' + field.replace("\"", "\"\"") + '"';
        }
      }
      return field;
    }
  }

  /// Copies the list.
  public WheelRecord {
    rows = List.copyOf(rows);
  }

  /// A row with a SHA-256.
  public static Row row(String path, byte[] sha256, long sizeBytes) {
    return new Row(path, "sha256", encode(sha256), sizeBytes);
  }

  /// A digest as RECORD writes it.
  static String encode(byte[] digest) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
  }

  /// Reads the file.
  ///
  /// @param source how messages name the archive
  /// @throws dev.terroir.image.ImageException code `invalid-archive`
  public static WheelRecord parse(String source, String text) {
    var rows = new ArrayList<Row>();
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    boolean isQuoted = false;
    boolean isEmptyLine = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (isQuoted) {
        if (c != '"') {
          field.append(c);
        } else if (i + 1 < text.length() && text.charAt(i + 1) == '"') {
          field.append('"');
          i++;
        } else {
          isQuoted = false;
        }
      } else if (c == '"' && field.isEmpty()) {
        isQuoted = true;
        isEmptyLine = false;
      } else if (c == ',') {
        fields.add(field.toString());
        field.setLength(0);
        isEmptyLine = false;
      } else if (c == '\n' || c == '\r') {
        if (!isEmptyLine) {
          fields.add(field.toString());
          rows.add(Row.parse(source, fields));
        }
        fields.clear();
        field.setLength(0);
        isEmptyLine = true;
      } else {
        field.append(c);
        isEmptyLine = false;
      }
    }
    if (isQuoted) {
      throw invalid(source, "a quoted field does not end");
    }
    if (!isEmptyLine) {
      fields.add(field.toString());
      rows.add(Row.parse(source, fields));
    }
    return new WheelRecord(rows);
  }

  private static RuntimeException invalid(String source, String why) {
    return ArchiveRefusal.of(source, "RECORD", why);
  }

  /// The file's text: a line each.
  @Override
  public String toString() {
    var out = new StringBuilder();
    for (var row : rows) {
      out.append(row).append('\n');
    }
    return out.toString();
  }
}
