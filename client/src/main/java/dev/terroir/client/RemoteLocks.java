package dev.terroir.client;

import dev.terroir.environment.Environment;
import dev.terroir.environment.identity.CanonicalForm;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import dev.terroir.lock.LockedPackage;
import dev.terroir.lock.RepositoryCommit;
import dev.terroir.lock.exchange.SourceBuilds;
import dev.terroir.workspace.Workspace.ImportedLock;
import dev.terroir.workspace.Workspace.LockOptions;
import dev.terroir.workspace.locks.ForeignLock;
import dev.terroir.workspace.locks.LockStore;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The locks of a workspace on a server. Thread-safe.
final class RemoteLocks {
  private static final String LOCKS = "/locks";

  /// The server builds; to know whether it can, no wheel is needed here.
  private static final SourceBuilds AT_SERVER =
      new SourceBuilds() {
        @Override
        public LockedPackage.Artifact ofCommit(RepositoryCommit commit, String python) {
          return new LockedPackage.Artifact(LockedPackage.VCS, commit.directUrl(), "", "", -1);
        }

        @Override
        public LockedPackage.Artifact ofDirectory(Path directory, String python) {
          throw ClientException.notOverHttp(
              "the lock names a folder of this machine: " + directory,
              "import it where the workspace lies, or build a wheel of the folder and give it a URL"
                  + " that the server can reach");
        }
      };

  private final RestClient client;

  RemoteLocks(RestClient client) {
    this.client = client;
  }

  /// The lock that the server keeps; nothing is resolved.
  Optional<Lock> find(Environment environment, Platform platform, @Nullable String pythonVersion) {
    var path =
        RestClient.query(
            RestClient.query(
                LOCKS + "/" + CanonicalForm.hash(environment), "platform", platform.toString()),
            "python",
            pythonVersion);
    try {
      return Optional.of(LockFile.ofJson(client.get(path).json()));
    } catch (TerroirException e) {
      if (e.problem().code().id().equals("lock-not-found")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /// The lock that the server keeps, else what it resolves. A kept one is also had by those who may
  /// not have anything resolved.
  LockStore.Stored lock(Environment environment, LockOptions options, Progress progress) {
    var kept =
        options.update()
            ? Optional.<Lock>empty()
            : find(environment, options.platform(), options.pythonVersion());
    if (kept.isPresent()) {
      return new LockStore.Stored(kept.get(), true);
    }
    var body =
        JsonObject.builder()
            .put("definition", environment.toJson())
            .put("platform", options.platform().toString())
            .put("update", options.update());
    if (options.pythonVersion() != null) {
      body.put("python", options.pythonVersion());
    }
    if (!options.virtualPackages().isEmpty()) {
      body.put("virtualPackages", options.virtualPackages());
    }
    var answer = client.post(LOCKS, body.build());
    if (answer.status() == 200) {
      return new LockStore.Stored(LockFile.ofJson(answer.json()), true);
    }
    var result = new RemoteJob(client, answer.json()).await(progress::line);
    return new LockStore.Stored(LockFile.ofJson(result.object("lock")), false);
  }

  /// Has the server take another tool's lock. It is read here first, so that what is wrong with it
  /// is told before anything is sent.
  ImportedLock importLock(ForeignLock foreign, Consumer<String> warnings) {
    var meaning = foreign.meaning(warnings, AT_SERVER);
    for (var item : meaning.lock().everything()) {
      if (ForeignLock.isFile(item.url())) {
        throw ClientException.notOverHttp(
            "the lock names an archive that is a file of this machine: `" + item.name() + "`",
            "import it where the workspace lies, or give the archive a URL that the server can"
                + " reach");
      }
    }
    var answer =
        client
            .post(
                LOCKS + "/import",
                JsonObject.builder()
                    .put("name", foreign.name())
                    .put("text", foreign.text())
                    .put("source", foreign.source())
                    // The server's machine may be another, which its own choice would be for.
                    .put("environment", meaning.choice().environment())
                    .put("platform", meaning.choice().platform())
                    .put("update", foreign.isReplacing())
                    .build())
            .json();
    return new ImportedLock(
        RemoteEnvironments.registered(
            answer.object("environment"), answer.optionalBoolean("isNew").orElse(false)),
        LockFile.ofJson(answer.object("lock")));
  }
}
