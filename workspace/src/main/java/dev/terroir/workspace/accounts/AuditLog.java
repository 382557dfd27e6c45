package dev.terroir.workspace.accounts;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.workspace.database.Database;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Who did what in a workspace. Entries are only ever added. Safe for any number of threads.
///
/// @since 0.1
public final class AuditLog {
  /// Of one width, so that texts sort as times do.
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final Database database;
  private final Clock clock;
  private final AtomicLong last = new AtomicLong();
  private final String process;

  /// @param database the workspace's
  public AuditLog(Database database, Clock clock) {
    this.database = database;
    this.clock = clock;
    var bytes = new byte[4];
    new SecureRandom().nextBytes(bytes);
    this.process = HexFormat.of().formatHex(bytes);
  }

  /// Something that somebody did.
  ///
  /// @param id sorts by time
  /// @param at when: UTC, ISO 8601
  /// @param actor the name of the token and its id
  /// @param action such as `environment.register`
  /// @param subject of what
  /// @param requestId the request that asked for it
  public record Entry(
      String id, String at, String actor, String action, String subject, String requestId) {
    /// As it is listed.
    public JsonObject toJson() {
      return JsonObject.builder()
          .put("id", id)
          .put("at", at)
          .put("actor", actor)
          .put("action", action)
          .put("subject", subject)
          .put("requestId", requestId)
          .build();
    }
  }

  /// Adds an entry.
  public void add(String actor, String action, String subject, String requestId) {
    var now = clock.millis();
    // Two of one millisecond keep their order.
    var number = last.updateAndGet(before -> Math.max(before + 1, now * 1000));
    database.update(
        "INSERT INTO audit (id, at, actor, action, subject, document) VALUES (?, ?, ?, ?, ?, ?)",
        String.format(java.util.Locale.ROOT, "%019d-%s", number, process),
        TIME.format(clock.instant()),
        actor,
        action,
        subject,
        JsonWriter.compact(JsonObject.builder().put("requestId", requestId).build()));
  }

  /// Entries, newest first.
  ///
  /// @param before the id after which the page begins, or null for the first one
  public List<Entry> list(@Nullable String before, int limit) {
    return database.query(
        "SELECT id, at, actor, action, subject, document FROM audit WHERE id < ?"
            + " ORDER BY id DESC LIMIT ?",
        row ->
            new Entry(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                JsonReader.parseObject(row.getString(6), "the audit log")
                    .optionalString("requestId")
                    .orElse("")),
        before == null ? "9999" : before,
        (long) limit);
  }
}
