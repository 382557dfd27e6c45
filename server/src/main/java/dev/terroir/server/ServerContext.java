package dev.terroir.server;

import dev.terroir.foundation.home.Settings;
import dev.terroir.server.accounts.Secrets;
import dev.terroir.server.http.Measurements;
import dev.terroir.server.http.Request;
import dev.terroir.server.jobs.Jobs;
import dev.terroir.workspace.LocalWorkspace;
import dev.terroir.workspace.accounts.AuditLog;
import dev.terroir.workspace.accounts.Tokens;
import java.nio.file.Path;
import java.time.Clock;
import java.util.function.Supplier;

/// What resources work with.
///
/// @param workspace the one that is served
/// @param settings the process environment
/// @param clock tells the time for records
/// @param tokens who may call
/// @param audit who did what
/// @param secrets credentials that are kept sealed
/// @param jobs long work
/// @param measurements what `/metrics` shows
/// @param activity what keeps a server on demand from ending
/// @param url where the server is reached, such as `https://host:8443`, without a final `/`
/// @param isOnDemand whether it serves this machine's user alone
/// @since 0.1
public record ServerContext(
    LocalWorkspace workspace,
    Settings settings,
    Clock clock,
    Tokens tokens,
    AuditLog audit,
    Secrets secrets,
    Jobs jobs,
    Measurements measurements,
    Activity activity,
    Supplier<String> url,
    boolean isOnDemand) {

  /// The server's own folder below the workspace's.
  public Path directory() {
    return workspace.directory().resolve("server");
  }

  /// Says in the audit log who did what.
  ///
  /// @param action such as `environment.register`
  /// @param subject of what, such as `environment NAME:VERSION`
  public void audit(Request request, String action, String subject) {
    audit.add(request.caller().actor(), action, subject, request.requestId());
  }
}
