package dev.terroir.server.http;

import dev.terroir.workspace.accounts.Role;

/// An operation and who may call it.
///
/// @param role at least
/// @param operation what answers
/// @since 0.1
public record Guarded(Role role, Operation operation) {
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
