package dev.terroir.compute;

import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.Role;
import dev.terroir.workspace.accounts.Tokens;

/// The tokens by which the processes of runs call the workspace's server: what they do is done in
/// their run's name, and no more once it has ended. On the user's own machine they keep nothing
/// from a script, which runs as the user and may read what the user may. Thread-safe.
///
/// @since 0.1
public final class RunTokens {
  /// The variable of a run's process that holds its token.
  public static final String VARIABLE = "AZUREML_RUN_TOKEN";

  /// The variable that holds the address of a server that is not found by the workspace's
  /// directory.
  public static final String ENDPOINT = "AZUREML_SERVICE_ENDPOINT";

  private static final int NAME = 64;

  private final Tokens tokens;

  /// @param tokens of the workspace
  public RunTokens(Tokens tokens) {
    this.tokens = tokens;
  }

  static RunTokens of(LocalWorkspace workspace) {
    return new RunTokens(new Tokens(workspace.database(), workspace.clock()));
  }

  /// Makes a run's token, in place of the one that it had before a crash.
  ///
  /// @return the secret
  public String create(String runId) {
    end(runId);
    var name = "run " + runId;
    return tokens
        .create(
            name.length() > NAME ? name.substring(0, NAME) : name, Role.CONTRIBUTOR, null, runId)
        .secret();
  }

  /// Has a run's token refused from now on; may be called again.
  public void end(String runId) {
    tokens.revokeOfRun(runId);
  }
}
