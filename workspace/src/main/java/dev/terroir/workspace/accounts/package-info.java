/// Who may call a workspace's server and who did what: [dev.terroir.workspace.accounts.Tokens] with
/// a [dev.terroir.workspace.accounts.Role] each, sealed secrets, the audit log, and the answers
/// that are repeated when a request is sent again.
@NullMarked
package dev.terroir.workspace.accounts;

import org.jspecify.annotations.NullMarked;
