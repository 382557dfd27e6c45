package dev.terroir.server.http;

import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.Token;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who calls. Immutable.
///
/// @param tokenId the token's id; empty for one who shows none
/// @param name the token's name
/// @param role what the caller may do
/// @param runId the run that the token is bound to, or null
/// @since 0.1
public record Caller(String tokenId, String name, Role role, @Nullable String runId) {
  /// One who shows no token.
  public static final Caller ANONYMOUS = new Caller("", "anonymous", Role.READER, null);

  /// Who holds a token.
  public static Caller of(Token token) {
    return new Caller(token.id(), token.name(), token.role(), token.runId());
  }

  /// The run whose own token it is.
  public Optional<String> run() {
    return Optional.ofNullable(runId);
  }

  /// As the audit log names it.
  public String actor() {
    return tokenId.isEmpty() ? name : name + " (" + tokenId + ")";
  }
}
