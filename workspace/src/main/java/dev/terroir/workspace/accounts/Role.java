package dev.terroir.workspace.accounts;

import java.util.Arrays;
import java.util.Optional;

/// What the holder of a token may do; each role may do what those before it may.
///
/// @since 0.1
public enum Role {
  /// Looks.
  READER("reader"),
  /// Registers, builds, runs and deploys.
  CONTRIBUTOR("contributor"),
  /// Makes tokens, keeps secrets, reads the audit log, changes the workspace.
  OWNER("owner");

  private final String id;

  Role(String id) {
    this.id = id;
  }

  /// Its name in documents.
  public String id() {
    return id;
  }

  /// Whether it may do what another may.
  public boolean includes(Role other) {
    return compareTo(other) >= 0;
  }

  /// The role of a name.
  public static Optional<Role> of(String id) {
    return Arrays.stream(values()).filter(role -> role.id.equals(id)).findFirst();
  }
}
