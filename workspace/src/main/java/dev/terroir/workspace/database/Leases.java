package dev.terroir.workspace.database;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/// What one at a time may do, among all processes that share a database: who holds a lease does it,
/// and renews it meanwhile; when a holder dies, the lease ends by itself and another takes it.
///
/// Whether a lease has ended is judged by the database's clock alone, so that machines whose clocks
/// differ agree. A holder that was held up, by its machine for instance, may believe for a moment
/// in a lease that has ended: what must not happen twice is written in a [Database#transaction]
/// that asks [#holder] first. Safe for any number of threads.
///
/// @since 0.1
public final class Leases {
  /// Of one width, so that texts compare as times do.
  private static final DateTimeFormatter FORM =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final Database database;

  /// @param database the workspace's
  public Leases(Database database) {
    this.database = database;
  }

  /// Who has a lease.
  ///
  /// @param owner as it named itself
  /// @param until when it ends unless it is renewed, by the database's clock
  public record Holder(String owner, Instant until) {}

  /// Takes a lease that nobody holds, or whose holder let it end. The one who holds it already has
  /// it for the new time.
  ///
  /// @param name of what one at a time does
  /// @param owner names one process, in one start of it: two that call themselves alike are one
  /// @param time until it ends, unless it is renewed
  /// @return whether `owner` holds it now
  public boolean tryAcquire(String name, String owner, Duration time) {
    check(time);
    return database.transaction(() -> {
      var now = database.now();
      var held = held(name, now);
      if (held.isPresent() && !held.get().owner().equals(owner)) {
        return false;
      }
      database.update(
          "INSERT INTO lease (name, owner, until) VALUES (?, ?, ?)"
              + " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until",
          name,
          owner,
          FORM.format(now.plus(time)));
      return true;
    });
  }

  /// Holds a lease for longer.
  ///
  /// @param time from now
  /// @return whether `owner` holds it; one that has ended is not renewed, even if nobody took it
  public boolean renew(String name, String owner, Duration time) {
    check(time);
    return database.transaction(() -> {
      var now = database.now();
      var isHeld = held(name, now).filter(holder -> holder.owner().equals(owner)).isPresent();
      if (isHeld) {
        database.update(
            "UPDATE lease SET until = ? WHERE name = ?", FORM.format(now.plus(time)), name);
      }
      return isHeld;
    });
  }

  /// Gives a lease back before its end.
  ///
  /// @return whether `owner` still held it
  public boolean release(String name, String owner) {
    return database.transaction(() -> {
      var isHeld =
          held(name, database.now()).filter(holder -> holder.owner().equals(owner)).isPresent();
      if (isHeld) {
        database.update("DELETE FROM lease WHERE name = ?", name);
      }
      return isHeld;
    });
  }

  /// Ends a lease, whoever holds it: for who knows that the holder is dead.
  public void end(String name) {
    database.update("DELETE FROM lease WHERE name = ?", name);
  }

  /// Who holds a lease now.
  public Optional<Holder> holder(String name) {
    return held(name, database.now());
  }

  private Optional<Holder> held(String name, Instant now) {
    return database
        .first(
            "SELECT owner, until FROM lease WHERE name = ?",
            row -> new Holder(row.getString(1), Instant.parse(row.getString(2))),
            name)
        .filter(holder -> holder.until().isAfter(now));
  }

  private static void check(Duration time) {
    if (!time.isPositive()) {
      throw new IllegalArgumentException("a lease lasts " + time);
    }
  }
}
