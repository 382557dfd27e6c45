package dev.terroir.compute;

import java.util.Map;

/// How a run's process may call the server that submitted it. Thread-safe.
///
/// @since 0.1
public interface RunCredentials {
  /// Runs that no server submitted find it by their workspace's directory.
  RunCredentials NONE =
      new RunCredentials() {
        @Override
        public Map<String, String> variables(String runId, boolean isInContainer) {
          return Map.of();
        }

        @Override
        public void ended(String runId) {}
      };

  /// Variables of a run that is about to start, which go nowhere but into its process.
  ///
  /// @param isInContainer whether it sees none of this machine's files
  Map<String, String> variables(String runId, boolean isInContainer);

  /// Makes the variables of a run worthless; may be called again.
  void ended(String runId);
}
