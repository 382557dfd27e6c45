package dev.terroir.server.http;

/// Answers the requests of one operation of the contract. Thread-safe.
///
/// @since 0.1
@FunctionalInterface
public interface Operation {
  /// Answers.
  ///
  /// @throws dev.terroir.foundation.problem.TerroirException becomes a problem detail
  Answer answer(Request request);
}
