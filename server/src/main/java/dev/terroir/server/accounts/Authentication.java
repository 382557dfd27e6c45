package dev.terroir.server.accounts;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.server.http.Authenticator;
import dev.terroir.server.http.Caller;
import dev.terroir.workspace.accounts.Token;
import dev.terroir.workspace.accounts.Tokens;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Who holds which token. Addresses that show wrong ones are asked to wait; the secrets are too
/// long to be guessed, so that this keeps the log short rather than the workspace safe.
/// Thread-safe.
///
/// @since 0.1
public final class Authentication implements Authenticator {
  /// Wrong tokens at once from one address, of which it gets back one a second.
  private static final int ATTEMPTS = 30;

  private static final int MAX_ADDRESSES = 10_000;

  private final Tokens tokens;
  private final Clock clock;
  private final Map<InetAddress, Attempts> attempts = new ConcurrentHashMap<>();

  /// @param left wrong ones that are still answered
  /// @param at second of that
  private record Attempts(long left, long at) {}

  /// @param clock tells which tokens have expired
  public Authentication(Tokens tokens, Clock clock) {
    this.tokens = tokens;
    this.clock = clock;
  }

  @Override
  public Caller authenticate(
      Optional<String> authorization, boolean isBasicAllowed, InetAddress address) {
    var challenge = isBasicAllowed ? "Basic realm=\"terroir\"" : "Bearer realm=\"terroir\"";
    if (authorization.isEmpty()) {
      throw refused("no token was shown", challenge);
    }
    var secret = secret(authorization.get(), isBasicAllowed);
    if (secret.filter(String::isEmpty).isPresent()) {
      // So Podman asks when nobody has logged in.
      throw refused("no token was shown", challenge);
    }
    var token = secret.flatMap(tokens::find);
    var valid = token.filter(it -> it.isValid(clock.instant()));
    if (valid.isPresent()) {
      return Caller.of(valid.get());
    }
    count(address);
    throw refused(
        token.isEmpty() ? "the token is not one of this workspace" : why(token.get()), challenge);
  }

  private static String why(Token token) {
    return token.revokedAt() != null
        ? "the token `" + token.name() + "` was revoked at " + token.revokedAt()
        : "the token `" + token.name() + "` expired at " + token.expiresAt();
  }

  private static Optional<String> secret(String authorization, boolean isBasicAllowed) {
    var parts = authorization.strip().split("\\s+", 2);
    if (parts.length == 2 && parts[0].equalsIgnoreCase("Bearer")) {
      return Optional.of(parts[1]);
    }
    if (parts.length == 2 && parts[0].equalsIgnoreCase("Basic") && isBasicAllowed) {
      try {
        var pair = new String(Base64.getDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        var colon = pair.indexOf(':');
        return colon < 0 ? Optional.empty() : Optional.of(pair.substring(colon + 1));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private void count(InetAddress address) {
    var now = clock.instant().getEpochSecond();
    if (attempts.size() > MAX_ADDRESSES) {
      attempts.values().removeIf(it -> now - it.at() > ATTEMPTS);
    }
    var after =
        attempts.merge(
            address,
            new Attempts(ATTEMPTS - 1, now),
            (before, _) ->
                new Attempts(
                    Math.max(-1, Math.min(ATTEMPTS, before.left() + now - before.at()) - 1), now));
    if (after.left() < 0) {
      throw new ServerException(
          Problem.of(ServerCode.TOO_MANY_ATTEMPTS, "too many wrong tokens came from this address"),
          JsonObject.EMPTY,
          Map.of("Retry-After", "1"),
          null);
    }
  }

  private static ServerException refused(String what, String challenge) {
    return new ServerException(
        Problem.of(ServerCode.UNAUTHENTICATED, what)
            .hint(
                challenge.startsWith("Basic")
                    ? "log in with any user name and a token of `terroir token create` as the"
                        + " password"
                    : "send a token of `terroir token create` as `Authorization: Bearer …`;"
                        + " `terroir login` keeps one for the command line"),
        JsonObject.EMPTY,
        Map.of("WWW-Authenticate", challenge),
        null);
  }
}
