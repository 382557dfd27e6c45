package dev.terroir.server.http;

import java.util.Map;

/// What a caller may do beyond what the role says. Thread-safe.
///
/// @since 0.1
@FunctionalInterface
public interface Scope {
  /// Judges a call.
  ///
  /// @param operation its id in the contract
  /// @param guarded who may call it
  /// @param path its parameters
  /// @throws dev.terroir.server.ServerException code `forbidden`
  void check(Caller caller, String operation, Guarded guarded, Map<String, String> path);
}
