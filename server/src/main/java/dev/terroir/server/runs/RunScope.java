package dev.terroir.server.runs;

import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Caller;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Scope;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.runs.RunRecords;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the token of a run may do: read everything, change the run and those below it, submit runs
/// below it, register models and datasets, and write files of datastores. Which datastores there
/// are, and which one is the default, it does not change. A server of this machine's user alone
/// lets it do what a contributor may: the script, which runs as that user, is not to be kept from
/// anything there. Thread-safe.
///
/// @since 0.1
public final class RunScope implements Scope {
  /// Changes that stay within a run's own tree.
  private static final Set<String> OF_A_RUN =
      Set.of("updateRun", "cancelRun", "logMetrics", "putRunFile");

  /// A run's parent is judged when the request is read; files belong to what is made of them.
  private static final Set<String> FREE =
      Set.of(
          "submitRun",
          "registerModel",
          "registerDataset",
          "putDatastoreFile",
          "missingContents",
          "putContent",
          "getUpload",
          "putUpload",
          "deleteUpload",
          "createSnapshot");

  /// More than any script nests.
  private static final int DEEPEST = 64;

  private final RunRecords runs;
  private final boolean isOfOneUser;

  /// @param runs of the workspace
  /// @param isOfOneUser whether the server is that of this machine's user alone
  public RunScope(RunRecords runs, boolean isOfOneUser) {
    this.runs = runs;
    this.isOfOneUser = isOfOneUser;
  }

  @Override
  public void check(Caller caller, String operation, Guarded guarded, Map<String, String> path) {
    var own = caller.run();
    if (isOfOneUser || own.isEmpty() || guarded.role() == Role.READER || FREE.contains(operation)) {
      return;
    }
    if (!OF_A_RUN.contains(operation)) {
      throw refused(own.get(), "may not do `" + operation + "`");
    }
    check(caller, path.get("id"));
  }

  /// Whether a caller may change a run, or make one below it.
  ///
  /// @param id of that run, or null for none
  void check(Caller caller, @Nullable String id) {
    var own = caller.run();
    if (!isOfOneUser && own.isPresent() && !isBelow(id, own.get())) {
      throw refused(
          own.get(),
          id == null
              ? "may not submit a run that is not below it"
              : "may not change run `" + id + "`, which is not below it");
    }
  }

  private boolean isBelow(@Nullable String id, String own) {
    var at = id;
    for (int i = 0; i < DEEPEST && at != null; i++) {
      if (at.equals(own)) {
        return true;
      }
      at = runs.find(at).map(RunRecords.RunRecord::parent).orElse(null);
    }
    return false;
  }

  private static ServerException refused(String own, String what) {
    return ServerException.of(
        ServerCode.FORBIDDEN,
        "the token of run `" + own + "` " + what,
        "a run's own token changes that run and its child runs, registers models and datasets, and"
            + " writes files of datastores; use a token of `terroir token create` for anything"
            + " else");
  }
}
