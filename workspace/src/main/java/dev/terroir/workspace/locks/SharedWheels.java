package dev.terroir.workspace.locks;

import dev.terroir.foundation.home.TerroirHome;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.artifact.KeptWheels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The wheels that were built of repositories and source directories when environments were locked
/// in a workspace. Two builds do not always make the same bytes, and a lock wants the same: so a
/// workspace keeps the wheels, and every machine that uses it gets the very ones. Immutable; safe
/// for any number of processes.
///
/// @param here what this machine keeps
/// @param shared what the workspace keeps
/// @since 0.1
public record SharedWheels(KeptWheels here, KeptWheels shared) {
  /// Those of a workspace.
  ///
  /// @param workspace its folder
  public static SharedWheels of(Path workspace, TerroirHome home) {
    return new SharedWheels(
        KeptWheels.of(home), new KeptWheels(workspace.resolve("wheels").resolve("sha256")));
  }

  /// The packages of a lock whose wheels no index has.
  public static List<LockedPackage> built(Lock lock) {
    return lock.packages().stream()
        .filter(item -> item.commit().isPresent() || isKept(item))
        .toList();
  }

  /// Whether it is the wheel of a source directory, of whichever machine.
  private static boolean isKept(LockedPackage item) {
    var artifact = item.artifact();
    return artifact.url().startsWith("file:")
        && artifact.url().endsWith("/" + artifact.sha256() + "/" + artifact.fileName());
  }

  /// Gives the workspace the wheels of a lock that only this machine has, and this machine those
  /// that only the workspace has. What cannot be given is left: it is built again where it is
  /// needed.
  public void exchange(Lock lock) {
    for (var item : built(lock)) {
      try {
        var artifact = item.artifact();
        var mine = here.find(artifact.sha256(), artifact.fileName());
        var ours = shared.find(artifact.sha256(), artifact.fileName());
        if (mine.isPresent() && ours.isEmpty()) {
          copy(mine.get(), shared, item);
        } else if (ours.isPresent() && mine.isEmpty()) {
          copy(ours.get(), here, item);
        }
      } catch (TerroirException e) {
        // A folder that may only be read.
      }
    }
  }

  private static void copy(Path wheel, KeptWheels to, LockedPackage item) {
    to.put(item.artifact().sha256(), item.artifact().fileName(), out -> Files.copy(wheel, out));
  }

  /// The wheel of these bytes that the workspace keeps.
  public Optional<Path> find(String sha256, String fileName) {
    return shared.find(sha256, fileName);
  }
}
