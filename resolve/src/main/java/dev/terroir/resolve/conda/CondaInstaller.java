package dev.terroir.resolve.conda;

import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaJson;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Makes prefixes of conda packages with rattler. Immutable and thread-safe.
///
/// @since 0.1
public final class CondaInstaller {
  private final Rattler rattler;
  private final CondaAccess access;
  private final CondaOptions options;

  /// @param access the user's channels and credentials
  public CondaInstaller(Rattler rattler, CondaAccess access, CondaOptions options) {
    this.rattler = rattler;
    this.access = access;
    this.options = options;
  }

  /// Fetches a lock's conda packages and links them into a prefix. Only link scripts that the
  /// workspace allows are run.
  ///
  /// @param prefix made when it is not there
  /// @return names of packages whose link scripts were not run
  /// @throws ResolveException codes `channel-unreachable`, `hash-mismatch`, `conda-archive`,
  ///   `link-script`
  public List<String> install(Lock lock, Path prefix, Progress progress) {
    var packages = lock.conda().packages();
    packages.forEach(CondaInstaller::check);
    new PackageContents(access, rattler).check(packages, progress);
    var request =
        access
            .fetching(packages.stream().map(CondaPackage::channel).distinct().toList())
            .toBuilder()
            .put("operation", "install")
            .put("prefix", prefix.toString())
            .put("subdir", CondaSolver.subdir(lock.platform()))
            .put(
                "records",
                new JsonValue.JsonArray(
                    packages.stream().<JsonValue>map(CondaJson::packageJson).toList()))
            .put(
                "specs",
                lock.conda().specs().stream().filter(spec -> !spec.contains("://")).toList())
            .put("linkScripts", options.linkScripts())
            .build();
    return rattler
        .call(request, "the conda packages cannot be installed", List.of(), progress)
        .strings("skippedLinkScripts");
  }

  /// rattler says only that a file is missing; here it is told which package's.
  private static void check(CondaPackage item) {
    if (item.url().startsWith("file:") && !Files.isRegularFile(Path.of(URI.create(item.url())))) {
      throw new ResolveException(
          Problem.of(
                  ResolveCode.CHANNEL_UNREACHABLE,
                  "the archive of " + item.title() + " is not there any more")
              .because("the lock names " + item.url())
              .hint(
                  "bring the channel back, or lock anew with `terroir environment lock --update`"));
    }
  }
}
