package dev.terroir.client;

import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockedPackage;
import dev.terroir.resolve.artifact.KeptWheels;
import dev.terroir.workspace.locks.SharedWheels;
import java.nio.file.Path;
import java.util.Set;

/// The wheels that a server built of repositories and keeps for the locks of its workspace.
/// Thread-safe.
final class RemoteWheels {
  private final RestClient client;
  private final KeptWheels here;

  RemoteWheels(RestClient client, KeptWheels here) {
    this.client = client;
    this.here = here;
  }

  /// Fetches the wheels of a lock that are not kept on this machine. One that the server has not is
  /// left: its commit is built again where it is needed.
  void fetch(Lock lock) {
    for (var item : SharedWheels.built(lock)) {
      var artifact = item.artifact();
      if (here.find(artifact.sha256(), artifact.fileName()).isEmpty()) {
        fetch(artifact);
      }
    }
  }

  private void fetch(LockedPackage.Artifact artifact) {
    var path =
        RestClient.query(
            "/wheels/" + RestClient.part(artifact.fileName()), "sha256", artifact.sha256());
    try {
      here.put(
          artifact.sha256(),
          artifact.fileName(),
          out -> new Receiving(client, path, Path.of(artifact.fileName())).into(out, -1));
    } catch (TerroirException e) {
      // Servers of before know no wheels by their bytes.
      if (!Set.of("wheel-not-found", "invalid-parameter").contains(e.problem().code().id())) {
        throw e;
      }
    }
  }
}
