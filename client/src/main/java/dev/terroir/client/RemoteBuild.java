package dev.terroir.client;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.workspace.images.ImageBuild;
import dev.terroir.workspace.images.ImageRecords.Recorded;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/// A build of an image that goes on at a server. Thread-safe.
///
/// @since 0.1
public final class RemoteBuild implements ImageBuild {
  private final RemoteJob job;
  private final Progress progress;

  RemoteBuild(RemoteJob job, Progress progress) {
    this.job = job;
    this.progress = progress;
  }

  @Override
  public Status status() {
    var word = job.look().string("status");
    return Arrays.stream(Status.values())
        .filter(status -> status.word().equals(word))
        .findFirst()
        .orElse(Status.RUNNING);
  }

  /// Its log is no file of this machine; [#waitForCompletion] shows it.
  @Override
  public Optional<Path> log() {
    return Optional.empty();
  }

  @Override
  public Optional<Problem> error() {
    return job.look().optionalObject("error").map(error -> RemoteProblem.of(error).problem());
  }

  @Override
  public void cancel() {
    job.cancel();
  }

  /// What a build came to.
  ///
  /// @param recorded the image
  /// @param name what the workspace's registry calls it
  /// @param isCached whether it was there before
  public record Outcome(Recorded recorded, String name, boolean isCached) {}

  @Override
  public Recorded waitForCompletion(Consumer<String> output) {
    return await(output).recorded();
  }

  /// The same with what else the server says.
  public Outcome await(Consumer<String> output) {
    output.accept("Image Build Status: " + status().word());
    JsonObject result = job.await(progress::line);
    output.accept("Image Build Status: " + Status.SUCCEEDED.word());
    return new Outcome(
        Recorded.of(result),
        result.string("image"),
        result.optionalBoolean("isCached").orElse(false));
  }
}
