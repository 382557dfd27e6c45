package dev.terroir.compute;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.process.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The git commit of a source directory, for the run's properties.
final class GitRevision {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private GitRevision() {}

  /// The properties `azureml.git.*`; empty outside of a repository or without git.
  static JsonObject properties(Path directory, Settings settings) {
    if (!isInRepository(directory)) {
      return JsonObject.EMPTY;
    }
    var revision = git(directory, settings, "rev-parse", "HEAD", "--abbrev-ref", "HEAD");
    if (revision.isEmpty()) {
      return JsonObject.EMPTY;
    }
    var lines = revision.get().strip().lines().toList();
    var changes = git(directory, settings, "status", "--porcelain", "--", ".").orElse("");
    return JsonObject.builder()
        .put("azureml.git.commit", lines.getFirst())
        .put("azureml.git.branch", lines.getLast())
        .put("azureml.git.dirty", changes.isBlank() ? "False" : "True")
        .build();
  }

  private static boolean isInRepository(Path directory) {
    for (@Nullable Path place = directory.toAbsolutePath().normalize();
        place != null;
        place = place.getParent()) {
      if (Files.exists(place.resolve(".git"))) {
        return true;
      }
    }
    return false;
  }

  private static Optional<String> git(Path directory, Settings settings, String... arguments) {
    var command = new java.util.ArrayList<String>(List.of("git", "-C", directory.toString()));
    command.addAll(List.of(arguments));
    try {
      var result = new Command(command, settings.variables(), null, TIMEOUT).run();
      return result.isSuccess() ? Optional.of(result.output()) : Optional.empty();
    } catch (FoundationException e) {
      return Optional.empty();
    }
  }
}
