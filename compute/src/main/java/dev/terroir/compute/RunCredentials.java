package dev.terroir.compute;

import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.LocalWorkspace;
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

        @Override
        public Preparation preparation(LocalWorkspace workspace, Progress progress) {
          return new Preparation() {
            @Override
            public LocalWorkspace workspace() {
              return workspace;
            }

            @Override
            public void close() {}
          };
        }
      };

  /// Variables of a run that is about to start, which go nowhere but into its process.
  ///
  /// @param isInContainer whether it sees none of this machine's files
  Map<String, String> variables(String runId, boolean isInContainer);

  /// Makes the variables of a run worthless; may be called again.
  void ended(String runId);

  /// The workspace with what opens indexes and registries, to make a run's environment with.
  ///
  /// @param workspace the same without it
  Preparation preparation(LocalWorkspace workspace, Progress progress);

  /// A workspace to make an environment with; its credentials are gone when it is closed.
  interface Preparation extends AutoCloseable {
    /// It.
    LocalWorkspace workspace();

    @Override
    void close();
  }
}
