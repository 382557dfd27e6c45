package dev.terroir.server.http;

import dev.terroir.workspace.accounts.Role;

/// An operation and who may call it.
///
/// @param role at least
/// @param operation what answers
/// @param isKept whether an answer may be kept, to be repeated for the same idempotency key
/// @since 0.1
public record Guarded(Role role, Operation operation, boolean isKept) {
  /// One whose answers may be kept.
  public Guarded(Role role, Operation operation) {
    this(role, operation, true);
  }

  /// The same, whose answers hold secrets and are kept nowhere to be repeated.
  public Guarded secret() {
    return new Guarded(role, operation, false);
  }

  /// For everybody who has a token.
  public static Guarded reader(Operation operation) {
    return new Guarded(Role.READER, operation);
  }

  /// For those who change things.
  public static Guarded contributor(Operation operation) {
    return new Guarded(Role.CONTRIBUTOR, operation);
  }

  /// For owners.
  public static Guarded owner(Operation operation) {
    return new Guarded(Role.OWNER, operation);
  }
}
