package dev.terroir.lock.exchange;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import java.nio.file.Path;

/// Names a wheel of each source, as if it had been built: `NAME-1.0` of a folder or repository of
/// that name.
record NamedBuilds(String project) implements SourceBuilds {
  @Override
  public LockedPackage.Artifact ofCommit(RepositoryCommit commit, String python) {
    return artifact(LockedPackage.VCS, commit.directUrl());
  }

  @Override
  public LockedPackage.Artifact ofDirectory(Path directory, String python) {
    return artifact("archive", "file:///kept/" + fileName());
  }

  private String fileName() {
    return project.replace('-', '_') + "-1.0-py3-none-any.whl";
  }

  private LockedPackage.Artifact artifact(String kind, String url) {
    return new LockedPackage.Artifact(kind, url, fileName(), Sha256.of(url).hex(), 7);
  }
}
