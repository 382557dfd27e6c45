package dev.terroir.server.jobs;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.progress.Progress;

/// What a kind of job does.
///
/// @param name such as `build`
/// @param isRepeatable whether it is begun again when the server that did it has ended; else it has
///   failed then
/// @param work does it
/// @since 0.1
public record JobKind(String name, boolean isRepeatable, Work work) {
  /// Does a job, in a thread of its own; interrupted when it is canceled.
  @FunctionalInterface
  public interface Work {
    /// Does it.
    ///
    /// @param input what was asked
    /// @param progress goes into the job's log
    /// @return the result
    /// @throws dev.terroir.foundation.problem.TerroirException becomes the job's error
    JsonObject run(JsonObject input, Progress progress);
  }
}
