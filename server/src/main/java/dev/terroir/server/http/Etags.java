package dev.terroir.server.http;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Optional;

/// Entity tags (RFC 9110 §8.8.3).
///
/// @since 0.1
public final class Etags {
  private Etags() {}

  /// Of a document.
  public static String of(JsonValue body) {
    return of(JsonWriter.compact(body));
  }

  /// Of what a text stands for.
  public static String of(String text) {
    return "\"" + Sha256.of(text).hex().substring(0, 32) + "\"";
  }

  /// Of a file as it is now, if it is there: another one in its place, or another content, has
  /// another tag.
  static Optional<String> of(Path file) {
    try {
      var facts = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(of(facts.fileKey() + " " + facts.size() + " " + facts.lastModifiedTime()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /// Whether a list of tags in `If-Match` or `If-None-Match` has this one.
  static boolean isIn(String list, String etag) {
    return list.strip().equals("*")
        || Arrays.stream(list.split(","))
            .map(tag -> tag.strip().replaceFirst("^W/", ""))
            .anyMatch(etag::equals);
  }
}
