package dev.terroir.samples;

import java.nio.charset.StandardCharsets;

/// What a server does wrong for one path.
///
/// @since 0.1
public sealed interface Misbehaviour {
  /// Answers nothing until the server is closed.
  record Hang() implements Misbehaviour {}

  /// Answers a status without content, such as 401, 403, 404 or 500.
  record Status(int status) implements Misbehaviour {}

  /// Promises the whole file and ends the connection after some bytes of it.
  record Truncated(int bytes) implements Misbehaviour {}

  /// Sends other bytes, such as malformed repodata.
  record Body(byte[] bytes) implements Misbehaviour {}

  /// Sends the file with one bit flipped in its middle.
  record Corrupted() implements Misbehaviour {}

  /// Sends the file so many times, and does something else from then on.
  record After(int requests, Misbehaviour then) implements Misbehaviour {}

  /// Does something so many times, and behaves from then on.
  record Until(int requests, Misbehaviour first) implements Misbehaviour {}

  /// Other text in place of the file.
  static Misbehaviour text(String text) {
    return new Body(text.getBytes(StandardCharsets.UTF_8));
  }
}
