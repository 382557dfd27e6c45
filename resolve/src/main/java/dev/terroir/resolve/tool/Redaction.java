package dev.terroir.resolve.tool;

import java.util.regex.Pattern;

/// Takes credentials out of text that a tool wrote.
///
/// @since 0.1
public final class Redaction {
  private static final Pattern USER_INFO =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*://)[^/@\\s]+@");

  private Redaction() {}

  /// The text with the user part of every URL replaced.
  public static String of(String text) {
    return USER_INFO.matcher(text).replaceAll("$1");
  }
}
