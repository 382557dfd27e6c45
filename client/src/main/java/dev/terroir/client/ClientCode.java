package dev.terroir.client;

import dev.terroir.foundation.problem.Code;

/// The failures of talking to a server.
///
/// @since 0.1
public enum ClientCode implements Code {
  /// What is to be a server's address is none, or would show tokens to everybody on the way.
  ENDPOINT_REFUSED("endpoint-refused", Kind.REQUEST),
  /// There is no token for the server.
  TOKEN_MISSING("token-missing", Kind.REQUEST),
  /// Nothing answers there, or it stopped in the middle.
  SERVER_UNREACHABLE("server-unreachable", Kind.SURROUNDINGS),
  /// What answers there is no server of Terroir, or not one that this program understands.
  SERVER_INCOMPATIBLE("server-incompatible", Kind.REQUEST),
  /// What was asked for needs a workspace on this machine.
  NOT_OVER_HTTP("not-over-http", Kind.REQUEST);

  private final String id;
  private final Kind kind;

  ClientCode(String id, Kind kind) {
    this.id = id;
    this.kind = kind;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Kind kind() {
    return kind;
  }
}
