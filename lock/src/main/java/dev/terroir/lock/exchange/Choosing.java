package dev.terroir.lock.exchange;

import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.lock.LockCode;
import dev.terroir.lock.LockException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Chooses an environment and a platform of a document.
///
/// @param document which has them
/// @param source what messages call its file
record Choosing(LockDocument document, String source) {
  LockExchange.Choice choice(@Nullable String environment, @Nullable String platform) {
    var chosen = environment;
    if (chosen == null) {
      chosen =
          document
              .environment(LockDocument.DEFAULT)
              .or(() -> document.environment(LockDocument.MAIN))
              .or(() ->
                  document.environments().size() == 1
                      ? Optional.of(document.environments().getFirst())
                      : Optional.empty())
              .map(LockDocument.EnvironmentEntry::name)
              .orElse(null);
    }
    if (chosen == null || document.environment(chosen).isEmpty()) {
      throw new LockException(
          Problem.of(
                  LockCode.LOCK_NOT_IMPORTABLE,
                  chosen == null
                      ? "the lock has several environments"
                      : "the lock has no environment `" + chosen + "`")
              .at(Place.of(source))
              .hint(
                  "choose with --environment: "
                      + String.join(
                          ", ",
                          document.environments().stream()
                              .map(LockDocument.EnvironmentEntry::name)
                              .toList())));
    }
    return new LockExchange.Choice(source, chosen, platform(platform));
  }

  private String platform(@Nullable String wanted) {
    var platforms = document.platforms();
    var subdir =
        wanted == null
            ? Subdirs.of(Platform.current())
            : Subdirs.isKnown(wanted) ? wanted : subdirOf(wanted);
    var found =
        platforms.stream()
            .filter(item -> item.name().equals(wanted) || item.subdir().equals(subdir))
            .toList();
    if (found.size() == 1) {
      return found.getFirst().name();
    }
    // A list for one platform says enough by itself.
    if (wanted == null && found.isEmpty() && platforms.size() == 1) {
      return platforms.getFirst().name();
    }
    var exact = found.stream().filter(item -> item.name().equals(wanted)).findFirst();
    if (exact.isPresent()) {
      return exact.get().name();
    }
    var problem =
        Problem.of(
                LockCode.LOCK_NOT_IMPORTABLE,
                found.isEmpty()
                    ? "the lock has nothing for " + (wanted == null ? subdir : wanted)
                    : "the lock has several platforms of `" + subdir + "`")
            .at(Place.of(source));
    throw new LockException(
        platforms.isEmpty()
            ? problem.because("it holds packages for no platform")
            : problem.hint(
                "choose with --platform: "
                    + String.join(
                        ", ", platforms.stream().map(LockDocument.PlatformEntry::name).toList())));
  }

  private String subdirOf(String wanted) {
    return document.platform(wanted).isPresent() ? wanted : Subdirs.of(Platform.parse(wanted));
  }
}
