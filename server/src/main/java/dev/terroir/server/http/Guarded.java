package dev.terroir.server.http;

import dev.terroir.workspace.accounts.Role;

/// An operation and who may call it.
///
/// @param role at least
/// @param operation what answers
/// @param keeping how its answer is kept, to be repeated for the same idempotency key
/// @since 0.1
public record Guarded(Role role, Operation operation, Keeping keeping) {
  /// How an answer is kept.
  public enum Keeping {
    /// After the work, under a lease meanwhile.
    AFTER,
    /// In one transaction with the work, which is nothing but records and short.
    WITH,
    /// Nowhere: it holds secrets.
    NOT
  }

  /// One whose answers may be kept.
  public Guarded(Role role, Operation operation) {
    this(role, operation, Keeping.AFTER);
  }

  /// The same, whose answers hold secrets and are kept nowhere to be repeated.
  public Guarded secret() {
    return new Guarded(role, operation, Keeping.NOT);
  }

  /// The same, that only changes records and is done at once: key, work and answer are one
  /// transaction. Nobody else writes meanwhile.
  public Guarded brief() {
    return new Guarded(role, operation, Keeping.WITH);
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
