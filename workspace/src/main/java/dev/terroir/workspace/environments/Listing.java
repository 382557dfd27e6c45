package dev.terroir.workspace.environments;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.json.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.StringJoiner;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The list of environments as JSON text, kept in a file beside the database, because opening the
/// database takes as long as the rest of a command. Safe for any number of processes.
///
/// The kept text counts only while size, time and identity of the database and of its write-ahead
/// log are those it was made from. A file system's clock is coarse: two writes within one tick look
/// alike, so a text is kept only when the last write is a while ago, as git does with its index.
///
/// @since 0.1
public final class Listing {
  private static final String FORMAT = "terroir-listing/1 ";
  private static final Duration TICK = Duration.ofSeconds(1);

  private final @Nullable Path database;
  private final Supplier<EnvironmentRegistry> registry;
  private final Clock clock;

  /// @param database its file, or null for one that is none: nothing tells then whether it changed,
  ///   and no text is kept
  /// @param registry opened only when the kept text does not count
  public Listing(@Nullable Path database, Supplier<EnvironmentRegistry> registry, Clock clock) {
    this.database = database;
    this.registry = registry;
    this.clock = clock;
  }

  /// The definitions of the latest versions, curated ones included, as an array of JSON in the
  /// order of names.
  public String json() {
    var stamp = stamp();
    var file = database == null ? null : database.resolveSibling("listing.cache");
    if (stamp != null && file != null) {
      var kept = kept(file, stamp);
      if (kept != null) {
        return kept;
      }
    }
    // A text and no tree: reading fifty definitions takes 35 ms.
    var texts = new StringJoiner(",", "[", "]");
    registry.get().listStored().forEach(item -> texts.add(item.definition()));
    var json = JsonWriter.relaid(texts.toString(), 2);
    if (stamp != null && file != null && stamp.equals(stamp())) {
      keep(file, stamp, json);
    }
    return json;
  }

  private static @Nullable String kept(Path file, String stamp) {
    try {
      var text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      return text.startsWith(stamp) ? text.substring(stamp.length()) : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static void keep(Path file, String stamp, String json) {
    try {
      AtomicFiles.write(file, stamp + json);
    } catch (FoundationException e) {
      // A disk that is full or not writable only costs the next listing its time.
    }
  }

  /// What the database's files look like, or null when they may change without looking otherwise.
  private @Nullable String stamp() {
    if (database == null) {
      return null;
    }
    var begin = clock.instant().minus(TICK);
    var main = stamp(database, begin);
    var log = stamp(database.resolveSibling(database.getFileName() + "-wal"), begin);
    return main == null || log == null || main.isEmpty()
        ? null
        : FORMAT + CuratedEnvironments.EDITION + " " + main + " " + log + "\n";
  }

  /// An absent and an empty log are one: readers make and remove it.
  private static @Nullable String stamp(Path file, Instant begin) {
    try {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      var time = attributes.lastModifiedTime().toInstant();
      if (attributes.size() == 0) {
        return "";
      }
      return time.isAfter(begin)
          ? null
          : attributes.size()
              + "@"
              + time.getEpochSecond()
              + "."
              + time.getNano()
              + "#"
              + attributes.fileKey();
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      return null;
    }
  }
}
