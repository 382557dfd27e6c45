package dev.terroir.workspace.accounts;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.workspace.database.Database;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tokens made where the workspace lies: whoever may write its folder may make them, the first
/// owner's too. What is done is in the audit log. Thread-safe.
///
/// @since 0.1
public final class LocalTokens implements TokenRegistry {
  private final Tokens tokens;
  private final AuditLog audit;
  private final String actor;

  /// @param database the workspace's
  /// @param actor who the audit log shall say it was
  public LocalTokens(Database database, Clock clock, String actor) {
    this.tokens = new Tokens(database, clock);
    this.audit = new AuditLog(database, clock);
    this.actor = actor;
  }

  @Override
  public JsonObject create(String name, Role role, @Nullable Duration lifetime) {
    var made = tokens.create(name, role, lifetime, null);
    audit.add(actor, "token.create", name + " (" + made.token().id() + ")", "");
    return made.token().toJson().toBuilder().put("secret", made.secret()).build();
  }

  @Override
  public List<JsonObject> list() {
    return tokens.list().stream().map(Token::toJson).toList();
  }

  @Override
  public boolean revoke(String id) {
    var isKnown = tokens.revoke(id);
    if (isKnown) {
      audit.add(actor, "token.revoke", id, "");
    }
    return isKnown;
  }
}
