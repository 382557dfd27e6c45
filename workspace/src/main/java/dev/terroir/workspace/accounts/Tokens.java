package dev.terroir.workspace.accounts;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.workspace.database.Database;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The tokens of a workspace. Kept is the SHA-256 of a secret alone: it is 256 random bits, so that
/// nothing slower is needed to keep it from being guessed. Safe for any number of threads.
///
/// @since 0.1
public final class Tokens {
  /// What every secret begins with, so that scanners of sources find one.
  public static final String PREFIX = "terroir_";

  /// How exactly the last use is known; a finer time would write at every request.
  private static final Duration USE = Duration.ofMinutes(1);

  private static final String SELECT =
      "SELECT id, name, role, run_id, created_at, expires_at, revoked_at, last_used_at, hash"
          + " FROM access_token";

  private final Database database;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  /// Tokens whose last use is being written.
  private final Set<String> writing = ConcurrentHashMap.newKeySet();

  /// @param database the workspace's
  public Tokens(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
  }

  /// A new token.
  ///
  /// @param secret what its holder shows; known here and nowhere else
  public record Made(Token token, String secret) {
    @Override
    public String toString() {
      return token.toString();
    }
  }

  /// Makes a token.
  ///
  /// @param lifetime until it expires, or null for never
  /// @param runId the run that it is bound to, or null
  public Made create(String name, Role role, @Nullable Duration lifetime, @Nullable String runId) {
    var bytes = new byte[32];
    random.nextBytes(bytes);
    var secret = PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    var idBytes = new byte[8];
    random.nextBytes(idBytes);
    var now = now();
    var token =
        new Token(
            HexFormat.of().formatHex(idBytes),
            name,
            role,
            runId,
            now.toString(),
            lifetime == null ? null : now.plus(lifetime).toString(),
            null,
            null);
    database.update(
        "INSERT INTO access_token (id, hash, name, role, run_id, created_at, expires_at)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?)",
        token.id(),
        Sha256.of(secret).hex(),
        name,
        role.id(),
        runId,
        token.createdAt(),
        token.expiresAt());
    return new Made(token, secret);
  }

  /// Makes a token of a secret that is kept in a file of its owner, in place of the one that was
  /// made so before.
  ///
  /// @param name of such tokens alone
  public Made replace(String name, Role role) {
    return database.transaction(() -> {
      database.update("DELETE FROM access_token WHERE name = ?", name);
      return create(name, role, null, null);
    });
  }

  /// The token whose secret is shown, used now; also one that is expired or revoked.
  public Optional<Token> find(String secret) {
    if (!secret.startsWith(PREFIX)) {
      return Optional.empty();
    }
    var hash = Sha256.of(secret).hex();
    record Row(Token token, String hash) {}
    var found =
        database
            .first(SELECT + " WHERE hash = ?", row -> new Row(read(row), row.getString(9)), hash)
            // Equal by the index already; compared again in constant time.
            .filter(row -> isEqual(row.hash(), hash))
            .map(Row::token);
    found.filter(token -> token.isValid(clock.instant())).ifPresent(this::use);
    return found;
  }

  private static boolean isEqual(String left, String right) {
    return MessageDigest.isEqual(
        left.getBytes(StandardCharsets.US_ASCII), right.getBytes(StandardCharsets.US_ASCII));
  }

  private void use(Token token) {
    var now = now();
    var last = token.lastUsedAt();
    var isDue = last == null || Instant.parse(last).plus(USE).isBefore(now);
    // One of many callers with a token writes; the others need not wait for the disk.
    if (isDue && writing.add(token.id())) {
      try {
        database.update(
            "UPDATE access_token SET last_used_at = ? WHERE id = ?", now.toString(), token.id());
      } finally {
        writing.remove(token.id());
      }
    }
  }

  /// All tokens, those of runs left out, in the order made.
  public List<Token> list() {
    return database.query(SELECT + " WHERE run_id IS NULL ORDER BY created_at, id", Tokens::read);
  }

  /// Refuses a token from now on.
  ///
  /// @return whether there is such a token
  public boolean revoke(String id) {
    var known =
        database.first("SELECT id FROM access_token WHERE id = ?", row -> row.getString(1), id);
    database.update(
        "UPDATE access_token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        now().toString(),
        id);
    return known.isPresent();
  }

  /// Refuses the tokens of a run from now on.
  public void revokeOfRun(String runId) {
    database.update(
        "UPDATE access_token SET revoked_at = ? WHERE run_id = ? AND revoked_at IS NULL",
        now().toString(),
        runId);
  }

  /// The runs that have a token which was not revoked.
  public List<String> runs() {
    return database.query(
        "SELECT DISTINCT run_id FROM access_token WHERE run_id IS NOT NULL AND revoked_at IS NULL"
            + " ORDER BY run_id",
        row -> row.getString(1));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS);
  }

  private static Token read(ResultSet row) throws SQLException {
    return new Token(
        row.getString(1),
        row.getString(2),
        Role.of(row.getString(3)).orElse(Role.READER),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getString(7),
        row.getString(8));
  }
}
