package dev.terroir.server.http;

import java.util.Map;

/// Operations that belong together.
///
/// @since 0.1
@FunctionalInterface
public interface Resource {
  /// By their `operationId`: who may call them and what answers. Method, path, parameters and
  /// schemas are those of the contract.
  Map<String, Guarded> operations();
}
