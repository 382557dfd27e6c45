package dev.terroir.server.http;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import java.util.Arrays;

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

  /// Whether a list of tags in `If-Match` or `If-None-Match` has this one.
  static boolean isIn(String list, String etag) {
    return list.strip().equals("*")
        || Arrays.stream(list.split(","))
            .map(tag -> tag.strip().replaceFirst("^W/", ""))
            .anyMatch(etag::equals);
  }
}
