package dev.terroir.server.runs;

import dev.terroir.compute.RunCredentials;
import dev.terroir.compute.RunStatus;
import dev.terroir.compute.RunTokens;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.server.ServerContext;
import dev.terroir.server.work.JobCredentials;
import dev.terroir.workspace.LocalWorkspace;
import java.util.Map;

/// A token of each run, and the address of a server that is not found by the workspace's directory:
/// a team's, and any for a container. Thread-safe.
///
/// @since 0.1
public final class ServerRunCredentials implements RunCredentials {
  private final ServerContext context;
  private final JobCredentials credentials;
  private final RunTokens tokens;

  /// @param context of the server
  public ServerRunCredentials(ServerContext context) {
    this.context = context;
    this.credentials = new JobCredentials(context);
    this.tokens = new RunTokens(context.tokens());
  }

  @Override
  public Map<String, String> variables(String runId, boolean isInContainer) {
    var secret = tokens.create(runId);
    // The next server on demand may be at another address while the run goes on.
    return context.isOnDemand() && !isInContainer
        ? Map.of(RunTokens.VARIABLE, secret)
        : Map.of(RunTokens.ENDPOINT, context.url().get(), RunTokens.VARIABLE, secret);
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
        tokens.end(id);
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
    tokens.end(runId);
  }
}
