package dev.terroir.lock.exchange;

import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.lock.Lock;
import dev.terroir.lock.LockException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Turns one environment of one platform into a lock, and a lock into a document.
///
/// @since 0.1
public final class LockExchange {
  private LockExchange() {}

  /// What is chosen of a document.
  ///
  /// @param source what messages call its file
  /// @param environment its name
  /// @param platform its name
  public record Choice(String source, String environment, String platform) {}

  /// Chooses an environment and a platform.
  ///
  /// @param source what messages call the file
  /// @param environment a name, or null for the only or the default one
  /// @param platform a platform of the file, a subdir or `os/architecture`; null for this
  ///   machine's, else the only one
  /// @throws LockException code `lock-not-importable`, with the names that would do
  public static Choice choose(
      LockDocument document,
      String source,
      @Nullable String environment,
      @Nullable String platform) {
    return new Choosing(document, source).choice(environment, platform);
  }

  /// A lock that a definition can have.
  ///
  /// @param dependencies what a definition names so that it means exactly these packages
  /// @param lock the lock, its definition hash still empty
  public record Imported(CondaDependencies dependencies, Lock lock) {
    /// The lock of a definition.
    public Lock of(String definitionHash) {
      return new Lock(
          definitionHash,
          lock.platform(),
          lock.pythonVersion(),
          lock.requirements(),
          lock.options(),
          lock.replacements(),
          lock.packages(),
          lock.conda(),
          lock.tools());
    }
  }

  /// Makes a lock of an environment.
  ///
  /// @param base what relative paths in the file are relative to
  /// @param builds makes the wheels of what the file names without an archive
  /// @throws LockException code `lock-not-importable` with every package that stands in the way
  public static Imported toLock(
      LockDocument document, Choice choice, Path base, SourceBuilds builds) {
    return new DocumentLock(document, choice, base, builds).lock();
  }

  /// A lock as a document of one environment and one platform. Its packages stand in an order in
  /// which each comes after those it depends on.
  public static LockDocument ofLock(Lock lock) {
    return LockDocuments.of(lock);
  }
}
