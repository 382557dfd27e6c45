package dev.terroir.workspace.images;

import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/// A build of an image that goes on beside the caller, as `ImageBuildDetails` of the retired
/// service. Thread-safe.
///
/// @since 0.1
public interface ImageBuild {
  /// How far a build is.
  enum Status {
    /// It waits for its turn.
    QUEUED("Queued"),
    /// It goes on, here or in another process.
    RUNNING("Running"),
    /// The image is there.
    SUCCEEDED("Succeeded"),
    /// It could not be built.
    FAILED("Failed"),
    /// It was stopped on request.
    CANCELED("Canceled");

    private final String word;

    Status(String word) {
      this.word = word;
    }

    /// The retired service's word.
    public String word() {
      return word;
    }

    /// Whether it changes no more.
    public boolean isFinal() {
      return this != QUEUED && this != RUNNING;
    }
  }

  /// How far it is.
  Status status();

  /// Where its log is written, once it has begun.
  Optional<Path> log();

  /// What went wrong, once it has failed or was canceled.
  Optional<Problem> error();

  /// Stops it; nothing half-made is left. A build of another process goes on there.
  void cancel();

  /// Waits for its end, and says each change of status as the retired service did.
  ///
  /// @param output receives the lines
  /// @return the image
  /// @throws dev.terroir.foundation.problem.TerroirException what went wrong, when it did
  Recorded waitForCompletion(Consumer<String> output);
}
