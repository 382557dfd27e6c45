package dev.terroir.workspace.locks;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The locks of a workspace, by definition hash. The first resolution of a definition is kept: the
/// same definition gets the same lock ever after, until an update moves the arrow; older locks
/// stay.
///
/// Layout: `<hash>/<platform>[-py<version>].json` is the current lock,
/// `<hash>/history/<digest>.json` every lock there was; beside a current lock that was taken from
/// another tool's file lies `<platform>.imported` with its digest. Safe for any number of
/// processes.
///
/// @since 0.1
public final class LockStore {
  private static final Duration PATIENCE = Duration.ofMinutes(60);

  private final Path directory;
  private final @Nullable SharedWheels wheels;

  /// Locks of nobody's workspace, whose built wheels are kept by this machine alone.
  ///
  /// @param directory of the locks
  public LockStore(Path directory) {
    this.directory = directory;
    this.wheels = null;
  }

  /// @param directory the workspace's `locks`
  /// @param wheels where the workspace keeps the wheels that were built for them
  public LockStore(Path directory, SharedWheels wheels) {
    this.directory = directory;
    this.wheels = wheels;
  }

  /// A lock and whether it was there before.
  public record Stored(Lock lock, boolean isCached) {}

  /// The current lock of a definition.
  ///
  /// @param hash definition hash
  /// @param pythonVersion `major.minor` when it was given beside the definition, else null
  public Optional<Lock> find(String hash, Platform platform, @Nullable String pythonVersion) {
    var file = file(hash, platform, pythonVersion);
    return Files.isRegularFile(file) ? Optional.of(LockFile.read(file)) : Optional.empty();
  }

  /// The current lock, resolved when there is none. Two processes that need the same one do the
  /// work once. The wheels that were built for it are kept by the workspace and by this machine
  /// then.
  ///
  /// @param update whether to resolve anew in any case
  public Stored get(
      String hash,
      Platform platform,
      @Nullable String pythonVersion,
      boolean update,
      Supplier<Lock> resolve) {
    var stored = stored(hash, platform, pythonVersion, update, resolve);
    exchange(stored.lock());
    return stored;
  }

  private void exchange(Lock lock) {
    if (wheels != null) {
      wheels.exchange(lock);
    }
  }

  private Stored stored(
      String hash,
      Platform platform,
      @Nullable String pythonVersion,
      boolean update,
      Supplier<Lock> resolve) {
    var found = update ? Optional.<Lock>empty() : find(hash, platform, pythonVersion);
    if (found.isPresent()) {
      return new Stored(found.get(), true);
    }
    var file = file(hash, platform, pythonVersion);
    try (var _ = ProcessLock.acquire(file.resolveSibling(file.getFileName() + ".lock"), PATIENCE)) {
      found = update ? Optional.empty() : find(hash, platform, pythonVersion);
      if (found.isPresent()) {
        return new Stored(found.get(), true);
      }
      var lock = resolve.get();
      Trees.delete(mark(file));
      put(lock, file);
      return new Stored(lock, false);
    }
  }

  /// Takes a lock that was made elsewhere as the one of its definition, unless that has another.
  ///
  /// @param update whether it may take the place of another, which stays in the history
  /// @return empty when it is the current lock now; else the one that was left in its place
  public Optional<Lock> adopt(Lock lock, boolean update) {
    var file = file(lock.definitionHash(), lock.platform(), null);
    try (var _ = ProcessLock.acquire(file.resolveSibling(file.getFileName() + ".lock"), PATIENCE)) {
      var found = find(lock.definitionHash(), lock.platform(), null);
      if (found.isPresent() && !found.get().digest().equals(lock.digest()) && !update) {
        return found;
      }
      put(lock, file);
      AtomicFiles.write(mark(file), lock.digest().prefixed() + "\n");
      exchange(lock);
      return Optional.empty();
    }
  }

  /// Whether the current lock of a definition was made elsewhere, so that only an update may move
  /// it.
  ///
  /// @param pythonVersion as for [#find]
  public boolean isImported(String hash, Platform platform, @Nullable String pythonVersion) {
    var file = file(hash, platform, pythonVersion);
    if (!Files.isRegularFile(mark(file))) {
      return false;
    }
    try {
      var digest = Files.readString(mark(file)).strip();
      return find(hash, platform, pythonVersion)
          .filter(lock -> lock.digest().prefixed().equals(digest))
          .isPresent();
    } catch (IOException e) {
      throw FoundationException.ofFile("the locks cannot be read", mark(file), e);
    }
  }

  private static Path mark(Path current) {
    return current.resolveSibling(
        current.getFileName().toString().replaceFirst("\\.json$", ".imported"));
  }

  private void put(Lock lock, Path current) {
    LockFile.write(
        lock,
        directory
            .resolve(lock.definitionHash())
            .resolve("history")
            .resolve(lock.digest().hex() + ".json"));
    LockFile.write(lock, current);
  }

  /// Every lock that a definition ever had, by digest.
  public List<Lock> history(String hash) {
    var folder = directory.resolve(hash).resolve("history");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".json"))
          .filter(file -> !file.getFileName().toString().startsWith("."))
          .sorted()
          .map(LockFile::read)
          .toList();
    } catch (IOException e) {
      throw FoundationException.ofFile("the locks cannot be read", folder, e);
    }
  }

  private Path file(String hash, Platform platform, @Nullable String pythonVersion) {
    var name = platform.toString().replace('/', '-');
    return directory
        .resolve(hash)
        .resolve(name + (pythonVersion == null ? "" : "-py" + pythonVersion) + ".json");
  }
}
