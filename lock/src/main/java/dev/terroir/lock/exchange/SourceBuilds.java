package dev.terroir.lock.exchange;

import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import java.nio.file.Path;

/// Makes the wheels of what another tool's lock names without an archive: the project's own folder,
/// or a commit of a repository.
///
/// @since 0.1
public interface SourceBuilds {
  /// The wheel of a commit.
  ///
  /// @param python `major.minor` to build for
  LockedPackage.Artifact ofCommit(RepositoryCommit commit, String python);

  /// The wheel of a directory as its files are now.
  ///
  /// @param python `major.minor` to build for
  LockedPackage.Artifact ofDirectory(Path directory, String python);
}
