package dev.terroir.resolve.artifact;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.lock.exchange.SourceBuilds;
import dev.terroir.resolve.tool.Uv;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/// Builds what another tool's lock names without an archive, and keeps the wheels on this machine.
///
/// @since 0.1
public final class LockedSources implements SourceBuilds {
  private final Supplier<Uv> uv;
  private final Progress progress;

  /// @param uv opened only when something has to be built
  public LockedSources(Supplier<Uv> uv, Progress progress) {
    this.uv = uv;
    this.progress = progress;
  }

  @Override
  public LockedPackage.Artifact ofCommit(RepositoryCommit commit, String python) {
    var wheel = new BuiltWheels(uv.get()).ofCommit(commit, python, progress);
    return artifact(LockedPackage.VCS, commit.directUrl(), wheel);
  }

  @Override
  public LockedPackage.Artifact ofDirectory(Path directory, String python) {
    progress.step("building a wheel of " + directory);
    var wheel = new BuiltWheels(uv.get()).ofDirectory(directory, python, progress);
    return artifact("archive", wheel.toUri().toString(), wheel);
  }

  private static LockedPackage.Artifact artifact(String kind, String url, Path wheel) {
    try {
      return new LockedPackage.Artifact(
          kind,
          url,
          String.valueOf(wheel.getFileName()),
          Sha256.of(wheel).hex(),
          Files.size(wheel));
    } catch (IOException e) {
      throw FoundationException.ofFile("a built wheel cannot be read", wheel, e);
    }
  }
}
