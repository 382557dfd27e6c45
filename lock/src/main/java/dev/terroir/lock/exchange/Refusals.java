package dev.terroir.lock.exchange;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What stands in the way of a lock, collected, so that all of it is told at once. For one thread.
final class Refusals {
  private static final Pattern WINDOWS = Pattern.compile("[A-Za-z]:[\\\\/].*");

  private final Path base;
  private final List<Problem> problems = new ArrayList<>();

  /// @param base what relative paths are relative to
  Refusals(Path base) {
    this.base = base;
  }

  /// @throws LockException when anything was refused
  void check() {
    if (!problems.isEmpty()) {
      throw new LockException(problems);
    }
  }

  /// Where a relative path leads; null when it is none of this machine.
  @Nullable Path path(String location, String name, Place place) {
    if (WINDOWS.matcher(location).matches() || location.startsWith("\\\\")) {
      refuse("`" + name + "` lies at a path of Windows: `" + location + "`", place);
      return null;
    }
    try {
      return base.resolve(location).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      refuse("`" + name + "` lies at `" + location + "`, which is no path", place);
      return null;
    }
  }

  void refuse(String what, Place place) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place));
  }

  void refuse(String what, Place place, String why) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place).because(why));
  }

  void refuse(String what, Place place, String why, String hint) {
    problems.add(Problem.of(LockCode.LOCK_NOT_IMPORTABLE, what).at(place).because(why).hint(hint));
  }

  @Nullable String digest(@Nullable String text, int digits, String name, Place place) {
    if (text == null || text.matches("[0-9a-fA-F]{" + digits + "}")) {
      return text == null ? null : text.toLowerCase(java.util.Locale.ROOT);
    }
    refuse(
        "`" + text + "` is no digest of `" + name + "`",
        place,
        (digits == 64 ? "SHA-256" : "MD5") + " has " + digits + " hex digits");
    return null;
  }

  /// The URL of a location; null when it is none that can be kept.
  @Nullable String url(String location, String name, Place place) {
    if (location.contains("://")) {
      return Fields.anonymous(location);
    }
    var path = path(location, name, place);
    if (path == null) {
      return null;
    }
    if (!Files.isRegularFile(path)) {
      refuse("`" + name + "` is not where the lock says: `" + path + "` is no file", place);
      return null;
    }
    return "file://" + path.toUri().getRawPath();
  }

  /// The SHA-256 of a local archive that the lock has none of.
  static @Nullable String localDigest(String url) {
    if (!url.startsWith("file:")) {
      return null;
    }
    var path = Path.of(java.net.URI.create(url.replaceFirst("^file:/+", "file:///")));
    if (!Files.isRegularFile(path)) {
      return null;
    }
    try {
      return Sha256.of(path).hex();
    } catch (IOException e) {
      return null;
    }
  }
}
