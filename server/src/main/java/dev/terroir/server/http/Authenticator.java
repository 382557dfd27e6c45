package dev.terroir.server.http;

import java.net.InetAddress;
import java.util.Optional;

/// Says who calls. Thread-safe.
///
/// @since 0.1
@FunctionalInterface
public interface Authenticator {
  /// Says it.
  ///
  /// @param authorization the header `Authorization`
  /// @param isBasicAllowed whether a token may come as the password of basic authentication
  /// @param address where the caller is
  /// @throws dev.terroir.server.ServerException code `unauthenticated` or `too-many-attempts`
  Caller authenticate(Optional<String> authorization, boolean isBasicAllowed, InetAddress address);
}
