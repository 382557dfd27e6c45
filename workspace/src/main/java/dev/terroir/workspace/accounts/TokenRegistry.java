package dev.terroir.workspace.accounts;

import dev.terroir.foundation.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tokens that people and programs show to a workspace's server, where the workspace lies
/// ([LocalTokens]) or over HTTP (module `client`), which owners may. Thread-safe.
///
/// @since 0.1
public interface TokenRegistry {
  /// Makes a token.
  ///
  /// @param lifetime until it expires, or null for never
  /// @return the token with its `secret`, which nobody tells again
  JsonObject create(String name, Role role, @Nullable Duration lifetime);

  /// All tokens but those of runs, without secrets, in the order made.
  List<JsonObject> list();

  /// Refuses a token from now on.
  ///
  /// @return whether there is such a token
  boolean revoke(String id);
}
