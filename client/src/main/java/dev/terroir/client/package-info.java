/// A workspace on a server, over HTTP: the same doors as those of a workspace on this machine.
///
/// [dev.terroir.client.RemoteWorkspace] is the workspace, [dev.terroir.client.RemoteEnvironments],
/// [dev.terroir.client.RemoteRuns], [dev.terroir.client.RemoteModels] and
/// [dev.terroir.client.RemoteServices] what it holds; [dev.terroir.client.RestClient] talks to the
/// server as its OpenAPI document says, [dev.terroir.client.RemoteJob] waits for long work, and
/// [dev.terroir.client.Logins] keeps tokens. Nothing of it is loaded for a workspace on this
/// machine.
@NullMarked
package dev.terroir.client;

import org.jspecify.annotations.NullMarked;
