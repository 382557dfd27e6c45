package dev.terroir.image.serve;

/// What who asks may do, each including those before it. Who it is and what that allows is decided
/// before a request comes to the protocol.
///
/// @since 0.1
public enum Access {
  /// Nothing: the answer is 401, with the challenge that the caller has put into the headers.
  NONE,
  /// Pulling, and listing what there is.
  READ,
  /// Pushing, too.
  WRITE,
  /// Deleting, too.
  DELETE;

  boolean allows(Access needed) {
    return compareTo(needed) >= 0;
  }
}
