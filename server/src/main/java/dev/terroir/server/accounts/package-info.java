/// Tokens, secrets and the audit log, and who may call.
@NullMarked
package dev.terroir.server.accounts;

import org.jspecify.annotations.NullMarked;
