package dev.terroir.server.runs;

import dev.terroir.compute.RunCredentials;
import dev.terroir.compute.RunStatus;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerContext;
import dev.terroir.server.work.JobCredentials;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.Role;
import java.util.Map;

/// A token of each run that cannot find the server by the workspace's directory: every run of a
/// team's server, and containers. Thread-safe.
///
/// @since 0.1
public final class ServerRunCredentials implements RunCredentials {
  private static final int NAME = 64;

  private final ServerContext context;
  private final JobCredentials credentials;

  /// @param context of the server
  public ServerRunCredentials(ServerContext context) {
    this.context = context;
    this.credentials = new JobCredentials(context);
  }

  @Override
  public Map<String, String> variables(String runId, boolean isInContainer) {
    if (context.isOnDemand() && !isInContainer) {
      return Map.of();
    }
    // A run that is taken up again after a crash gets another token.
    context.tokens().revokeOfRun(runId);
    var name = "run " + runId;
    var token =
        context
            .tokens()
            .create(
                name.length() > NAME ? name.substring(0, NAME) : name,
                Role.CONTRIBUTOR,
                null,
                runId);
    return Map.of(
        "AZUREML_SERVICE_ENDPOINT", context.url().get(), "AZUREML_RUN_TOKEN", token.secret());
  }

  /// Revokes the tokens of runs that ended while no server saw it.
  public void sweep() {
    for (var id : context.tokens().runs()) {
      var isOver =
          context
              .workspace()
              .runs()
              .find(id)
              .map(run -> RunStatus.of(run.status()).isFinal())
              .orElse(true);
      if (isOver) {
        context.tokens().revokeOfRun(id);
      }
    }
  }

  @Override
  public Preparation preparation(LocalWorkspace workspace, Progress progress) {
    var work = credentials.open(progress);
    return new Preparation() {
      @Override
      public LocalWorkspace workspace() {
        return work.workspace();
      }

      @Override
      public void close() {
        work.close();
      }
    };
  }

  @Override
  public void ended(String runId) {
    context.tokens().revokeOfRun(runId);
  }
}
