package dev.terroir.foundation.web;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/// Parts of URLs.
///
/// Spec: RFC 3986, section 2.1.
///
/// @since 0.1
public final class Percent {
  private Percent() {}

  /// The text that a part of a URL stands for; one with a `%` that begins no byte is its own.
  public static String decoded(String part) {
    try {
      // The JDK reads the encoding of forms, where `+` is a space.
      return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return part;
    }
  }

  /// The name of the file that a URL ends with.
  public static String fileName(String url) {
    var path = url.split("[?#]", 2)[0];
    return decoded(path.substring(path.lastIndexOf('/') + 1));
  }
}
