package dev.terroir.workspace.accounts;

import dev.terroir.foundation.json.JsonObject;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is kept of a token; its secret is not. Immutable.
///
/// @param id what it is revoked by
/// @param name what its owner calls it
/// @param role what its holder may do
/// @param runId the run that it is bound to, or null
/// @param createdAt UTC, ISO 8601, as all times here
/// @param expiresAt from when on it is refused, or null
/// @param revokedAt when it was revoked, or null
/// @param lastUsedAt when it was shown last, to the minute, or null
/// @since 0.1
public record Token(
    String id,
    String name,
    Role role,
    @Nullable String runId,
    String createdAt,
    @Nullable String expiresAt,
    @Nullable String revokedAt,
    @Nullable String lastUsedAt) {

  /// Whether it is neither expired nor revoked.
  public boolean isValid(Instant now) {
    return revokedAt == null && (expiresAt == null || Instant.parse(expiresAt).isAfter(now));
  }

  /// As it is listed.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("id", id)
        .put("name", name)
        .put("role", role.id())
        .put("createdAt", createdAt)
        .put("expiresAt", expiresAt)
        .put("revokedAt", revokedAt)
        .put("lastUsedAt", lastUsedAt)
        .put("runId", runId)
        .build();
  }
}
