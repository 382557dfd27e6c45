package dev.terroir.resolve.tool;

import dev.terroir.environment.requirement.Credentials;

/// Takes credentials out of text that a tool wrote.
///
/// @since 0.1
public final class Redaction {
  private Redaction() {}

  /// The text without the user part of its URLs, and without signatures and tokens in their
  /// queries.
  public static String of(String text) {
    return Credentials.without(text);
  }
}
